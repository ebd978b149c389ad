from django.db import migrations

from mdt_portal.fields import keep_updated_at, updated_at_field


class Migration(migrations.Migration):
    """Lists of the API can be asked for what changed since a moment."""

    dependencies = [("scheduling", "0010_what_was_called_off"), ("mdt_portal", "0004_rows_know_when_they_changed")]

    operations = [
        migrations.AddField("planningrun", "updated_at", updated_at_field()),
        migrations.AddField("session", "updated_at", updated_at_field()),
        migrations.AddField("agendaitem", "updated_at", updated_at_field()),
        migrations.AddField("attendance", "updated_at", updated_at_field()),
        migrations.AddField("invitation", "updated_at", updated_at_field()),
        migrations.AddField("move", "updated_at", updated_at_field()),
        migrations.AddField("room", "updated_at", updated_at_field()),
        migrations.AddField("block", "updated_at", updated_at_field()),
        migrations.AddField("placementconstraint", "updated_at", updated_at_field()),
        migrations.AddField("timerequest", "updated_at", updated_at_field()),
        keep_updated_at(
            "scheduling_planningrun",
            "scheduling_session",
            "scheduling_agendaitem",
            "scheduling_attendance",
            "scheduling_invitation",
            "scheduling_move",
            "scheduling_room",
            "scheduling_block",
            "scheduling_placementconstraint",
            "scheduling_timerequest",
        ),
    ]
