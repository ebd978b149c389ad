"""The response limit of one case, extended on purpose."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from cases.models import Case
from cases.states import CaseStatus
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User

EXTENDABLE = (CaseStatus.WAITING, CaseStatus.PLANNED, CaseStatus.CONFIRMED)


@transaction.atomic
def extend(case: Case, *, by: User | None, due_at: datetime, reason: str) -> Case:
    """A later limit, with a reason that is kept. New facts ask the catalogue again, and its limit counts anew."""
    case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if case.status not in EXTENDABLE or case.due_at is None:
        raise RuleError(_("%(case)s has no limit that could be extended.") % {"case": case})
    if due_at <= case.due_at:
        message = _("The new limit must lie after the present one.")
        raise RuleError(message, fields={"due_at": [message]})
    if not reason.strip():
        message = _("Please give a reason; it is kept.")
        raise RuleError(message, fields={"reason": [message]})
    before = case.due_at
    case.due_at = due_at
    case.version += 1
    case.save(update_fields=["due_at", "version"])
    audit.record(
        "case.limit_extended",
        by=by,
        subject=case,
        before=before.isoformat(),
        after=due_at.isoformat(),
        reason=reason.strip(),
    )
    return case
