"""The published plan as it stands, and one case that asks for a place in it. Reads only.

A run may move what is published; a promise may not. So whatever keeps the rules stays where it is, and the rest (a
session with an open seat, one that a leave has hit) only occupies its people, its room and its team.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from cases.models import Case
from cases.selectors import material_state
from scheduling.models import PlacementConstraint, Session
from scheduling.problem import snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.problem.snapshot import Snapshot
from scheduling.solver.core import problem as pure

UNSAVED = 0
"""The solver's id of a case that is not saved yet."""

SOON_DAYS, MOST_DAYS = 14, 28
"""How far one looks at first, and at most, counted from the present Monday."""


def around(
    case: Case, *, days: int = MOST_DAYS, now: datetime | None = None, notice: timedelta = snapshot.NOTICE
) -> Snapshot:
    """The published weeks of the hospital whose team takes `case` (saved or not), and that case."""
    assert case.team is not None, "a case that asks for a time has a team"
    now = now or timezone.now()
    institution = case.team.institution
    horizon = Horizon.around(now.astimezone(institution.tz).date(), days, institution.tz)
    with _one_state():
        return _SingleCaseReader(case, horizon, now).snapshot(notice, pure.Limits())


@contextmanager
def _one_state() -> Iterator[None]:
    """All reads inside see one state of the database; within a service's transaction, what its locks keep still."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        snapshot.repeatable_read()
        yield


class _SingleCaseReader(snapshot.Reader):
    calm = False  # whoever chooses a time sees how soon it is

    def __init__(self, case: Case, horizon: Horizon, now: datetime) -> None:
        assert case.team is not None
        self.case = case
        super().__init__([case.team.institution], horizon, now)

    def _admit(self, session: Session, *, complete: bool, stays: bool) -> None:
        if complete:
            (self.fixed if stays else self.previous)[session.pk] = session

    def _broken(self, problem: pure.Problem) -> set[int]:
        return snapshot.broken_fixed(replace(problem, fixed=(*problem.fixed, *problem.previous), previous=()))

    def _loosen(self, pk: int) -> None:
        for kind in (self.fixed, self.previous):
            kind.pop(pk, None)

    def _waiting(self) -> list[pure.Case]:
        """The one case: from now on, or when its materials, complete today, give their lead time."""
        case = self.case
        changed = [item.changed_at for item in case.materials.all() if item.changed_at] if case.pk else []
        release = self.now
        if material_state.missing(case):
            release = material_state.earliest_meeting(case, self.now)
        elif changed:
            release = material_state.earliest_meeting(case, max(changed))
        return [replace(self._case(case, release=release), id=case.pk or UNSAVED)]

    def _constraints(self, cases: Iterable[pure.Case]) -> list[PlacementConstraint]:
        return super()._constraints([case for case in cases if case.id == self.case.pk])
