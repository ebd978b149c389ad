"""The services of the catalogue: when a version begins, what a draft may say, publishing together, taking back."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cases.catalogue import rulebook
from cases.models import CatalogueRule
from cases.services import workflow
from mdt_portal.errors import RuleError, StaleState, TransitionNotAllowed
from mdt_portal.models import StatusEvent
from tests import factories

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)


def raw(**changes: Any) -> dict[str, Any]:
    return {
        "id": "LUNG-3B",
        "name_en": "Lung cancer from stage IIIB",
        "name_zh": "肺癌ⅢB期及以上",
        "icd10": ["C34"],
        "condition": {"stage_min": "IIIB"},
        "tier": "required",
        "care_level": "regional",
        "required": [{"discipline": "RADIOL", "count": 1, "min_rank": 3}],
        "hours": {"emergency": 24, "urgent": 72, "routine": 336},
        "minutes": 20,
        **changes,
    }


def published(since: date = DAY, **changes: Any) -> CatalogueRule:
    draft = rulebook.save_draft(raw(**changes), by=None)
    return rulebook.publish(draft, by=None, valid_from=since, unapproved="Tests begin so")


@pytest.mark.parametrize(
    ("zone", "minute_before"),
    [
        ("Asia/Shanghai", datetime(2026, 10, 31, 15, 59, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 3, 59, tzinfo=UTC)),
    ],
)
def test_a_version_begins_at_the_midnight_of_the_referring_hospital(zone: str, minute_before: datetime) -> None:
    published()
    case = factories.case(at=factories.institution(zone=zone), code="C34.1", stage="IV")
    before = workflow.evaluate(case, at=minute_before)
    after = workflow.evaluate(case, at=minute_before + timedelta(minutes=1))
    assert [getattr(one, "tier", None) for one in (before, after)] == ["none", "required"]


def test_a_draft_that_contradicts_a_rule_in_force_is_refused() -> None:
    published(date(2020, 1, 1))
    with pytest.raises(RuleError) as caught:
        rulebook.save_draft(raw(id="OTHER", tier="suggested"), by=None)
    assert list(caught.value.fields) == ["tier"]
    assert "LUNG-3B" in caught.value.fields["tier"][0]
    assert rulebook.save_draft(raw(tier="suggested"), by=None).version == 2  # its own next version may


def test_of_two_editors_the_second_is_told() -> None:
    first = rulebook.save_draft(raw(), by=None, version=0)
    rulebook.save_draft(raw(minutes=25), by=None, version=first.version)
    with pytest.raises(StaleState):
        rulebook.save_draft(raw(minutes=15), by=None, version=first.version)


@pytest.mark.usefixtures("one_person_publishes")
def test_drafts_are_published_together_with_the_reason() -> None:
    somebody = factories.user()
    drafts = [rulebook.save_draft(raw(id=key, condition={"age_min": n}), by=somebody) for n, key in enumerate("AB")]
    rulebook.release(drafts, by=somebody, valid_from=DAY, reason=" New guideline ", not_before=DAY)
    assert [row.status for row in CatalogueRule.objects.all()] == ["published", "published"]
    events = StatusEvent.objects.filter(code="rule.published")
    assert [(event.by, event.params) for event in events] == [(somebody, {"reason": "New guideline"})] * 2


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reason": " "}, {"reason"}),
        ({"valid_from": DAY - timedelta(days=1)}, {"valid_from"}),
        ({"valid_from": DAY - timedelta(days=1), "reason": ""}, {"reason", "valid_from"}),
        ({"drafts": []}, {"draft"}),
    ],
)
def test_publishing_wants_drafts_a_reason_and_a_day_to_come(changes: dict[str, Any], fields: set[str]) -> None:
    given = {"drafts": [rulebook.save_draft(raw(), by=None)], "valid_from": DAY, "reason": "Because"} | changes
    with pytest.raises(RuleError) as caught:
        rulebook.release(given.pop("drafts"), by=None, not_before=DAY, **given)
    assert set(caught.value.fields) == fields
    assert not CatalogueRule.objects.filter(status="published").exists()


@pytest.mark.usefixtures("one_person_publishes")
def test_if_one_draft_cannot_be_published_none_is() -> None:
    good = rulebook.save_draft(raw(id="A"), by=None)
    gone = rulebook.save_draft(raw(id="B", condition={}), by=None)
    CatalogueRule.objects.filter(pk=gone.pk).update(status="withdrawn")
    gone.refresh_from_db()
    with pytest.raises(TransitionNotAllowed):
        rulebook.release([good, gone], by=None, valid_from=DAY, reason="Because", not_before=DAY)
    good.refresh_from_db()
    assert good.status == "draft"


def test_a_version_is_withdrawn_with_a_reason_only_and_the_one_before_counts_again() -> None:
    published(date(2026, 1, 1))
    second = published(date(2026, 2, 1), minutes=25)
    with pytest.raises(RuleError):
        rulebook.withdraw(second, by=None, reason=" ")
    assert [rule.minutes for rule in rulebook.in_force(DAY)] == [25]
    assert [rule.minutes for rule in rulebook.in_force(DAY, without=second)] == [20]
    rulebook.withdraw(second, by=None, reason="Wrong number")
    assert [rule.minutes for rule in rulebook.in_force(DAY)] == [20]
