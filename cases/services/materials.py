"""The checklist of what must be at hand: items come onto it, are received, waived, or missing again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case, MaterialItem
from cases.states import MaterialStatus
from experts.models import Institution
from mdt_portal import audit, lifecycle
from mdt_portal.errors import RuleError
from mdt_portal.i18n import phrases
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
def mark_missing(case: Case, codes: Collection[str], *, by: User | None) -> None:
    """A discussion failed because these items were not at hand after all: they are awaited again.

    Raises RuleError where nothing is named although all is ticked off: the case would come straight back.
    """
    items = list(case.materials.all())
    if unknown := set(codes) - {item.code for item in items}:
        message = _("Not on the checklist of %(case)s: %(codes)s") % {
            "case": case,
            "codes": phrases.listed(sorted(unknown)),
        }
        raise RuleError(message, fields={f"missing_{case.pk}": [message]})
    if items and not codes and all(item.status != MaterialStatus.MISSING for item in items):
        message = _("Say which materials were missing.")
        raise RuleError(message, fields={f"missing_{case.pk}": [message]})
    for item in items:
        if item.code in codes and item.status != MaterialStatus.MISSING:
            reopen(item, by=by)
