"""A second person's approval: asked for with a day and a reason, given or sent back by somebody else.

Which drafts need it says `rulebook.needing_approval`. That nobody approves what they asked for themselves is also a
constraint of the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.catalogue import rulebook
from cases.models import ApprovalDecision, CatalogueRule, RuleApproval
from cases.states import RuleStatus
from mdt_portal import audit
from mdt_portal.errors import NotAllowed, RuleError, StaleState
from mdt_portal.models import User


@transaction.atomic
def ask(drafts: Iterable[CatalogueRule], *, by: User, valid_from: date, reason: str, not_before: date) -> RuleApproval:
    """Ask that the drafts be published together from a day on (`not_before` or later), for a reason that is kept."""
    rulebook.check_release(drafts := list(drafts), valid_from=valid_from, reason=reason, not_before=not_before)
    rows = _locked(row.pk for row in drafts)
    if waiting := RuleApproval.objects.open().filter(rules__in=rows).first():
        raise StaleState(_("An approval of %(rules)s is asked for already.") % {"rules": waiting})
    asked = RuleApproval.objects.create(requested_by=by, valid_from=valid_from, reason=reason.strip()[:200])
    asked.rules.set(rows)
    audit.record(
        "approval.asked", by=by, subject=asked, rules=[str(row) for row in rows], valid_from=valid_from.isoformat()
    )
    return asked


@transaction.atomic
def approve(asked: RuleApproval, *, by: User, not_before: date) -> list[CatalogueRule]:
    """Publish the drafts from their day, or from `not_before` (today) where it is over. Not for who asked."""
    asked = _open(asked)
    _second(asked, by)
    rows = _locked(asked.rules.values_list("pk", flat=True))
    _decide(asked, ApprovalDecision.APPROVED, by=by)
    since = max(asked.valid_from, not_before)
    for row in rows:
        rulebook.publish(row, by=by, valid_from=since, reason=asked.reason, approval=asked)
    audit.record("approval.given", by=by, subject=asked, rules=[str(row) for row in rows])
    return rows


@transaction.atomic
def send_back(asked: RuleApproval, *, by: User, reason: str) -> RuleApproval:
    """The drafts stay drafts; who asked reads why. Not for who asked."""
    asked = _open(asked)
    _second(asked, by)
    if not reason.strip():
        words = _("Say why; who asked for the approval reads it.")
        raise RuleError(words, fields={"reason": [words]})
    asked.answer = reason.strip()[:200]
    _decide(asked, ApprovalDecision.SENT_BACK, by=by)
    audit.record("approval.sent_back", by=by, subject=asked, reason=asked.answer)
    return asked


@transaction.atomic
def take_back(asked: RuleApproval, *, by: User) -> RuleApproval:
    """Who asked does not want it any more; the drafts stay drafts."""
    asked = _open(asked)
    if asked.requested_by_id != by.pk:
        raise NotAllowed(_("Only who asked for the approval can take it back. You can send it back with a reason."))
    _decide(asked, ApprovalDecision.TAKEN_BACK, by=by)
    audit.record("approval.taken_back", by=by, subject=asked)
    return asked


def _second(asked: RuleApproval, by: User) -> None:
    if asked.requested_by_id == by.pk:
        raise NotAllowed(
            _("You asked for this approval yourself; another administrator of the catalogue must decide."),
            code="second_person_needed",
        )


def _open(asked: RuleApproval) -> RuleApproval:
    """The row, locked. Raises StaleState where somebody has decided, or a draft was changed."""
    found = RuleApproval.objects.select_for_update().get(pk=asked.pk)
    if found.decision:
        words = {"state": found.get_decision_display()}
        raise StaleState(_("This approval is not open any more: %(state)s.") % words)
    return found


def _locked(ids: Iterable[int]) -> list[CatalogueRule]:
    """The drafts, locked in one order. Raises StaleState where one is none any more."""
    wanted = list(ids)
    rows = list(CatalogueRule.objects.select_for_update().filter(pk__in=wanted, status=RuleStatus.DRAFT).order_by("pk"))
    if len(rows) != len(set(wanted)):
        raise StaleState(_("A draft was changed in the meantime. Look at the preview again."))
    return rows


def _decide(asked: RuleApproval, decision: str, *, by: User) -> None:
    asked.decision, asked.decided_by, asked.decided_at = decision, by, timezone.now()
    asked.save(update_fields=["decision", "decided_by", "decided_at", "answer"])
