from django.db import migrations

from mdt_portal.fields import keep_updated_at, updated_at_field


class Migration(migrations.Migration):
    """Lists of the API can be asked for what changed since a moment."""

    dependencies = [("experts", "0005_hours_past_midnight"), ("mdt_portal", "0004_rows_know_when_they_changed")]

    operations = [
        migrations.AddField("institution", "updated_at", updated_at_field()),
        migrations.AddField("team", "updated_at", updated_at_field()),
        migrations.AddField("expert", "updated_at", updated_at_field()),
        migrations.AddField("discipline", "updated_at", updated_at_field()),
        keep_updated_at(
            "experts_institution",
            "experts_team",
            "experts_expert",
            "experts_discipline",
        ),
    ]
