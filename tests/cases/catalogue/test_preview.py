"""What a draft would change, before it is published."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.catalogue import rulebook
from cases.catalogue.core import effect, evaluation, json_io, vocabulary
from cases.catalogue.core.effect import EvaluatedCase
from cases.models import Case, CatalogueRule
from cases.selectors import catalogue_preview
from cases.selectors.catalogue_preview import Moved
from cases.services import workflow
from experts.models import Role
from mdt_portal.models import User
from tests import factories
from tests.cases.catalogue.test_rulebook import published, raw

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


@pytest.fixture
def editor() -> User:
    return factories.user(Role.CATALOGUE_ADMIN)


@pytest.fixture
def draft() -> CatalogueRule:
    """The rule is in force from stage IIIB; the draft asks from stage II on, with a second seat and more minutes."""
    published(date(2020, 1, 1))
    seats = [{"discipline": key, "count": 1, "min_rank": 3} for key in ("RADIOL", "PATH")]
    return rulebook.save_draft(raw(condition={"stage_min": "II"}, required=seats, minutes=30), by=None)


def case(status: str = "waiting", *, days_ago: int = 1, at: Any = None, **fields: Any) -> Case:
    facts = {"code": "C34.1", "stage": "III", **fields}
    if status == "waiting":
        row = factories.case_waiting(team=factories.team(at=at or factories.institution()), **facts)
    else:
        row = factories.case(status=status, **facts)
    Case.objects.filter(pk=row.pk).update(submitted_at=timezone.now() - timedelta(days=days_ago))
    return row


def look(draft: CatalogueRule, reader: User) -> catalogue_preview.Preview:
    return catalogue_preview.of_drafts([draft], on=TODAY, now=timezone.now(), reader=reader)


def test_who_changes_tier_and_what_it_costs(draft: CatalogueRule, editor: User) -> None:
    raised = case(stage="II")
    case(stage="II", days_ago=100)  # waits longer than the look back
    case("closed", stage="II", days_ago=80)
    case("closed", stage="II", days_ago=91)  # neither
    case("withdrawn", stage="II")
    case(stage="IV")  # keeps its tier, gets another team
    case(stage="I")
    found = look(draft, editor)
    assert (found.waiting, found.recent) == (4, 4)
    assert found.moves == (Moved(before="undecided", after="required", waiting=2, recent=2),)
    assert (found.otherwise, found.by_hand, found.waiting_changed) == (1, 0, 2)
    weeks = 90 / 7
    assert {load.discipline: (load.minutes_before, load.minutes_after) for load in found.loads} == {
        "RADIOL": pytest.approx((20 / weeks, 90 / weeks)),
        "PATH": pytest.approx((0, 90 / weeks)),
    }
    assert raised.pk not in [one.case.pk for one in found.named]  # another hospital's


def test_a_tier_set_by_hand_stays(draft: CatalogueRule, editor: User) -> None:
    row = case(stage="II")
    Case.objects.filter(pk=row.pk).update(override={"tier": "suggested", "reason": "x", "by": 1, "at": "x"})
    found = look(draft, editor)
    assert (found.moves, found.by_hand) == ((), 1)


def test_missing_facts_count_as_undecided(draft: CatalogueRule, editor: User) -> None:
    case(stage="")
    published(date(2020, 1, 1), id="AGE", condition={"age_min": 70}, tier="suggested")
    case(stage="I", age=None)
    rest = rulebook.save_draft(raw(id="AGE", condition={"age_min": 0}, tier="suggested"), by=None)
    assert look(rest, editor).moves == ()
    wide = rulebook.save_draft(raw(id="AGE", condition={}, tier="suggested"), by=None)
    assert look(wide, editor).moves == (Moved(before="undecided", after="suggested", waiting=1, recent=1),)


def test_only_cases_of_ones_own_hospitals_are_named_and_linked_only_where_they_may_be_opened(
    draft: CatalogueRule,
) -> None:
    hospital = factories.institution()
    row = case(stage="II", at=hospital)
    Case.objects.filter(pk=row.pk).update(institution=hospital)
    editor = factories.user(Role.CATALOGUE_ADMIN, at=hospital)
    coordinator = factories.user(Role.COORDINATOR, at=hospital)
    stranger = factories.user(Role.CATALOGUE_ADMIN)
    said = [[(one.case, one.link) for one in look(draft, reader).named] for reader in (editor, coordinator, stranger)]
    assert said == [[(row, False)], [(row, True)], []]


def test_withdrawing_lets_the_version_before_count(editor: User) -> None:
    published(date(2020, 1, 1))
    second = published(date(2020, 2, 1), condition={"stage_min": "II"})
    case(stage="II")
    found = catalogue_preview.of_withdrawal(second, on=TODAY, now=timezone.now(), reader=editor)
    assert found.moves == (Moved(before="required", after="undecided", waiting=1, recent=1),)


def test_queries_do_not_grow_with_the_cases(draft: CatalogueRule, editor: User) -> None:
    team = factories.team()
    look(draft, editor)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            look(draft, editor)
        return len(caught)

    factories.case_waiting(team=team, code="C34.1", stage="II")
    few = queries()
    for _ in range(30):
        factories.case_waiting(team=team, code="C34.1", stage="II")
    assert queries() == few <= 14


# Pure ---------------------------------------------------------------------------------------------


def test_the_short_cut_gives_the_same_answers_as_asking_all_rules(db: None) -> None:
    text = vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8")
    rules = json_io.read(text, vocabulary.shipped()).rules
    nihss = {80: 16, 15: 15, 16: 4}  # beyond a limit, on one, and on the next
    asked = []
    for code in ("C34.1", "C50.9", "C79.3", "I63.9", "K35.8", "E11.5", "Q87.4", "J06.9"):
        for stage in (None, "I", "IIIB", "IV"):
            for flags in ((), ("recurrence",), ("brain_metastasis", "pregnant")):
                for age, comorbidities in ((None, None), (80, 4), (15, 3), (16, 2)):
                    facts = workflow.checked_facts(
                        code=code, stage=stage or "", flags=flags, age=age, comorbidities=comorbidities,
                        scores={"NIHSS": nihss[age]} if age else {},
                    )  # fmt: skip
                    asked.append(facts)
    half = rules[::2]
    cases = [EvaluatedCase(key=n, facts=facts, waiting=True, recent=True) for n, facts in enumerate(asked)]
    found = effect.compare(cases, rules, half, weeks=1)
    expected = [
        (n, effect.tier_of(evaluation.evaluate(facts, rules)), effect.tier_of(evaluation.evaluate(facts, half)))
        for n, facts in enumerate(asked)
    ]
    assert [(one.case.key, one.before, one.after) for one in found.changes] == [
        one for one in expected if one[1] != one[2]
    ]
    assert len(found.changes) > 10
