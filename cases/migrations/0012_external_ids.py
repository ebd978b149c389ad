import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Other programs find a case by their own id for it."""

    dependencies = [("cases", "0011_rows_know_when_they_changed"), ("experts", "0006_rows_know_when_they_changed")]

    operations = [
        migrations.CreateModel(
            name="ExternalId",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("system", models.CharField(blank=True, max_length=120, verbose_name="other program")),
                ("value", models.CharField(max_length=120, verbose_name="its id")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="external_ids", to="cases.case"
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="experts.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "external id of a case",
                "verbose_name_plural": "external ids of cases",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("institution", "system", "value"), name="external_id_once_per_program"
                    )
                ],
            },
        ),
    ]
