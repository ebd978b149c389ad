"""Hours may end at midnight or beyond it, a leave may be for some hours of each day, on-call duty names a discipline and
has a public id, and a hospital remembers until which year its holidays were compared with the notice."""

from datetime import time
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import mdt_portal.fields

UNTIL_MIDNIGHT = Q(end__gt=F("start")) | Q(end=time())


def give_ids(apps: Any, _editor: Any) -> None:
    for row in apps.get_model("experts", "OnCallDuty").objects.all():
        row.public_id = mdt_portal.fields.new_public_id()
        row.save(update_fields=["public_id"])


def public_id(**options: Any) -> models.CharField:
    return models.CharField(default=mdt_portal.fields.new_public_id, editable=False, max_length=16, **options)


def of_duty(model: str, words: str) -> models.ForeignKey:
    return models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="on_call_duties",
        to=model,
        verbose_name=words,
    )


class Migration(migrations.Migration):
    dependencies = [("experts", "0004_one_expert_per_email")]
    operations = [
        migrations.RemoveConstraint("availabilityexception", "exception_end_after_start"),
        migrations.RemoveConstraint("openinghours", "opening_hours_end_after_start"),
        migrations.RemoveConstraint("weeklyavailability", "availability_end_after_start"),
        migrations.AddField(
            "institution",
            "holidays_checked",
            models.PositiveSmallIntegerField(default=0, verbose_name="holidays compared with the notice until"),
        ),
        migrations.AddField("leave", "start", models.TimeField(blank=True, null=True, verbose_name="from")),
        migrations.AddField("leave", "end", models.TimeField(blank=True, null=True, verbose_name="to")),
        migrations.AddField("oncallduty", "discipline", of_duty("experts.discipline", "discipline")),
        migrations.AlterField("oncallduty", "disease_group", of_duty("experts.diseasegroup", "disease group")),
        migrations.AddField("oncallduty", "public_id", public_id(null=True)),
        migrations.RunPython(give_ids, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField("oncallduty", "public_id", public_id(unique=True)),
        migrations.AddConstraint(
            "availabilityexception",
            models.CheckConstraint(condition=~Q(end=F("start")) | Q(end=time()), name="exception_lasts_some_time"),
        ),
        migrations.AddConstraint(
            "leave",
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True)
                | (Q(start__isnull=False, end__isnull=False) & (~Q(end=F("start")) | Q(end=time()))),
                name="leave_has_both_hours_or_none",
            ),
        ),
        migrations.AddConstraint(
            "oncallduty",
            models.CheckConstraint(
                condition=Q(disease_group__isnull=True) | Q(discipline__isnull=True),
                name="duty_of_group_or_discipline",
            ),
        ),
        migrations.AddConstraint(
            "openinghours", models.CheckConstraint(condition=UNTIL_MIDNIGHT, name="opening_hours_within_their_day")
        ),
        migrations.AddConstraint(
            "weeklyavailability",
            models.CheckConstraint(condition=UNTIL_MIDNIGHT, name="availability_within_its_day"),
        ),
    ]
