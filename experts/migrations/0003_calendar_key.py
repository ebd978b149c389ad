from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('experts', '0002_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='expert',
            name='calendar_key',
            field=models.CharField(blank=True, editable=False, max_length=43),
        ),
    ]
