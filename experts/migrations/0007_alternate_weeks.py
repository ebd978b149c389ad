from datetime import time

from django.db import migrations, models
from django.db.models import F, Q

EVERY = [(1, "every week"), (2, "every second week"), (3, "every third week"), (4, "every fourth week")]


class Migration(migrations.Migration):
    """A stretch of somebody's weeks may hold every second, third or fourth week from one on. What is kept holds every
    week, as it did."""

    dependencies = [("experts", "0006_rows_know_when_they_changed")]

    operations = [
        migrations.RemoveConstraint("weeklyavailability", "availability_within_its_day"),
        migrations.AddField(
            "weeklyavailability",
            "every",
            models.PositiveSmallIntegerField(choices=EVERY, default=1, verbose_name="how often"),
        ),
        migrations.AddField(
            "weeklyavailability", "since", models.DateField(blank=True, null=True, verbose_name="from the week of")
        ),
        migrations.AlterModelOptions(
            "weeklyavailability",
            {
                "ordering": ["expert", "weekday", "start", "since"],
                "verbose_name": "weekly availability",
                "verbose_name_plural": "weekly availability",
            },
        ),
        migrations.AddConstraint(
            "weeklyavailability",
            models.CheckConstraint(
                condition=Q(end__gt=F("start")) | Q(end=time()), name="weeklyavailability_within_its_day"
            ),
        ),
        migrations.AddConstraint(
            "weeklyavailability",
            models.CheckConstraint(
                condition=Q(every=1) | Q(every__in=[2, 3, 4], since__isnull=False),
                name="weeklyavailability_rhythm_has_a_start",
            ),
        ),
        migrations.AddConstraint(
            "weeklyavailability",
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(since__iso_week_day=1), name="weeklyavailability_starts_with_a_week"
            ),
        ),
    ]
