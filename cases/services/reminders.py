"""Reminders of what holds cases back: one mail per referrer lists what is missing; nobody gets two a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from cases.models import Case
from cases.selectors import case_queue
from mdt_portal import audit, outbox
from mdt_portal.channels import mail
from mdt_portal.i18n import clock
from mdt_portal.i18n.phrases import listed
from mdt_portal.models import AuditEvent, User

QUIET = timedelta(hours=12)


@dataclass(slots=True)
class Reminded:
    """What became of each case: its referrer is asked, was asked already, or there is nothing (or nobody) to ask."""

    sent: list[Case] = field(default_factory=list)
    quiet: list[Case] = field(default_factory=list)
    complete: list[Case] = field(default_factory=list)


@transaction.atomic
def remind(cases: Iterable[Case], *, by: User | None) -> Reminded:
    """Ask the referrers for what is missing. One mail per referrer."""
    rows = list(
        case_queue.rows(Case.objects.filter(pk__in=[case.pk for case in cases]).select_for_update(of=("self",)))
    )
    since = timezone.now() - QUIET
    recent = set(
        AuditEvent.objects.filter(
            action="case.reminded", subject_type="cases.case", subject_id__in=[case.pk for case in rows], at__gt=since
        ).values_list("subject_id", flat=True)
    )
    done = Reminded()
    owned: dict[int, list[int]] = defaultdict(list)
    for case in rows:
        if not missing(case) or case.referrer_id is None:
            done.complete.append(case)
        elif case.pk in recent:
            done.quiet.append(case)
        else:
            done.sent.append(case)
            owned[case.referrer_id].append(case.pk)
            audit.record("case.reminded", by=by, subject=case)
    for referrer, mine in owned.items():
        outbox.put("case.reminded", user=referrer, cases=mine)
    return done


def missing(case: Case) -> str:
    """What the referrer owes, in words: facts or materials. The case comes from `case_queue.rows`."""
    return case_queue.missing_facts(case) or case_queue.names(case.missing)  # type: ignore[attr-defined]


@outbox.handles("case.reminded")
def mail_referrer(user: int, cases: list[int]) -> None:
    """List what is missing by now; what came meanwhile is left out."""
    person = User.objects.get(pk=user)
    with translation.override(person.language or settings.LANGUAGE_CODE):
        rows = [(case, missing(case)) for case in case_queue.rows(Case.objects.filter(pk__in=cases))]
        owed = [
            {
                "number": case.number,
                "missing": what,
                "due": _limit(case),
                "url": settings.MDT_PUBLIC_URL + reverse("case", args=[case.public_id]),
            }
            for case, what in rows
            if what
        ]
        if owed:
            words = {"owed": owed, "name": str(person), "numbers": listed(row["number"] for row in owed)}
            mail.send_template("missing", to=person.email, user=person, words=words)


def _limit(case: Case) -> dict[str, str] | None:
    if case.due_at is None:
        return None
    due = case.due_at.astimezone(case.institution.tz)
    return {"day": clock.day(due.date()), "hour": clock.hour(due)}
