"""Why waiting cases have no place: what the newest plan of their team's hospital says, in words. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Case
from experts.models import Institution
from mdt_portal.i18n import phrases
from scheduling.explain import solver_text
from scheduling.models import Proposal
from scheduling.problem.core.horizon import Horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The reasons as sentences, and the plan that gave them. `run` is the public id of its run."""

    reasons: tuple[str, ...]
    planned_at: datetime
    run: str

    def __str__(self) -> str:
        return phrases.sentences(*self.reasons)

    @property
    def short(self) -> str:
        """The first reason, and how many there are besides: for a line of a list."""
        first, *others = self.reasons
        if not others:
            return first
        more = ngettext("%(n)d more reason.", "%(n)d more reasons.", len(others)) % {"n": len(others)}
        return phrases.sentences(first, more)


class Newest:
    """The newest plan of each of some hospitals, as far as it is about the cases that it left out. Two queries."""

    def __init__(self, hospitals: set[int]) -> None:
        self._plans = _newest(hospitals)

    def left_out(self) -> Q:
        """The cases that these plans looked at and could not place."""
        found = Q(pk__in=())
        for hospital, plan in self._plans.items():
            cases = [one["case"] for one in plan["plan__unplaced"]]
            looked = Q(evaluated_at=None) | Q(evaluated_at__lte=plan["created_at"])
            found |= looked & Q(team__institution=hospital, pk__in=cases)
        return found

    def why(self, cases: Iterable[Case]) -> dict[int, Why]:
        """The reasons of those that were left out, by case. One query, for the names in them.

        A case that was referred or changed after its plan is not in it; then the plan says nothing about the case.
        """
        left: dict[int, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
        for case in cases:
            plan = self._plans.get(case.team.institution_id) if case.team else None
            if plan and not (case.evaluated_at and case.evaluated_at > plan["created_at"]):
                found = next((one for one in plan["plan__unplaced"] if one["case"] == case.pk), None)
                if found is not None:
                    left[case.pk] = plan, found["reasons"]
        names = solver_text.names_of(
            [reason.get("params", {}) for _plan, reasons in left.values() for reason in reasons]
        )
        return {pk: _in_words(plan, reasons, names) for pk, (plan, reasons) in left.items()}


def why(cases: Iterable[Case]) -> dict[int, Why]:
    """The reasons of those cases that the newest plan left out, by case. The number of queries is constant."""
    waiting = [case for case in cases if case.team is not None]
    return Newest({case.team.institution_id for case in waiting if case.team}).why(waiting)


def _newest(institutions: set[int]) -> dict[int, dict[str, Any]]:
    """The newest proposal of each hospital; of its plan only the part that is needed here."""
    pairs = dict(
        Proposal.objects.filter(run__institutions__in=institutions)
        .order_by("run__institutions", "-pk")
        .distinct("run__institutions")
        .values_list("run__institutions", "pk")
    )
    zone = Institution.objects.filter(runs=OuterRef("run")).order_by("pk").values("zone")[:1]
    rows = (
        Proposal.objects.filter(pk__in=pairs.values())
        .annotate(zone=Subquery(zone))
        .values(
            "pk", "created_at", "zone", "run__public_id", "run__horizon_start", "run__horizon_days", "plan__unplaced"
        )
    )
    plans: dict[int, Any] = {row["pk"]: row for row in rows}
    return {institution: plans[pk] for institution, pk in pairs.items() if pk in plans}


def _in_words(plan: dict[str, Any], reasons: list[dict[str, Any]], names: dict[tuple[str, int | str], str]) -> Why:
    horizon = Horizon.around(plan["run__horizon_start"], plan["run__horizon_days"], ZoneInfo(plan["zone"]))
    said = tuple(solver_text.unplaced_text(reason, names, horizon) for reason in reasons)
    return Why(
        reasons=said or (_("The plan found no place for it."),),
        planned_at=plan["created_at"],
        run=plan["run__public_id"],
    )
