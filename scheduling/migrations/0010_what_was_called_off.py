"""A session that was called off keeps its agenda and reason, a published proposal what it changed; and the hours of a
room may end at midnight."""

from datetime import time

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0009_placement_constraints"), ("experts", "0005_hours_past_midnight")]
    operations = [
        migrations.RemoveConstraint("roomhours", "room_hours_end_after_start"),
        migrations.AddConstraint(
            "roomhours",
            models.CheckConstraint(
                condition=Q(end__gt=F("start")) | Q(end=time()), name="room_hours_within_their_day"
            ),
        ),
        migrations.AddField(
            "session",
            "cancel_reason",
            models.CharField(blank=True, max_length=200, verbose_name="reason of the cancellation"),
        ),
        migrations.AddField("agendaitem", "called_off", models.BooleanField(default=False)),
        migrations.AddField("proposal", "changes", models.JSONField(blank=True, null=True)),
    ]
