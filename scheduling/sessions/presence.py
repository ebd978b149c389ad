"""Whether the people who came to a meeting were enough for the cases that it discussed: its quorum.

Each required seat of each discussed case wants somebody who came: whoever was put on it, or somebody else of its
discipline, sub-specialty and title. In one case a person fills one seat; in several cases they may fill one in each.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import ngettext, pgettext

from experts.models import Affiliation, Discipline, Qualification
from mdt_portal.i18n import phrases
from scheduling.models import Attendance, Seat, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """`came` people filled the `needed` required seats but those that are `missing`: a discipline's key for each."""

    came: int
    needed: int
    missing: tuple[str, ...]

    @property
    def filled(self) -> int:
        return self.needed - len(self.missing)

    @property
    def met(self) -> bool:
        """Whether it needs no reason that the meeting counts."""
        return self.came > 0 and not self.missing

    def absences(self) -> str:
        """The disciplines of the empty seats in words, or nothing; one query."""
        names = {one.key: one.name for one in Discipline.objects.filter(key__in=self.missing)}
        counted = Counter(names.get(key, key) for key in self.missing)
        seats = [ngettext("%(who)s", "%(who)s (%(n)d cases)", n) % {"who": who, "n": n} for who, n in counted.items()]
        return phrases.labelled(pgettext("seats", "Empty"), phrases.listed(seats)) if seats else ""


def of(session: Session, *, came: Collection[int], discussed: Collection[int]) -> Presence:
    """Who was there against what the cases need. `came` are ids of attendances, `discussed` of cases; three queries."""
    on_record = Q(item__active=True) | ~Q(item__outcome="")
    rows = Seat.objects.filter(on_record, item__session=session, item__case__in=discussed, optional=False)
    by_item: dict[int, list[Seat]] = defaultdict(list)
    for seat in rows.select_related("discipline").order_by("item", "place"):
        by_item[seat.item_id].append(seat)
    people = _people(session, came)
    missing = [key for seats in by_item.values() for key in _unfilled(seats, people)]
    return Presence(came=len(came), needed=sum(map(len, by_item.values())), missing=tuple(missing))


def on_record(session: Session) -> Presence | None:
    """What the record of a meeting says; None without one, and of records that are older than this question."""
    if session.people_came is None:
        return None
    return Presence(
        came=session.people_came, needed=session.seats_needed or 0, missing=tuple(session.seats_missing or ())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Present:
    """Somebody who came: their attendance, highest title on the day, and for what they may sit."""

    attendance: int
    rank: int
    skills: frozenset[tuple[int, str]]

    def fits(self, seat: Seat) -> bool:
        if seat.attendance_id == self.attendance:
            return True
        named = {sub for discipline, sub in self.skills if discipline == seat.discipline_id}
        return bool(named) and self.rank >= seat.min_rank and (not seat.sub_specialty or seat.sub_specialty in named)


def _people(session: Session, came: Collection[int]) -> list[_Present]:
    expert_of: Mapping[int, int] = dict(
        Attendance.objects.filter(pk__in=came, session=session).values_list("pk", "expert_id")
    )
    day = session.start.astimezone(session.institution.tz).date()
    at_work = Affiliation.objects.filter(
        Q(since__isnull=True) | Q(since__lte=day), Q(until__isnull=True) | Q(until__gte=day)
    )
    ranks: dict[int, int] = defaultdict(int)
    for expert, rank in at_work.filter(expert__in=expert_of.values()).values_list("expert_id", "title__rank"):
        ranks[expert] = max(ranks[expert], rank)
    skills: dict[int, set[tuple[int, str]]] = defaultdict(set)
    known = Qualification.objects.filter(expert__in=expert_of.values())
    for expert, discipline, sub in known.values_list("expert_id", "discipline_id", "sub_specialty"):
        skills[expert].add((discipline, sub))
    return [
        _Present(attendance=pk, rank=ranks[expert], skills=frozenset(skills[expert]))
        for pk, expert in sorted(expert_of.items())
    ]


def _unfilled(seats: Sequence[Seat], people: Sequence[_Present]) -> list[str]:
    """The disciplines of the seats of one case that stay empty when as many as can be are filled."""
    sits: dict[int, Seat] = {}

    def seated(seat: Seat, asked: set[int]) -> bool:
        """Whether the seat gets somebody, perhaps because others of the case change their seats."""
        for one in sorted(people, key=lambda one: one.attendance != seat.attendance_id):
            if one.attendance not in asked and one.fits(seat):
                asked.add(one.attendance)
                if one.attendance not in sits or seated(sits[one.attendance], asked):
                    sits[one.attendance] = seat
                    return True
        return False

    in_order = sorted(seats, key=lambda seat: seat.attendance_id is None)  # who has a seat keeps it where it can be
    return [seat.discipline.key for seat in in_order if not seated(seat, set())]
