"""The places of a case: its required seats and its optional ones, numbered from 1 as in the solver's problem."""

from __future__ import annotations

from dataclasses import dataclass

from cases.catalogue.core import requirement
from cases.models import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePlace:
    """One seat of a requirement; `id` is unique in its case. `discipline` is a key, `min_rank` 0-4."""

    id: int
    discipline: str
    min_rank: int = 0
    sub_specialty: str = ""
    optional: bool = False


def places(case: Case) -> list[CasePlace]:
    """All places that the case's frozen requirement asks for; a count of two makes two places."""
    answer = requirement.from_json(case.requirement or {})
    if not isinstance(answer, requirement.Requirement):
        return []
    needs = [need for need in answer.seats for _ in range(need.count)]
    required = [
        CasePlace(id=number, discipline=need.discipline, min_rank=need.min_rank, sub_specialty=need.sub_specialty)
        for number, need in enumerate(needs, start=1)
    ]
    welcome = [
        CasePlace(id=number, discipline=discipline, optional=True)
        for number, discipline in enumerate(answer.optional, start=len(required) + 1)
    ]
    return required + welcome
