from datetime import UTC

from django.db import migrations, models


def believe_the_mails(apps, schema_editor):
    """Who was invited before is taken to have been told what is published, unless their message still waits; who is free
    knows it, unless that message waits."""
    Invitation = apps.get_model("scheduling", "Invitation")
    Seat = apps.get_model("scheduling", "Seat")
    waiting = apps.get_model("mdt_portal", "OutboxMessage").objects.filter(
        kind="notification.expert", status="waiting"
    )
    payloads = list(waiting.values_list("payload", flat=True))
    unheard = {pk for one in payloads for key in ("invited", "changed") for pk in one.get(key, ())}
    free = {pk for one in payloads for pk in one.get("released", ())}
    rows = Invitation.objects.filter(attendance__session__isnull=False).exclude(attendance__in=unheard)
    known = rows.filter(attendance__active=True, status__in=["pending", "accepted"]) | rows.filter(attendance__in=free)
    for row in known.select_related("attendance__session").iterator():
        there, session = row.attendance, row.attendance.session
        seats = Seat.objects.filter(attendance=there, item__active=True)
        row.notified = {
            "part": {
                "team": session.team_id,
                "institution": session.institution_id,
                "room": session.room_id if there.mode == "on_site" else None,
                "mode": there.mode,
                "start": _text(there.start),
                "end": _text(there.end),
                "roles": sorted(set(seats.values_list("discipline__key", flat=True))),
            },
            "status": row.status,
            "nonce": row.nonce,
            "highest": row.nonce,
            "answered_at": _text(row.answered_at),
            "answer_by": _text(row.answer_by),
            "reminded_at": _text(row.reminded_at),
        }
        Invitation.objects.filter(pk=row.pk).update(notified=row.notified)


def _text(moment):
    return moment.astimezone(UTC).isoformat() if moment else None


class Migration(migrations.Migration):
    """Each invitation keeps what its expert was last told."""

    dependencies = [("scheduling", "0012_the_quorum_of_a_record"), ("mdt_portal", "0004_rows_know_when_they_changed")]

    operations = [
        migrations.AddField("invitation", "notified", models.JSONField(blank=True, editable=False, null=True)),
        migrations.RunPython(believe_the_mails, migrations.RunPython.noop),
    ]
