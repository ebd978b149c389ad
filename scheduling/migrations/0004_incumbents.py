import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0003_holds"),
    ]

    operations = [
        migrations.AddField(
            model_name="planningrun",
            name="alternatives",
            field=models.BooleanField(default=False, verbose_name="with alternatives"),
        ),
        migrations.AddField(
            model_name="proposal",
            name="figures",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.CreateModel(
            name="Incumbent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sessions", models.JSONField()),
                ("seconds", models.FloatField(verbose_name="seconds of search behind it")),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="incumbent",
                        to="scheduling.planningrun",
                    ),
                ),
            ],
        ),
    ]
