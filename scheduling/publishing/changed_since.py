"""Who changed what since a plan was computed, in words: why it is no longer one for the present week. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import AuditEvent, User
from mdt_portal.tags import names
from scheduling.models import Invitation, Move, Proposal, Session

MOST = 20
WORDS = {
    "case.booked": gettext_lazy("booked %(what)s"),
    "board.place": gettext_lazy("gave %(what)s a place"),
    "board.move_case": gettext_lazy("moved %(what)s"),
    "board.move_session": gettext_lazy("moved a session with %(what)s"),
    "board.take_off": gettext_lazy("took %(what)s off the board"),
    "board.undo": gettext_lazy("undid a change of %(what)s"),
    "plan.published": gettext_lazy("published plan %(what)s"),
    "session.cancelled": gettext_lazy("called off the session of %(what)s"),
    "session.recorded": gettext_lazy("recorded the session of %(what)s"),
    "seat.filled": gettext_lazy("filled a seat in the session of %(what)s"),
    "invitation.declined": gettext_lazy("declined the session of %(what)s"),
}
"""The actions that raise the published version, as the audit names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSince:
    """`who` is None for what the portal did by itself."""

    at: datetime
    who: User | None
    what: str

    def __str__(self) -> str:
        who = names.plain_name(self.who) if self.who else _("The portal")
        return _("%(who)s %(what)s") % {"who": who, "what": self.what}


def of(proposal: Proposal) -> list[ChangeSince]:
    """What was changed at the plan's hospitals since it was read, the oldest first, at most twenty. Five queries."""
    run = proposal.run
    hospitals = set(run.institutions.values_list("pk", flat=True))
    events = AuditEvent.objects.filter(action__in=WORDS, at__gt=run.started_at or run.created_at).select_related("by")
    rows = list(events.order_by("-at", "-pk")[: 10 * MOST])
    about = {}
    for kind, read in _READERS.items():
        of_kind = [row for row in rows if row.subject_type == kind]
        about |= read(of_kind, hospitals) if of_kind else {}
    found = [
        ChangeSince(at=row.at, who=row.by, what=str(WORDS[row.action]) % {"what": about[row.pk]})
        for row in rows
        if row.pk in about
    ]
    return list(reversed(found[:MOST]))


def text(changes: Iterable[ChangeSince]) -> str:
    """As one line: `Li Wei booked MDT-26-0012; ...`."""
    return phrases.listed(str(one) for one in changes)


# What each action was about, by event --------------------------------------------------------------------------------


def _cases(events: list[AuditEvent], hospitals: set[int]) -> dict[int, str]:
    rows = Case.objects.filter(pk__in=[one.subject_id for one in events], team__institution__in=hospitals).in_bulk()
    return {one.pk: rows[one.subject_id].number for one in events if one.subject_id in rows}


def _moves(events: list[AuditEvent], hospitals: set[int]) -> dict[int, str]:
    rows = Move.objects.filter(pk__in=[one.subject_id for one in events], institution__in=hospitals).in_bulk()
    numbers = Case.objects.in_bulk({pk for one in events for pk in one.params.get("cases", ())})
    return {
        one.pk: phrases.listed(numbers[pk].number for pk in one.params.get("cases", ()) if pk in numbers)
        for one in events
        if one.subject_id in rows
    }


def _plans(events: list[AuditEvent], hospitals: set[int]) -> dict[int, str]:
    rows = Proposal.objects.filter(pk__in=[one.subject_id for one in events], run__institutions__in=hospitals)
    found = rows.select_related("run").defer("plan").distinct().in_bulk()
    return {one.pk: str(found[one.subject_id].run) for one in events if one.subject_id in found}


def _sessions(events: list[AuditEvent], hospitals: set[int]) -> dict[int, str]:
    rows = Session.objects.filter(pk__in=[one.subject_id for one in events], institution__in=hospitals)
    found = rows.select_related("team", "institution").in_bulk()
    return {one.pk: _named(found[one.subject_id]) for one in events if one.subject_id in found}


def _invitations(events: list[AuditEvent], hospitals: set[int]) -> dict[int, str]:
    rows = Invitation.objects.filter(
        pk__in=[one.subject_id for one in events], attendance__session__institution__in=hospitals
    )
    found = rows.select_related("attendance__session__team", "attendance__session__institution").in_bulk()
    return {one.pk: _named(found[one.subject_id].attendance.meeting) for one in events if one.subject_id in found}


def _named(session: Session) -> str:
    start = session.start.astimezone(session.institution.tz)
    return phrases.line(session.team.name, f"{clock.day(start.date())} {clock.hour(start)}")


_READERS: dict[str, Callable[[list[AuditEvent], set[int]], dict[int, str]]] = {
    "cases.case": _cases,
    "scheduling.move": _moves,
    "scheduling.proposal": _plans,
    "scheduling.session": _sessions,
    "scheduling.invitation": _invitations,
}
