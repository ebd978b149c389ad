"""What pages show of meetings that are over: the record of one, and how they went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Case, Outcome, Recommendation
from mdt_portal import access, shell
from mdt_portal.i18n import clock
from mdt_portal.models import User
from scheduling import permissions
from scheduling.models import Session
from scheduling.selectors import evaluation
from scheduling.sessions import meetings

PERIODS = (30, 90)
GOAL_ON_TIME = 95
GOAL_CARRIED_OUT = 98


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRow:
    """One case of a record. `case` is None where the reader may know only that somebody was on the agenda."""

    number: int
    case: Case | None
    outcome: Outcome
    note: str
    signed: bool
    to_write: bool


def lines(session: Session, user: User) -> list[MeetingRow]:
    """The record, case by case; three queries."""
    items = list(meetings.agenda(session).select_related("case__team__chair", "case__team__institution"))
    cases = [item.case_id for item in items]
    seen = set(access.visible(user, Case.objects.filter(pk__in=cases)).values_list("pk", flat=True))
    signed = set(
        Recommendation.objects.filter(case__in=cases, signed_at__isnull=False).values_list("case_id", flat=True)
    )
    writes = bool(items) and access.can(user, "case.recommend", items[0].case)
    return [
        MeetingRow(
            number=number,
            case=item.case if item.case_id in seen else None,
            outcome=Outcome(item.outcome),
            note=item.note,
            signed=item.case_id in signed,
            to_write=writes and item.outcome == Outcome.DISCUSSED and item.case_id not in signed,
        )
        for number, item in enumerate((item for item in items if item.outcome), start=1)
    ]


# Evaluation -----------------------------------------------------------------------------------------------------------


def period(text: str | None) -> int:
    """The chosen length of time in days."""
    return next((days for days in PERIODS if str(days) == text), PERIODS[0])


def strip(sessions: QuerySet[Session], user: User, *, days: int, now: datetime) -> list[dict[str, Any]]:
    """The figures above the list of past sessions."""
    zone = clock.zone(getattr(shell.home(user), "zone", None))
    found = evaluation.figures(sessions, days=days, now=now, today=now.astimezone(zone).date())
    return [
        {"label": _("Sessions held"), "value": found.held, "note": _("of %(n)d that are over") % {"n": found.over}},
        _share(_("Started on time"), found.on_time, found.held, goal=GOAL_ON_TIME),
        _share(_("Cases discussed"), found.discussed, found.cases),
        _share(_("Recommended by the next working day"), found.in_time, found.wanted),
        _share(_("Plans carried out"), found.carried_out, found.followed_up, goal=GOAL_CARRIED_OUT),
        {
            "label": _("Follow-ups overdue"),
            "value": found.overdue,
            "hue": "declined" if found.overdue else "",
            "note": _("now"),
        },
    ]


def _share(label: str, part: int, whole: int, *, goal: int = 0) -> dict[str, Any]:
    """A part of a whole in percent, with both numbers; a dash while there is nothing to count."""
    if not whole:
        return {"label": label, "value": "—", "note": _("nothing to count yet")}
    percent = 100 * part // whole
    note = _("%(part)d of %(whole)d") % {"part": part, "whole": whole}
    if goal:
        note = _("%(numbers)s, goal %(goal)d %%") % {"numbers": note, "goal": goal}
    return {"label": label, "value": percent, "unit": "%", "note": note, "hue": "pending" if percent < goal else ""}


def start_words(late_min: int | None) -> tuple[str, str]:
    """Hue and words: whether a meeting began on time."""
    if late_min is None:
        return "pending", _("No record yet")
    if late_min == 0:
        return "confirmed", _("On time")
    return "pending", ngettext("%(n)d minute late", "%(n)d minutes late", late_min) % {"n": late_min}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One line of the past sessions."""

    session: Session
    judged: evaluation.Judged
    hue: str
    start: str
    to_record: bool


def rows(sessions: Sequence[Session], user: User, *, now: datetime) -> list[RecordRow]:
    """How each of them went; a constant number of queries."""
    judged = evaluation.of(sessions)
    unrecorded = [one.pk for one in sessions if judged[one.pk].late_min is None]
    mine = set(permissions.recordable(user, Session.objects.filter(pk__in=unrecorded)).values_list("pk", flat=True))
    found = []
    for one in sessions:
        hue, words = start_words(judged[one.pk].late_min)
        to_record = one.pk in mine and meetings.may_be_recorded(one, now)
        found.append(RecordRow(session=one, judged=judged[one.pk], hue=hue, start=words, to_record=to_record))
    return found
