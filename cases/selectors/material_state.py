"""What is missing of a case's materials, and what that means for planning. Reads only.

Incomplete materials hold a routine case back; nothing holds an urgent one. Lead time: the smaller of the hospital's
working days and a quarter of the response limit; 0 if urgent.
"""

from __future__ import annotations

from datetime import datetime

from cases.catalogue.core import requirement
from cases.models import Case, Urgency
from cases.states import MaterialStatus
from experts.availability import working_days


def missing(case: Case) -> list[str]:
    """The codes of what is not at hand; for a case that is not saved, all that its requirement asks for."""
    if case.pk:
        return [item.code for item in case.materials.all() if item.status == MaterialStatus.MISSING]
    answer = requirement.from_json(case.requirement) if case.requirement else None
    return list(answer.materials) if isinstance(answer, requirement.Requirement) else []


def holds_back(case: Case, missing: int) -> bool:
    """Whether `missing` items keep the case out of planning."""
    return missing > 0 and case.urgency == Urgency.ROUTINE


def earliest_meeting(case: Case, complete_at: datetime, *, known: working_days.Calendar | None = None) -> datetime:
    """The first moment at which the case may be discussed when its materials were complete at `complete_at`.

    Pass the hospital's calendar as `known` when many cases are asked about.
    """
    if case.urgency != Urgency.ROUTINE or case.submitted_at is None or case.due_at is None:
        return complete_at
    quarter = (case.due_at - case.submitted_at) / 4
    lead_days = case.institution.materials_lead_days
    return min(
        complete_at + quarter, working_days.add_working_days(case.institution, complete_at, lead_days, known=known)
    )
