"""What a hospital has not set up, behind the reasons that no other plan could change, in words. Reads only.

The solver says that nobody has time for a seat; here it is found out whether nobody has the discipline, whether no
availability was entered, or whether those people are away. Each gap says where it is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cases.models import Case
from experts import titles
from experts.models import Affiliation, AvailabilityException, ExceptionKind, Expert, Institution, WeeklyAvailability
from mdt_portal.i18n import phrases
from scheduling.explain import solver_text, why_not
from scheduling.models import Block
from scheduling.problem.places import CasePlace, places

if TYPE_CHECKING:
    from scheduling.explain.why_not import WhyNot
    from scheduling.solver.core.plan import Reason

MOST_NAMED = 5
SEATS = ("seat_nobody", "seat_title", "seat_no_time")
ROOMS = ("no_room_exists", "no_room_has", "room_never_open")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupGap:
    """One thing that is not there. `mend` is where: people, time, hours, blocks or rooms.

    `experts` are those of the hospital whose time it is about, `discipline` the key of the seat's.
    """

    code: str
    text: str
    mend: str
    hospital: Institution
    discipline: str = ""
    experts: tuple[Expert, ...] = ()


def of(case: Case, found: WhyNot, known: Mapping[tuple[str, int | str], str]) -> list[SetupGap]:
    """The gaps behind the reasons, each once; empty where another plan could help, or where they were mended since the
    plan in question. The queries are the same for any number of people."""
    assert case.team is not None, "what was explained has a team"
    reasons = [reason for reason in found.reasons if reason.code in (*SEATS, *ROOMS, "team_never_meets")]
    if reasons and found.basis.proposal is not None:
        still = why_not.missing_now(case)
        reasons = [reason for reason in reasons if (reason.code, reason.seat) in still]
    if not reasons:
        return []
    hospital = case.team.institution
    candidates = {seat.id: seat.candidates for seat in found.basis.problem.case_of[case.pk].seats}
    experts = Expert.objects.in_bulk({pk for people in candidates.values() for pk in people})
    seats = {place.id: place for place in places(case)}
    gaps: dict[str, SetupGap] = {}
    for reason in reasons:
        if reason.seat is not None and reason.seat in seats:
            people = [experts[pk] for pk in candidates[reason.seat] if pk in experts]
            gap = _of_seat(reason.code, seats[reason.seat], people, hospital, known)
        elif reason.code == "team_never_meets":
            gap = _of_team(case, hospital)
        else:
            gap = _of_rooms(reason, hospital, found, known)
        gaps.setdefault(gap.text, gap)
    return list(gaps.values())


def _of_seat(
    code: str,
    place: CasePlace,
    people: list[Expert],
    hospital: Institution,
    known: Mapping[tuple[str, int | str], str],
) -> SetupGap:
    words = {
        "hospital": hospital.name,
        "discipline": known.get(("discipline", place.discipline), place.discipline),
        "sub": place.sub_specialty,
        "title": titles.lowest(place.min_rank),
    }
    about: dict[str, object] = {"hospital": hospital, "discipline": place.discipline}
    if code == "seat_no_time":
        return _of_time(people, words, about)
    if code == "seat_title":
        text = _("%(discipline)s: the seat asks for %(title)s, and nobody at %(hospital)s has that title.") % words
    elif place.sub_specialty:
        text = _("Nobody at %(hospital)s may take a seat of %(discipline)s (%(sub)s).") % words
    else:
        text = _("Nobody at %(hospital)s may take a seat of %(discipline)s.") % words
    return SetupGap(code=code, text=text, mend="people", **about)  # type: ignore[arg-type]


def _of_time(people: list[Expert], words: Mapping[str, str], about: dict[str, object]) -> SetupGap:
    """Whether no time was ever entered for these people, or theirs is all taken in these days."""
    silent = _without_availability(people)
    if silent:
        named = phrases.listed(
            [*(one.name for one in silent[:MOST_NAMED]), *(["…"] if len(silent) > MOST_NAMED else [])]
        )
        text = _("%(discipline)s: no availability is entered for %(names)s.") % {**words, "names": named}
    else:
        text = _("%(discipline)s: everybody who may take the seat is away or fully taken in these days.") % words
    work = Affiliation.objects.filter(institution=about["hospital"], expert__in=people)  # type: ignore[misc]
    local = set(work.values_list("expert", flat=True))
    experts = [one for one in silent or people if one.pk in local]
    return SetupGap(
        code="seat_no_time",
        text=text,
        mend="time",
        experts=tuple(experts[:MOST_NAMED]),
        **about,  # type: ignore[arg-type]
    )


def _without_availability(people: Iterable[Expert]) -> list[Expert]:
    ids = [one.pk for one in people]
    entered = set(WeeklyAvailability.objects.filter(expert__in=ids).values_list("expert", flat=True))
    added = AvailabilityException.objects.filter(expert__in=ids, kind=ExceptionKind.ADDS)
    entered |= set(added.values_list("expert", flat=True))
    return [one for one in people if one.pk not in entered]


def _of_team(case: Case, hospital: Institution) -> SetupGap:
    words = {"hospital": hospital.name, "team": case.team.name if case.team else ""}
    if not hospital.opening_hours.exists() and not Block.objects.filter(team=case.team).exists():
        text = _("No opening hours are entered for %(hospital)s, so %(team)s can never meet.") % words
        return SetupGap(code="no_opening_hours", text=text, mend="hours", hospital=hospital)
    text = (
        _("%(team)s has no free time to meet in these days: %(hospital)s is closed, or the team meets already.") % words
    )
    return SetupGap(code="team_never_meets", text=text, mend="blocks", hospital=hospital)


def _of_rooms(
    reason: Reason, hospital: Institution, found: WhyNot, known: Mapping[tuple[str, int | str], str]
) -> SetupGap:
    text = solver_text.unplaced_text({"code": reason.code, "params": reason.params}, known, found.basis.horizon)
    if reason.code == "room_never_open" and not hospital.opening_hours.exists():
        text = _("No opening hours are entered for %(hospital)s, nor for its rooms.") % {"hospital": hospital.name}
    return SetupGap(code=reason.code, text=text, mend="rooms", hospital=hospital)
