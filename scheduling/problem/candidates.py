"""Who could sit where: experts with their disciplines, titles and sites, matched against the places of cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q

from experts.models import Affiliation, Expert, Institution, Qualification
from scheduling.problem.places import CasePlace


@dataclass(slots=True)
class Member:
    """One expert of the pool; `rank` is their highest present title, `sites` the institutions they work at, `until`
    the last day on which they work at any (None: open)."""

    expert: Expert
    until: date | None
    rank: int = 0
    sites: set[int] = field(default_factory=set)


class Pool:
    """The experts of `institutions`, and their alliances' experts who attend remotely, as of one day."""

    def __init__(self, institutions: Iterable[Institution], on: date) -> None:
        self.scope = {institution.pk for institution in institutions}
        alliances = {i.alliance_id for i in institutions if i.alliance_id}
        self.members: dict[int, Member] = {}
        rows = (
            Affiliation.objects.filter(
                Q(until__isnull=True) | Q(until__gte=on), Q(since__isnull=True) | Q(since__lte=on)
            )
            .filter(Q(institution__in=self.scope) | Q(institution__alliance__in=alliances), expert__active=True)
            .order_by("expert_id")
            .values_list("expert_id", "institution_id", "until", "title__rank")
        )
        experts = Expert.objects.in_bulk({expert for expert, *_work in rows})
        for expert, institution, until, rank in rows:
            member = self.members.setdefault(expert, Member(experts[expert], until))
            member.until = max(member.until, until) if member.until and until else None
            member.rank = max(member.rank, rank)
            member.sites.add(institution)
        self._known: dict[tuple[str, str, int, int, bool, bool], tuple[int, ...]] = {}
        self._by_skill: dict[tuple[str, str], list[int]] = defaultdict(list)
        skills = Qualification.objects.filter(expert__in=self.members).order_by("expert_id")
        for expert, discipline, sub in skills.values_list("expert_id", "discipline__key", "sub_specialty"):
            for skill in {(discipline, ""), (discipline, sub)}:
                if not self._by_skill[skill] or self._by_skill[skill][-1] != expert:
                    self._by_skill[skill].append(expert)

    def candidates(self, place: CasePlace, *, site: int, remote_ok: bool, any_title: bool = False) -> tuple[int, ...]:
        """Ids of those who may take the place at `site`, in order.

        Colleagues from elsewhere join by video, and only where nobody at the site itself qualifies twice over:
        a place with two local candidates stays local.
        """
        asked = (place.discipline, place.sub_specialty, place.min_rank, site, remote_ok, any_title)
        if asked not in self._known:  # a hundred cases ask for the same few places
            self._known[asked] = self._find(place, site=site, remote_ok=remote_ok, any_title=any_title)
        return self._known[asked]

    def _find(self, place: CasePlace, *, site: int, remote_ok: bool, any_title: bool) -> tuple[int, ...]:
        skilled = [
            expert
            for expert in self._by_skill[place.discipline, place.sub_specialty]
            if any_title or self.members[expert].rank >= place.min_rank
        ]
        local = tuple(expert for expert in skilled if site in self.members[expert].sites)
        if len(local) >= 2 or not remote_ok:
            return local
        return tuple(
            expert for expert in skilled if site in self.members[expert].sites or self.members[expert].expert.remote
        )
