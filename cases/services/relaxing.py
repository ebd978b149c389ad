"""Demands of one case that are weakened on purpose, each with a reason that is kept. The catalogue's answer stays."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cases.models import Case
from cases.states import PLANNABLE, CaseStatus
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User


@transaction.atomic
def without_equipment(case: Case, *, by: User | None, reason: str) -> Case:
    """Any room will do."""
    return _relax(case, by=by, reason=reason, equipment=[])


@transaction.atomic
def by_video(case: Case, *, by: User | None, reason: str) -> Case:
    """People may join by video."""
    return _relax(case, by=by, reason=reason, remote_ok=True)


@transaction.atomic
def extend_limit(case: Case, *, by: User | None, due_at: datetime, reason: str) -> Case:
    """A later limit. New facts ask the catalogue again, and its limit counts anew."""
    case = _locked(case)
    if case.status not in PLANNABLE or case.due_at is None:
        raise RuleError(_("%(case)s has no limit that could be extended.") % {"case": case})
    if due_at <= case.due_at:
        message = _("The new limit must lie after the present one.")
        raise RuleError(message, fields={"due_at": [message]})
    days = {"before": case.due_at.isoformat(), "after": due_at.isoformat()}
    _write(case, due_at=due_at)
    audit.record("case.limit_extended", by=by, subject=case, reason=_checked(reason), **days)
    return case


def _relax(case: Case, *, by: User | None, reason: str, **fields: Any) -> Case:
    case = _locked(case)
    if case.status != CaseStatus.WAITING:
        raise RuleError(_("%(case)s does not wait for a place; its demands stay.") % {"case": case})
    _write(case, **fields)
    audit.record("case.relaxed", by=by, subject=case, what=sorted(fields), reason=_checked(reason))
    return case


def _locked(case: Case) -> Case:
    return Case.objects.select_for_update(of=("self",)).get(pk=case.pk)


def _write(case: Case, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(case, name, value)
    case.version += 1
    case.save(update_fields=[*fields, "version"])


def _checked(reason: str) -> str:
    if not reason.strip():
        message = _("Please give a reason; it is kept.")
        raise RuleError(message, fields={"reason": [message]})
    return reason.strip()
