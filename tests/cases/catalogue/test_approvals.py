"""A second person approves what would make a discussion required, or no longer required."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cases.catalogue import approvals, rulebook
from cases.models import ApprovalDecision, CatalogueRule, RuleApproval
from experts.models import Role
from mdt_portal.errors import NotAllowed, RuleError, StaleState
from mdt_portal.models import AuditEvent, StatusEvent, User
from tests import factories
from tests.cases.catalogue.test_rulebook import published, raw

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 1)


@pytest.fixture
def editor() -> User:
    return factories.user(Role.CATALOGUE_ADMIN)


@pytest.fixture
def other() -> User:
    return factories.user(Role.CATALOGUE_ADMIN)


def draft(**changes: Any) -> CatalogueRule:
    return rulebook.save_draft(raw(**changes), by=None)


def ask(row: CatalogueRule, by: User, **changes: Any) -> RuleApproval:
    given = {"valid_from": DAY, "reason": "Guideline", "not_before": DAY} | changes
    return approvals.ask([row], by=by, **given)


# Which rules need it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "tier", "needs"),
    [
        ("required", "required", True), ("required", "suggested", False), ("all", "suggested", True),
        ("nobody", "required", False),
    ],
)  # fmt: skip
def test_the_setting_says_which_rules_need_a_second_person(settings: Any, setting: str, tier: str, needs: bool) -> None:
    settings.MDT_CATALOGUE_APPROVAL = setting
    row = draft(tier=tier)
    assert rulebook.needing_approval([row]) == ([row] if needs else [])


def test_required_rules_need_it_without_any_setting(settings: Any) -> None:
    assert settings.MDT_CATALOGUE_APPROVAL == "required"


def test_whoever_makes_a_discussion_required_no_longer_needs_it_too() -> None:
    known = published(date(2026, 1, 1))
    lower = draft(tier="suggested")
    assert rulebook.needing_approval([lower]) == [lower]
    rulebook.withdraw(known, by=None, reason="One by one")
    assert rulebook.needing_approval([lower]) == [lower], "taking the rule back first is no way around"
    coming = published(date(2100, 1, 1), id="SOON")
    assert rulebook.needing_approval([draft(id="SOON", tier="suggested")]) != []
    assert coming.status == "published"


def test_nothing_is_published_around_it(editor: User) -> None:
    row = draft()
    for publish in (
        lambda: rulebook.release([row], by=editor, valid_from=DAY, reason="Because", not_before=DAY),
        lambda: rulebook.publish(row, by=editor, valid_from=DAY, reason="Because"),
        lambda: rulebook.load([raw()], by=editor, publish_from=DAY),
        lambda: rulebook.load([raw(id="NEW")], by=None, publish_from=DAY, unapproved="  "),
    ):
        with pytest.raises(RuleError) as refused:
            publish()
        assert refused.value.code == "needs_approval"
    assert not CatalogueRule.objects.exclude(status="draft").exists()


# Asking and deciding --------------------------------------------------------------------------------------------------


def test_another_person_approves_and_it_counts_from_its_day(editor: User, other: User) -> None:
    rows = [draft(id="A"), draft(id="B", tier="suggested", condition={"age_min": 1})]
    asked = approvals.ask(rows, by=editor, valid_from=DAY, reason=" Guideline ", not_before=DAY)
    assert rulebook.in_force(DAY) == ()
    approvals.approve(asked, by=other, not_before=DAY)
    asked.refresh_from_db()
    assert (asked.decision, asked.decided_by, asked.reason) == ("approved", other, "Guideline")
    assert [rule.key for rule in rulebook.in_force(DAY)] == ["A", "B"]
    assert rulebook.in_force(DAY - timedelta(days=1)) == ()
    events = StatusEvent.objects.filter(code="rule.published")
    assert [(event.by, event.params) for event in events] == [(other, {"reason": "Guideline"})] * 2
    found = AuditEvent.objects.filter(action__startswith="approval.").values_list("action", "by")
    assert list(found.order_by("pk")) == [("approval.asked", editor.pk), ("approval.given", other.pk)]


def test_approved_after_its_day_it_counts_from_today(editor: User, other: User) -> None:
    asked = ask(draft(), editor)
    (row,) = approvals.approve(asked, by=other, not_before=DAY + timedelta(days=3))
    assert row.valid_from == DAY + timedelta(days=3)


def test_nobody_approves_what_they_asked_for(editor: User) -> None:
    asked = ask(draft(), editor)
    for decide in (
        lambda: approvals.approve(asked, by=editor, not_before=DAY),
        lambda: approvals.send_back(asked, by=editor, reason="x"),
    ):
        with pytest.raises(NotAllowed) as refused:
            decide()
        assert refused.value.code == "second_person_needed"
    assert rulebook.in_force(DAY) == ()


@pytest.mark.parametrize("decision", [ApprovalDecision.APPROVED, ApprovalDecision.SENT_BACK])
@pytest.mark.parametrize("same", [True, False])
def test_the_database_refuses_the_same_person_and_nobody(editor: User, decision: str, same: bool) -> None:
    asked = ask(draft(), editor)
    with pytest.raises(IntegrityError, match="approval_by_a_second_person"), transaction.atomic():
        RuleApproval.objects.filter(pk=asked.pk).update(
            decision=decision, decided_by=editor if same else None, decided_at=asked.requested_at, answer="x"
        )


def test_it_is_sent_back_with_a_reason_and_asked_for_again(editor: User, other: User) -> None:
    row = draft()
    asked = ask(row, editor)
    with pytest.raises(RuleError) as refused:
        approvals.send_back(asked, by=other, reason=" ")
    assert list(refused.value.fields) == ["reason"]
    approvals.send_back(asked, by=other, reason="Seats are missing")
    row.refresh_from_db()
    assert row.status == "draft"
    with pytest.raises(StaleState):
        approvals.approve(asked, by=other, not_before=DAY)
    again = ask(row, editor)
    approvals.approve(again, by=other, not_before=DAY)
    assert len(rulebook.in_force(DAY)) == 1


def test_only_who_asked_takes_it_back(editor: User, other: User) -> None:
    asked = ask(draft(), editor)
    with pytest.raises(NotAllowed):
        approvals.take_back(asked, by=other)
    assert approvals.take_back(asked, by=editor).decision == "taken_back"
    with pytest.raises(StaleState):
        approvals.approve(asked, by=other, not_before=DAY)


def test_one_draft_is_asked_for_once(editor: User, other: User) -> None:
    row = draft()
    ask(row, editor)
    with pytest.raises(StaleState, match="asked for already"):
        ask(row, other)


@pytest.mark.parametrize("how", ["edit", "discard"])
def test_what_is_changed_meanwhile_is_not_approved(editor: User, other: User, how: str) -> None:
    row, second = draft(), draft(id="B", condition={"age_min": 1})
    asked = approvals.ask([row, second], by=editor, valid_from=DAY, reason="Guideline", not_before=DAY)
    if how == "edit":
        draft(minutes=25)
    else:
        rulebook.withdraw(row, by=editor, reason="No")
    asked.refresh_from_db()
    assert asked.decision == "overtaken"
    with pytest.raises(StaleState):
        approvals.approve(asked, by=other, not_before=DAY)
    assert rulebook.in_force(DAY) == ()
    ask(second, editor)  # the other one can be asked for again


def test_asking_wants_a_day_and_a_reason(editor: User) -> None:
    with pytest.raises(RuleError) as refused:
        ask(draft(), editor, valid_from=DAY - timedelta(days=1), reason="")
    assert set(refused.value.fields) == {"valid_from", "reason"}
    with pytest.raises(StaleState):
        ask(published(DAY), editor)
