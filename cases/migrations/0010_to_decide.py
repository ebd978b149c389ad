"""A case may stand before the coordinators; emergencies that were only listed go there."""

from django.db import migrations, models
from django.utils.timezone import now

STATUSES = [
    ("draft", "Draft"),
    ("submitted", "Submitted"),
    ("needs_facts", "Facts missing"),
    ("to_decide", "To be decided"),
    ("listed", "Listed only"),
    ("waiting", "Waiting"),
    ("planned", "Planned"),
    ("confirmed", "Confirmed"),
    ("discussed", "Discussed"),
    ("concluded", "Concluded"),
    ("following_up", "In follow-up"),
    ("closed", "Closed"),
    ("withdrawn", "Withdrawn"),
]


def put_emergencies_before_people(apps, schema_editor):
    """What a rule, or no rule, has put on the list is decided by a person; what a person listed stays."""
    cases = apps.get_model("cases", "Case").objects.filter(
        status="listed", urgency="emergency", override__isnull=True
    )
    keys = list(cases.values_list("pk", flat=True))
    cases.update(status="to_decide")
    events = apps.get_model("mdt_portal", "StatusEvent").objects
    events.bulk_create(
        events.model(
            subject_type="cases.case", subject_id=pk, old="listed", new="to_decide", code="case.by_hand", at=now()
        )
        for pk in keys
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_identities_in_doubt"), ("mdt_portal", "0003_audit_action")]

    operations = [
        migrations.AddField("case", "discussion_request", models.JSONField(blank=True, null=True)),
        migrations.AlterField(
            "case", "status", models.CharField("status", choices=STATUSES, default="draft", max_length=14)
        ),
        migrations.RunPython(put_emergencies_before_people, migrations.RunPython.noop),
    ]
