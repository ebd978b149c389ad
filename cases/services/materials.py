"""The checklist of what must be at hand. Incomplete materials hold a routine case back; nothing holds an urgent one.

Lead time (DESIGN): the smaller of the hospital's working days and a quarter of the response limit; 0 if urgent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.catalogue.core import requirement
from cases.models import Case, MaterialItem, Urgency
from cases.states import MaterialStatus
from experts.availability import working_days
from experts.models import Institution
from mdt_portal import audit, lifecycle
from mdt_portal.errors import RuleError
from mdt_portal.models import User


def set_checklist(case: Case, codes: Iterable[str]) -> None:
    """Add what the requirement asks for; what is on the list already stays as it is."""
    MaterialItem.objects.bulk_create((MaterialItem(case=case, code=code) for code in codes), ignore_conflicts=True)


@transaction.atomic
def receive(
    item: MaterialItem,
    *,
    by: User | None,
    at: datetime | None = None,
    origin: Institution | None = None,
    note: str = "",
) -> None:
    """The item is here. A partner institution's result counts like one's own."""
    lifecycle.move(
        item, MaterialStatus.RECEIVED, by=by, changed_at=at or timezone.now(), origin=origin, note=note or item.note
    )
    audit.record("material.received", by=by, subject=item.case, code=item.code)


@transaction.atomic
def receive_all(case: Case, *, by: User | None) -> None:
    """Everything that was missing is here, at one moment."""
    now = timezone.now()
    for item in case.materials.filter(status=MaterialStatus.MISSING).select_related("case"):
        receive(item, by=by, at=now)


@transaction.atomic
def waive(item: MaterialItem, *, by: User | None, note: str = "") -> None:
    """The item is not needed for this case."""
    lifecycle.move(item, MaterialStatus.WAIVED, by=by, changed_at=timezone.now(), note=note or item.note)
    audit.record("material.waived", by=by, subject=item.case, code=item.code)


@transaction.atomic
def reopen(item: MaterialItem, *, by: User | None) -> None:
    """The item turned out to be missing after all."""
    lifecycle.move(item, MaterialStatus.MISSING, by=by, changed_at=timezone.now())
    audit.record("material.missing", by=by, subject=item.case, code=item.code)


@transaction.atomic
def lacked(case: Case, codes: Collection[str], *, by: User | None) -> None:
    """A discussion failed because these items were not at hand after all: they are awaited again.

    Raises RuleError where nothing is named although all is ticked off: the case would come straight back.
    """
    items = list(case.materials.all())
    if unknown := set(codes) - {item.code for item in items}:
        message = _("Not on the checklist of %(case)s: %(codes)s") % {"case": case, "codes": ", ".join(sorted(unknown))}
        raise RuleError(message, fields={f"missing_{case.pk}": [message]})
    if items and not codes and all(item.status != MaterialStatus.MISSING for item in items):
        message = _("Say which materials were missing.")
        raise RuleError(message, fields={f"missing_{case.pk}": [message]})
    for item in items:
        if item.code in codes and item.status != MaterialStatus.MISSING:
            reopen(item, by=by)


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
