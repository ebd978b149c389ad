"""The dialog that moves a case or a session: where to, what that would do, and the action. Also undo.

Dragging ends here too, with the place filled in: nothing is saved before the change was shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from cases.models import Case
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from mdt_portal.web.pages import SignedInRequest, page, say
from scheduling.board import dry_run, moves
from scheduling.board.dry_run import Check, Where
from scheduling.models import Move, Room
from scheduling.selectors import board_cells
from scheduling.selectors.board_cells import BoardCell, BoardCells
from scheduling.selectors.weeks import Week
from scheduling.web.board import move_options, move_outcome
from scheduling.web.board.move_form import ANY_ROOM, MoveForm, Subject, subject_of, value_of, week_of
from scheduling.web.board.move_options import Option, Promised

# Addresses ------------------------------------------------------------------------------------------------------------


@page
@require_GET
def places(request: SignedInRequest) -> HttpResponse:
    """`?case=…|session=…&week=2026-W48`: every cell and session of that week for what is being moved, as JSON."""
    subject = subject_of(request)
    week = Week.parse(request.GET.get("week", "")) or Week.around(timezone.now().date())
    found = board_cells.of(subject.row, subject.institution, week)
    return JsonResponse({"label": subject.label, "refused": found.refused, "places": list(_as_json(found, subject))})


@page
def move(request: SignedInRequest) -> HttpResponse:
    """GET shows what the change would do, POST does it; a refusal comes back as the dialog with its reason."""
    subject = subject_of(request)
    given = request.POST if request.method == "POST" else request.GET
    week = Week.parse(given.get("week", "")) or week_of(subject)
    refused: DomainError | None = None
    if request.method == "POST" and given.get("to"):
        asked = MoveForm.read(given, subject)
        try:
            asked_for = asked.request(
                subject, expected=given.get("fingerprint", ""), acknowledged=bool(given.get("ack"))
            )
            return _done(_message(asked_for.carry_out(by=request.user)))
        except DomainError as error:
            refused = error
    promised = move_options.promised(subject)
    if "week" not in given and promised:
        week = Week.around(promised[0].start.date())
    found = board_cells.of(subject.row, subject.institution, week)
    good = move_options.one_for_each_start(found, subject)
    choices = Choices(subject, found, promised, good)
    asked = MoveForm.read(given, subject, _first_choice(choices, of_week="week" in given))
    return _dialog(request, choices, asked, week, refused=refused)


@page
def undo(request: SignedInRequest, public_id: str) -> HttpResponse:
    found = get_object_or_404(Move.objects.select_related("institution"), public_id=public_id, by=request.user)
    access.require(request.user, "plan.request", [found.institution])
    refused: DomainError | None = None
    if request.method == "POST":
        given = request.POST
        try:
            moves.undo(
                found, by=request.user, expected=given.get("fingerprint", ""), acknowledged=bool(given.get("ack"))
            )
            return _done(_("Undone."))
        except DomainError as error:
            refused = error
    check = dry_run.of_undo(found)
    context = move_outcome.of(check) | {"move": found, "refused": refused, "meanwhile": []}
    return render(request, "scheduling/board/undo.html", context, status=422 if refused else 200)


def _done(text: str) -> HttpResponse:
    return say(HttpResponse(status=204), "ok", text, event="board:changed")


def _message(done: Move) -> str:
    number = moves.notified(done)
    words = ngettext("%(n)d person is told.", "%(n)d people are told.", number) % {"n": number}
    return phrases.sentences(_("Saved: %(what)s.") % {"what": done.get_kind_display()}, words)


def _as_json(found: BoardCells, subject: Subject) -> Any:
    """One line for each place; `cell` is the address on the board, `to` what the dialog is told."""
    for one in (*found.cells, *found.sessions):
        room = one.room.public_id if one.room else "remote"
        cell = f"s|{one.session.public_id}" if one.session else f"r|{room}|{one.day}"
        yield _line(one, cell, value_of(one))
    for one in found.any_room:
        start = f"{one.start:%Y-%m-%dT%H:%M}" if one.start else ""
        yield _line(one, f"t|{subject.team.public_id}|{one.day}", f"new|{start}|{ANY_ROOM}")


def _line(one: BoardCell, cell: str, to: str) -> dict[str, Any]:
    hour = clock.hour(one.start) if one.start else ""
    return {"cell": cell, "level": str(one.level), "time": hour, "text": one.text, "to": to if one.start else ""}


# The dialog -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen: the week's places, the promise's times, and the places that are proposed."""

    subject: Subject
    found: BoardCells
    promised: list[Promised]
    good: list[BoardCell]


def _first_choice(choices: Choices, *, of_week: bool) -> str:
    """The promise's first time, else a free session or place of the week: the other way round where a week was chosen,
    as beside its board. No session too soon is chosen for a routine case."""
    soonest = move_options.not_before(choices.subject)
    in_time = [one for one in choices.found.sessions if one.start and one.start >= soonest]
    places = [value_of(one) for one in (*in_time, *choices.good) if one.free]
    promised = [one.value for one in choices.promised]
    return next(iter(places + promised if of_week else promised + places), "other")


def _dialog(
    request: SignedInRequest, choices: Choices, asked: MoveForm, week: Week, *, refused: DomainError | None = None
) -> HttpResponse:
    subject, found = choices.subject, choices.found
    where = asked.where(subject)
    check = _checked(subject, where, found)
    given = request.POST if request.method == "POST" else request.GET
    stale = isinstance(refused, moves.StaleMove)
    priced = request.headers.get("HX-Target") != "move-result"  # then the places are not looked at
    context = {
        "subject": subject,
        "asked": asked,
        "promised": move_options.of_promise(choices.promised, subject, found, priced=priced),
        "good": move_options.of_week(_shown(choices, asked), subject, found, priced=priced),
        "weeks": move_options.weeks(subject, week),
        "into": [
            Option(value=value_of(one), label=_session_label(one, _cost(subject, one, found) if priced else ""))
            for one in found.sessions
        ],
        "rooms": Room.objects.filter(institution=subject.institution, active=True),
        "may_take_off": subject.case is not None and dry_run.place_of(subject.case) is not None,
        "parts": _parts(request.user, subject),
        "week": week,
        "refused": refused,
        "meanwhile": move_outcome.meanwhile(check, given.get("fingerprint", "")) if stale else [],
        "url": reverse("board_move"),
        "opening": request.headers.get("HX-Target") != "move-form",
    }
    return render(
        request, "scheduling/board/move.html", context | move_outcome.of(check), status=422 if refused else 200
    )


def _checked(subject: Subject, where: Where | None, found: BoardCells) -> Check | None:
    if where is not None and where.session is None and where.start is None:
        return None
    try:
        return moves.check(subject.row, where, again=found.editable)
    except DomainError:
        return None


def _shown(choices: Choices, asked: MoveForm) -> list[BoardCell]:
    """The proposed places but those of the promise, and the one that was chosen on the board."""
    known = {one.value for one in choices.promised}
    good = [one for one in choices.good if value_of(one) not in known]
    chosen = [one for one in choices.found.cells if one.start and value_of(one) == asked.to and one not in good]
    return [*good, *(one for one in chosen if value_of(one) not in known)]


def _cost(subject: Subject, one: BoardCell, found: BoardCells) -> str:
    return move_options.cost(subject, Where(session=one.session), found) if one.free else ""


def _session_label(one: BoardCell, cost: str) -> str:
    assert one.session is not None
    local = one.session.start.astimezone(one.session.institution.tz)
    when = f"{clock.day(local.date())} {clock.hour(local)}"
    return phrases.line(when, one.session.room or _("by video"), cost if one.free else one.text)


def _parts(user: User, subject: Subject) -> list[Option]:
    """The cases of a session, so that one of them can be moved by itself."""
    if subject.session is None:
        return []
    cases = access.visible(user, Case.objects.filter(items__session=subject.session, items__active=True))
    return [Option(value=case.public_id, label=phrases.line(case.number, case.title)) for case in cases.order_by("pk")]
