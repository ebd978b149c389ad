from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_initial")]

    operations = [
        migrations.CreateModel(
            name="DiagnosisName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=8, unique=True, verbose_name="ICD-10 code")),
                ("name_en", models.CharField(blank=True, max_length=240, verbose_name="name (English)")),
                ("name_zh", models.CharField(blank=True, max_length=240, verbose_name="name (Chinese)")),
                ("changed_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
            ],
            options={
                "verbose_name": "name of a diagnosis",
                "verbose_name_plural": "names of diagnoses",
                "ordering": ["code"],
            },
        ),
    ]
