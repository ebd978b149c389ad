"""The dialog that moves a case or a session: where to, what that would do, and the deed. Also undo.

Dragging ends here too, with the place filled in: nothing is saved before the change was shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from cases.models import Case
from experts.models import Discipline, Institution, Team
from mdt_portal import access, clock, phrases
from mdt_portal.errors import DomainError
from mdt_portal.models import User
from mdt_portal.pages import SignedInRequest, page, say
from scheduling import frozen, moves, trials
from scheduling.differences import Change, ChangeKind, compare
from scheduling.judging import Level
from scheduling.models import AgendaItem, Move, Room, Session
from scheduling.pages import spots
from scheduling.pages.review import Row, Words
from scheduling.pages.spots import Place, Places
from scheduling.pages.weeks import Week
from scheduling.states import LIVE_SESSIONS
from scheduling.trials import Check, Where

ANY_ROOM = "*"
REMOTE = ""
KEEP_S = 3600
MOST_GOOD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who takes a seat before and after; no `after` means that it stays open."""

    discipline: Discipline | str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return bool(self.before) and self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is moved: a case, or a whole session. `cases` are those of the session, to be moved one by one instead."""

    case: Case | None
    session: Session | None
    institution: Institution

    @property
    def row(self) -> Case | Session:
        row = self.case or self.session
        assert row is not None
        return row

    @property
    def team(self) -> Team:
        team = self.row.team
        assert team is not None
        return team

    @property
    def query(self) -> str:
        return f"case={self.case.public_id}" if self.case else f"session={self.row.public_id}"

    @property
    def label(self) -> str:
        return self.case.number if self.case else str(self.row.team)


# Addresses ------------------------------------------------------------------------------------------------------------


@page
@require_GET
def places(request: SignedInRequest) -> HttpResponse:
    """`?case=…|session=…&week=2026-W48`: every cell and session of that week for what is being moved, as JSON."""
    subject = _subject(request)
    week = Week.parse(request.GET.get("week", "")) or Week.around(timezone.now().date())
    found = spots.of(subject.row, subject.institution, week)
    return JsonResponse({"label": subject.label, "refused": found.refused, "places": list(_as_json(found, subject))})


@page
def move(request: SignedInRequest) -> HttpResponse:
    """GET shows what the change would do, POST does it; a refusal comes back as the dialog with its reason."""
    subject = _subject(request)
    given = request.POST if request.method == "POST" else request.GET
    week = Week.parse(given.get("week", "")) or _week_of(subject)
    found = spots.of(subject.row, subject.institution, week)
    asked = Asked.read(given, subject, found)
    if request.method != "POST":
        return _dialog(request, subject, found, asked, week)
    try:
        done = asked.carry_out(subject, by=request.user, expected=given.get("seal", ""), ack=bool(given.get("ack")))
    except DomainError as error:
        return _dialog(request, subject, found, asked, week, refused=error)
    return _done(_told(done))


@page
def undo(request: SignedInRequest, public_id: str) -> HttpResponse:
    found = get_object_or_404(Move.objects.select_related("institution"), public_id=public_id, by=request.user)
    access.require(request.user, "plan.request", [found.institution])
    refused: DomainError | None = None
    if request.method == "POST":
        given = request.POST
        try:
            moves.undo(found, by=request.user, expected=given.get("seal", ""), acknowledged=bool(given.get("ack")))
            return _done(_("Undone."))
        except DomainError as error:
            refused = error
    check = trials.of_undo(found)
    context = _outcome(check) | {"move": found, "refused": refused, "meanwhile": []}
    return render(request, "scheduling/board_undo.html", context, status=422 if refused else 200)


def _done(text: str) -> HttpResponse:
    return say(HttpResponse(status=204), "ok", text, event="board:changed")


def _told(done: Move) -> str:
    number = len({pk for side in (done.before, done.after) for s in side["sessions"] for pk in _people(s)})
    words = ngettext("%(n)d person is concerned.", "%(n)d people are concerned.", number) % {"n": number}
    return phrases.sentences(_("Saved: %(what)s.") % {"what": done.get_kind_display()}, words)


def _people(session: dict[str, Any]) -> set[int]:
    return {pk for item in session["cases"] for pk in (*item["seats"].values(), *item["optional"].values())}


# What is asked --------------------------------------------------------------------------------------------------------


def _subject(request: SignedInRequest) -> Subject:
    given = request.POST if request.method == "POST" else request.GET
    if given.get("case"):
        rows = Case.objects.select_related("team__institution")
        case = get_object_or_404(access.visible(request.user, rows), public_id=given["case"], team__isnull=False)
        assert case.team is not None
        subject = Subject(case=case, session=None, institution=case.team.institution)
    else:
        rows_ = Session.objects.live().select_related("team", "institution", "room")
        found = get_object_or_404(access.visible(request.user, rows_), public_id=given.get("session", ""))
        subject = Subject(case=None, session=found, institution=found.institution)
    access.require(request.user, "plan.request", [subject.institution])
    return subject


def _week_of(subject: Subject) -> Week:
    """The week in which it stands now; this week for what has no place."""
    if subject.session:
        at = subject.session.start
    else:
        at = AgendaItem.objects.filter(case=subject.case, active=True).values_list("start", flat=True).first()
    return Week.around((at or timezone.now()).astimezone(subject.institution.tz).date())


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The form: `to` is `new|<local time>|<room>`, `into|<session>`, `other` (then date, time and room), or `off`."""

    to: str
    date: str
    time: str
    room: str

    @classmethod
    def read(cls, given: Any, subject: Subject, found: Places) -> Asked:
        to = given.get("to") or _first_choice(found)
        zone = subject.institution.tz
        start, room = _parse_new(to)
        present = trials.present(subject.row)
        local = start or (present[0].astimezone(zone).replace(tzinfo=None) if present else _morning(zone))
        if to != "other":
            day, hour = f"{local:%Y-%m-%d}", f"{local:%H:%M}"
        else:
            day, hour = given.get("date", f"{local:%Y-%m-%d}"), given.get("time", f"{local:%H:%M}")
            room = given.get("room", ANY_ROOM)
        return cls(to=to, date=day, time=hour, room=room)

    def where(self, subject: Subject) -> Where | None:
        """None takes the case off the board."""
        if self.to == "off":
            return None
        if self.to.startswith("into|"):
            rows = Session.objects.filter(institution=subject.institution, status__in=LIVE_SESSIONS)
            return Where(session=get_object_or_404(rows, public_id=self.to.partition("|")[2]))
        try:
            local = datetime.fromisoformat(f"{self.date}T{self.time}")
        except ValueError:
            return Where()
        start = local.replace(tzinfo=subject.institution.tz)
        if self.room in (ANY_ROOM, REMOTE):
            return Where(start=start, remote=self.room == REMOTE)
        room = get_object_or_404(Room, institution=subject.institution, public_id=self.room)
        return Where(start=start, room=room)

    def carry_out(self, subject: Subject, *, by: User, expected: str, ack: bool) -> Move:
        where = self.where(subject)
        how: dict[str, Any] = {"by": by, "expected": expected, "acknowledged": ack}
        if subject.session is not None:
            return moves.move_session(subject.session, where or Where(), **how)
        assert subject.case is not None
        if where is None:
            return moves.take_off(subject.case, **how)
        verb = moves.place if trials.place_of(subject.case) is None else moves.move_case
        return verb(subject.case, where, **how)


def _morning(zone: ZoneInfo) -> datetime:
    """Tomorrow at nine: where one begins to look when nothing is known."""
    return datetime.combine(timezone.now().astimezone(zone).date() + timedelta(days=1), time(9))


def _parse_new(to: str) -> tuple[datetime | None, str]:
    kind, _sep, rest = to.partition("|")
    if kind != "new":
        return None, ANY_ROOM
    moment, _sep, room = rest.partition("|")
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=None), room
    except ValueError:
        return None, room


def _first_choice(found: Places) -> str:
    for one in (*found.sessions, *found.best(1)):
        if one.free:
            return value_of(one)
    return "other"


def value_of(place: Place) -> str:
    if place.session is not None:
        return f"into|{place.session.public_id}"
    start = f"{place.start:%Y-%m-%dT%H:%M}" if place.start else ""
    return f"new|{start}|{place.room.public_id if place.room else REMOTE}"


def _as_json(found: Places, subject: Subject) -> Any:
    """One line for each place; `cell` is the address on the board, `to` what the dialog is told."""
    for one in (*found.cells, *found.sessions):
        room = one.room.public_id if one.room else "remote"
        cell = f"s|{one.session.public_id}" if one.session else f"r|{room}|{one.day}"
        yield _line(one, cell, value_of(one))
    for one in found.any_room:
        start = f"{one.start:%Y-%m-%dT%H:%M}" if one.start else ""
        yield _line(one, f"t|{subject.team.public_id}|{one.day}", f"new|{start}|{ANY_ROOM}")


def _line(one: Place, cell: str, to: str) -> dict[str, Any]:
    hour = clock.hour(one.start) if one.start else ""
    return {"cell": cell, "level": str(one.level), "time": hour, "text": one.text, "to": to if one.start else ""}


# The dialog -----------------------------------------------------------------------------------------------------------


def _dialog(
    request: SignedInRequest,
    subject: Subject,
    found: Places,
    asked: Asked,
    week: Week,
    *,
    refused: DomainError | None = None,
) -> HttpResponse:
    where = asked.where(subject)
    check = _checked(subject, where)
    given = request.POST if request.method == "POST" else request.GET
    context = {
        "subject": subject,
        "asked": asked,
        "good": [Option(value=value_of(one), label=spots.when(one)) for one in _shown(found, asked)],
        "into": [Option(value=value_of(one), label=_session_label(one)) for one in found.sessions],
        "rooms": Room.objects.filter(institution=subject.institution, active=True),
        "may_take_off": subject.case is not None and trials.place_of(subject.case) is not None,
        "parts": _parts(request.user, subject),
        "week": week,
        "refused": refused,
        "meanwhile": _meanwhile(check, given.get("seal", "")) if isinstance(refused, moves.StaleMove) else [],
        "url": reverse("board_move"),
        "opening": request.headers.get("HX-Target") != "move-form",
    }
    return render(request, "scheduling/board_move.html", context | _outcome(check), status=422 if refused else 200)


def _checked(subject: Subject, where: Where | None) -> Check | None:
    if where is not None and where.session is None and where.start is None:
        return None
    try:
        return moves.check(subject.row, where)
    except DomainError:
        return None


def _shown(found: Places, asked: Asked) -> list[Place]:
    """The earliest free places, and the one that was chosen on the board."""
    best = found.best(MOST_GOOD)
    chosen = [one for one in found.cells if one.start and value_of(one) == asked.to and one not in best]
    return [*best, *chosen]


def _session_label(one: Place) -> str:
    assert one.session is not None
    local = one.session.start.astimezone(one.session.institution.tz)
    when = f"{clock.day(local.date())} {clock.hour(local)}"
    return phrases.line(when, one.session.room or _("by video"), "" if one.free else one.text)


def _parts(user: User, subject: Subject) -> list[Option]:
    """The cases of a session, so that one of them can be moved by itself."""
    if subject.session is None:
        return []
    cases = access.visible(user, Case.objects.filter(items__session=subject.session, items__active=True))
    return [Option(value=case.public_id, label=phrases.line(case.number, case.title)) for case in cases.order_by("pk")]


def _outcome(check: Check | None) -> dict[str, Any]:
    """What a check found, in words; and the week as it was seen, kept for a while, to tell what changed since."""
    if check is None:
        return {"check": None}
    hand = check.hand
    week = frozen.freeze(hand.desk.sessions.values(), hand.horizon)
    cache.set(_kept_key(check, hand.version), week, KEEP_S)
    changes = [change for change in check.changes if change.kind != ChangeKind.SAME]
    words = Words(hand.horizon, changes)
    levels = {finding.level for finding in check.findings}
    return {
        "check": check,
        "findings": check.findings,
        "blocked": Level.BLOCK in levels,
        "wants_word": bool(levels & set(moves.NEEDS_A_WORD)),
        "rows": [words.row(change) for change in changes],
        "told": words.told(),
        "seats": _seats(check, words),
    }


def _seats(check: Check, words: Words) -> list[Seat]:
    """Who sits where in the cases that move; the same seat of several cases counts once."""
    draft = check.draft
    if draft is None:
        return []
    known = {row.key: row for row in Discipline.objects.all()}
    before = {item.case: item for session in draft.before for item in session.cases}
    found: dict[tuple[str, int | None, int | None], Seat] = {}
    for item in (item for session in draft.after for item in session.cases if item.case in draft.cases):
        old = before.get(item.case)
        for place in check.hand.seen.problem.case_of[item.case].seats:
            was, now = (old.seats.get(place.id) if old else None), item.seats.get(place.id)
            found[place.discipline, was, now] = Seat(
                discipline=known.get(place.discipline, place.discipline),
                before=str(words.people[was]) if was in words.people else "",
                after=str(words.people[now]) if now in words.people else "",
            )
    return sorted(found.values(), key=lambda seat: (not seat.changed, bool(seat.after)))


# What changed meanwhile -----------------------------------------------------------------------------------------------


def _kept_key(check: Check, version: int | str) -> str:
    horizon = check.hand.horizon
    return f"board:{check.institution.pk}:{version}:{horizon.first_day}:{horizon.days}"


def _meanwhile(check: Check | None, seal: str) -> list[Row]:
    """What others changed since the dialog was opened; nothing where the earlier week is not kept any more."""
    kept = cache.get(_kept_key(check, seal.partition(".")[0])) if check else None
    if check is None or kept is None:
        return []
    hand = check.hand
    minutes = {case.id: case.duration_min for case in hand.seen.problem.cases}
    then = frozen.thaw(kept, hand.horizon)
    known = [replaced for replaced in then if all(item.case in minutes for item in replaced.cases)]
    changes: list[Change] = compare(known, hand.desk.sessions.values(), minutes, {})
    changed = [change for change in changes if change.kind != ChangeKind.SAME]
    words = Words(hand.horizon, changed)
    return [words.row(change) for change in changed]
