from django.db import migrations

from mdt_portal.fields import keep_updated_at, updated_at_field


class Migration(migrations.Migration):
    """Lists of the API can be asked for what changed since a moment."""

    dependencies = [("cases", "0010_to_decide"), ("mdt_portal", "0004_rows_know_when_they_changed")]

    operations = [
        migrations.AddField("case", "updated_at", updated_at_field()),
        migrations.AddField("materialitem", "updated_at", updated_at_field()),
        migrations.AddField("recommendation", "updated_at", updated_at_field()),
        migrations.AddField("followup", "updated_at", updated_at_field()),
        migrations.AddField("cataloguerule", "updated_at", updated_at_field()),
        keep_updated_at(
            "cases_case",
            "cases_materialitem",
            "cases_recommendation",
            "cases_followup",
            "cases_cataloguerule",
        ),
    ]
