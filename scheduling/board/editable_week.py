"""The week as a coordinator may edit it: every coming session may be moved, and the cases in question are there.

The same reading as a run's (`snapshot.Reader`), less what a run may not touch and what does not matter for one change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone

from cases.models import Case
from experts.models import Institution
from scheduling.board.core.what_if_week import WhatIfWeek
from scheduling.models import Session
from scheduling.problem import snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.problem.snapshot import Snapshot
from scheduling.solver.core import problem as pure

LONGEST_DAYS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class EditableWeek:
    """What was read, the week on which a change is tried out, and the published version that it rests on. `others`
    are the other weeks that were read since for the same subject."""

    seen: Snapshot
    what_if: WhatIfWeek
    version: int
    others: dict[Horizon, EditableWeek] = field(default_factory=dict)

    @property
    def horizon(self) -> Horizon:
        return self.seen.horizon

    def anew(self) -> EditableWeek:
        """The same reading with nothing tried out."""
        what_if = WhatIfWeek(self.seen.problem)
        what_if.broken = self.what_if.broken
        return replace(self, what_if=what_if)


def read(
    institution: Institution,
    moments: Iterable[datetime],
    *,
    cases: Iterable[int] = (),
    again: EditableWeek | None = None,
) -> EditableWeek:
    """The weeks in which these moments lie, with the waiting cases (ids) that the change is about.

    `again` is a reading of a moment ago about the same subject; it serves once more, and what else was read with it.
    """
    now = timezone.now()
    weeks = horizon(institution, [*moments] or [now])
    if again is not None and (known := again if again.horizon == weeks else again.others.get(weeks)):
        return known.anew()
    reader = _Reader([institution], weeks, now)
    reader.wanted = set(cases)
    seen = reader.snapshot(snapshot.NO_NOTICE, pure.Limits())
    found = EditableWeek(seen=seen, what_if=WhatIfWeek(seen.problem), version=seen.base_versions[str(institution.pk)])
    if again is not None:
        again.others[weeks] = found
    return found


def horizon(institution: Institution, moments: Iterable[datetime]) -> Horizon:
    """Whole weeks from the first of these moments to the last."""
    days = sorted(moment.astimezone(institution.tz).date() for moment in moments)
    first = Horizon.around(days[0], 7, institution.tz).first_day
    weeks = (days[-1] - first).days // 7 + 1
    return Horizon(first, min(LONGEST_DAYS, 7 * weeks), institution.tz)


class _Reader(snapshot.Reader):
    wanted: set[int]

    def _admit(self, session: Session, *, complete: bool, stays: bool) -> None:
        if session.start > self.now:
            self.previous[session.pk] = session

    def _waiting(self) -> list[pure.Case]:
        """The cases asked for, whatever holds them back: the services say so in words."""
        rows = Case.objects.waiting().filter(pk__in=self.wanted, team__in=self.teams).select_related("institution")
        return [self._case(case, release=snapshot.submitted(case)) for case in rows.order_by("pk")]
