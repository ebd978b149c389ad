"""Why not? in words: the rules of the funnel, what would help, and the action that applies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case
from experts.models import Expert
from mdt_portal.i18n import clock, phrases
from scheduling.explain import solver_text
from scheduling.explain.why_not import WhyNot, expert_of
from scheduling.problem.core.horizon import Horizon

if TYPE_CHECKING:
    from scheduling.solver.core.plan import Reason
    from scheduling.solver.explain.explain import Remedy, Step

Names = Mapping[tuple[str, int | str], str]

STEPS = {
    "team_meets": gettext_lazy("%(team)s can meet"),
    "too_early": gettext_lazy("From %(release)s on, with notice"),
    "pin_time": gettext_lazy("At the pinned time"),
    "ban_time": gettext_lazy("Not at a forbidden time"),
    "team_busy": gettext_lazy("The team has no other session"),
    "no_room": gettext_lazy("A fitting room is open"),
    "no_room_equipped": gettext_lazy("A room with %(equipment)s is open"),
    "room_booked": gettext_lazy("A fitting room is not booked"),
    "pin_room_closed": gettext_lazy("%(room)s, the pinned room, is open"),
    "pin_room_booked": gettext_lazy("%(room)s, the pinned room, is not booked"),
    "ban_room": gettext_lazy("A room that is not forbidden"),
    "seat_off_duty": gettext_lazy("%(discipline)s: somebody on duty"),
    "seat_busy": gettext_lazy("%(discipline)s: not needed elsewhere"),
    "seat_at_cap": gettext_lazy("%(discipline)s: below the limit of sessions"),
    "ban_expert": gettext_lazy("%(discipline)s: somebody who is not forbidden"),
    "pin_expert": gettext_lazy("%(expert)s, the pinned person, can come"),
    "seats_share_people": gettext_lazy("Enough people and places at once"),
    "after_limit": gettext_lazy("Begins before the limit"),
}
ALWAYS = ("team_meets", "team_busy", "room_booked", "seat_off_duty", "after_limit")
"""Shown though they removed nothing: the reader wants to know that they were tried."""
STEPS_OF = {
    "seat_unavailable": ("seat_off_duty", "seat_busy", "seat_at_cap"),
    **dict.fromkeys(("seat_nobody", "seat_title", "seat_no_time"), ("seat_off_duty",)),
    **dict.fromkeys(("no_room_exists", "no_room_has", "room_never_open"), ("no_room",)),
    "team_never_meets": ("team_meets",),
}
"""The steps behind a reason, where they are not called as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    text: str
    detail: str
    removed: int
    left: int
    percent: int
    decides: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyLine:
    """What would help; `action` is the button's word, `expert` the public id of who is asked or found."""

    remedy: Remedy
    title: str
    detail: str
    action: str
    expert: str


def names(found: WhyNot) -> Names:
    """All names that the explanation speaks of."""
    codes = [step.reason for step in found.steps] + list(found.reasons)
    params: list[Mapping[str, Any]] = [reason.params for reason in codes]
    params += [remedy.params for remedy in found.remedies]
    params += [{"expert": person.expert} for person in found.people]
    return solver_text.names_of([*params, {"discipline": ""}])


def sentences(found: WhyNot, known: Names) -> list[str]:
    """The reasons, each as a sentence."""
    return [
        _reason(reason, known, found.basis.horizon, free_now=found.basis.proposal is None) for reason in found.reasons
    ]


def _reason(reason: Reason, known: Names, horizon: Horizon, *, free_now: bool) -> str:
    if reason.code == "place_missed" and free_now:
        words = solver_text.in_words(reason.params, known, horizon)
        return _("A place is open: %(start)s. The next plan can take it.") % words
    return solver_text.unplaced_text({"code": reason.code, "params": reason.params}, known, horizon)


def steps(found: WhyNot, known: Names) -> list[StepLine]:
    """The funnel; rules that removed nothing are left out, but for the main ones."""
    whole = found.steps[0].left if found.steps else 0
    decisive = _decisive(found)
    return [
        StepLine(
            text=_step(step, known, found.basis.horizon),
            detail=_detail(step, known, found.basis.horizon),
            removed=step.removed,
            left=step.left,
            percent=round(100 * step.left / whole) if whole else 0,
            decides=bool(step.removed) and (step.reason.code, step.reason.seat) in decisive,
        )
        for step in found.steps
        if step.removed or step.reason.code in ALWAYS
    ]


def _decisive(found: WhyNot) -> set[tuple[str, int | None]]:
    """The steps that the reasons name; a seat that is merely unavailable names all of its own."""
    said: set[tuple[str, int | None]] = set()
    for reason in found.reasons:
        codes = STEPS_OF.get(reason.code, (reason.code,))
        said |= {(code, reason.seat) for code in codes}
    return said


def _step(step: Step, known: Names, horizon: Horizon) -> str:
    code, params = step.reason.code, dict(step.reason.params)
    if code == "no_room" and params.get("equipment"):
        code = "no_room_equipped"
    words = solver_text.in_words(params, known, horizon)
    if isinstance(params.get("equipment"), list):
        words["equipment"] = solver_text.equipment_text(params["equipment"])
    return str(STEPS[code]) % words


def _detail(step: Step, known: Names, horizon: Horizon) -> str:
    if step.reason.code == "after_limit" and step.reason.params.get("first_free") is not None:
        words = solver_text.in_words(step.reason.params, known, horizon)
        return _("the first that is left begins %(first_free)s") % words
    return ""


# What would help ------------------------------------------------------------------------------------------------------


def remedies(case: Case, found: WhyNot, known: Names) -> list[RemedyLine]:
    """In the order of the explanation: least late first, then the smallest change."""
    ids = {expert for one in found.remedies if (expert := expert_of(one)) is not None}
    experts: dict[int | None, str] = dict(Expert.objects.filter(pk__in=ids).values_list("pk", "public_id"))
    return [_remedy(case, one, found, known, experts) for one in found.remedies]


def _remedy(case: Case, remedy: Remedy, found: WhyNot, known: Names, experts: Mapping[int | None, str]) -> RemedyLine:
    words = solver_text.in_words({**remedy.params, "start": remedy.start_min}, known, found.basis.horizon)
    if isinstance(remedy.params.get("equipment"), list):
        words["equipment"] = solver_text.equipment_text(remedy.params["equipment"])  # type: ignore[arg-type]
    words |= {"case": case, "team": case.team.name if case.team else ""}
    words["discipline"] = _discipline(case, remedy, found, known)
    title, detail, action = _texts(remedy)
    over = remedy.start_min - found.basis.problem.case_of[case.pk].due_min
    late = _("%(span)s after the limit.") % {"span": clock.span(over)} if remedy.days_late else ""
    text = phrases.sentences(str(detail) % words, late)
    return RemedyLine(
        remedy=remedy,
        title=str(title) % words,
        detail=text,
        action=str(action),
        expert=experts.get(expert_of(remedy), ""),
    )


def _discipline(case: Case, remedy: Remedy, found: WhyNot, known: Names) -> str:
    seats = found.basis.problem.case_of[case.pk].seats
    key = next((seat.discipline for seat in seats if seat.id == remedy.seat), "")
    return known.get(("discipline", key), key)


def _texts(remedy: Remedy) -> tuple[str, str, str]:
    """Title, detail and the button's word."""
    return {
        "open_place": (
            _("A place is open"),
            _("It could begin %(start)s. The next plan can take it."),
            _("Plan again"),
        ),
        "drop_constraints": (
            _("Withdraw the pins and bans of %(case)s"),
            _("Then it can begin %(start)s."),
            _("Withdraw"),
        ),
        "ask_expert": (
            _("Ask %(expert)s to come although off duty"),
            _("It could begin %(start)s. Nothing is planned before they agree."),
            _("Ask"),
        ),
        "relax_room": (_("Do without %(equipment)s"), _("Then it can begin %(start)s."), _("Do without…")),
        "relax_remote": (_("Allow people to join by video"), _("Then it can begin %(start)s."), _("Allow…")),
        "move_others": (
            _("Let a session that is not confirmed give way"),
            _("It could begin %(start)s; the other cases still keep their limits. The next plan does it."),
            _("Plan again"),
        ),
        "relax_seat": (
            _("%(discipline)s: accept a lower title"),
            _("%(expert)s could come; it can begin %(start)s. The reason is kept."),
            _("Accept…"),
        ),
        "open_block": (
            _("Open an extra block for %(team)s"),
            _("It could begin %(start)s; people and a room are free then."),
            _("Open…"),
        ),
        "extend_limit": (
            _("Extend the limit to its place"),
            _("It keeps its place, %(start)s, and is no longer late. The reason is kept."),
            _("Extend…"),
        ),
    }[remedy.code]
