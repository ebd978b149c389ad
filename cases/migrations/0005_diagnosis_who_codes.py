from django.db import migrations, models


class Migration(migrations.Migration):
    """A hospital's code may be that of a national edition; beside it stands the WHO code that it lies in."""

    dependencies = [("cases", "0004_diagnosis_names")]

    operations = [
        migrations.AlterField(
            model_name="diagnosisname",
            name="code",
            field=models.CharField(max_length=20, unique=True, verbose_name="ICD-10 code"),
        ),
        migrations.AddField(
            model_name="diagnosisname",
            name="who_code",
            field=models.CharField(db_index=True, default="", max_length=8, verbose_name="code of WHO"),
            preserve_default=False,
        ),
    ]
