"""Why a case has another class of rarity than the national list gives to its code."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_external_ids")]

    operations = [
        migrations.AddField(
            "case",
            "rare_reason",
            models.CharField("why another class than the list's", max_length=200, blank=True, default=""),
            preserve_default=False,
        ),
    ]
