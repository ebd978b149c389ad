"""The day by which somebody looks at a rule again, and a look that changes nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cases.catalogue import files, reviews, rule_form, rule_text, rulebook
from cases.catalogue.core import csv_io, grammar, vocabulary
from cases.models import RuleReview
from experts.models import Role
from mdt_portal.errors import Conflict, RuleError
from mdt_portal.models import AuditEvent
from tests import factories
from tests.cases.catalogue.test_rulebook import published, raw

pytestmark = pytest.mark.django_db
TODAY = date(2026, 12, 1)
NEXT = date(2027, 12, 1)


@pytest.mark.parametrize(
    "value", ["tomorrow", "2027-13-01", "01.03.2027", "2027-3-1", "1027-03-01", 20270301, "²⁰²⁷-03-01"]
)
def test_what_is_no_day_is_refused_at_its_place(value: Any) -> None:
    _rule, mistakes = grammar.read_rule(raw(review_by=value), vocabulary.shipped())
    assert [(one.place, one.code) for one in mistakes] == [("review_by", "not_a_day")]


@pytest.mark.parametrize("cell", ["2027-03-01", "2027/3/1", "2027年3月1日", "2027.03.01", "2027-03-01 00:00:00"])
def test_a_table_says_the_day_as_spreadsheets_write_it(cell: str) -> None:
    table = csv_io.write([rulebook.completed(raw(review_by="2027-03-01"), None, vocabulary.shipped())])
    found = csv_io.read(table.replace("2027-03-01", cell), vocabulary.shipped())
    assert (found.mistakes, found.raw[0]["review_by"]) == ((), "2027-03-01")


@pytest.mark.parametrize("typed", ["1 Mar 2027", "2027-03-01", "2027年3月1日"])
def test_the_editor_reads_the_day_as_people_type_it(typed: str) -> None:
    form = rule_form.of_raw(rulebook.completed(raw(), None, vocabulary.shipped()))
    form = rule_form.replace(form, texts={**form.texts, "review_by": typed})
    assert form.raw(vocabulary.shipped())[0]["review_by"] == "2027-03-01"


def test_a_file_that_leaves_the_day_out_keeps_it_and_an_empty_one_takes_it_away() -> None:
    row = published(review_by="2027-03-01")
    assert row.review_by == date(2027, 3, 1)
    assert rulebook.save_draft(raw(minutes=25), by=None).review_by == row.review_by
    assert rulebook.save_draft(raw(review_by=""), by=None).review_by is None


def test_due_are_the_versions_in_force_whose_day_has_come() -> None:
    published(id="PAST", review_by="2026-11-01", condition={"age_min": 1})
    published(id="TODAY", review_by=TODAY.isoformat(), condition={"age_min": 2})
    published(id="LATER", review_by="2026-12-02", condition={"age_min": 3})
    published(id="NEVER", condition={"age_min": 4})
    published(id="OLD", review_by="2026-11-01", condition={"age_min": 5})
    published(id="OLD", review_by="2028-11-01", condition={"age_min": 5})
    rulebook.save_draft(raw(id="DRAFT", review_by="2026-01-01", condition={"age_min": 6}), by=None)
    assert [row.key for row in reviews.due(TODAY)] == ["PAST", "TODAY"]


def test_a_look_without_a_change_sets_the_next_day_and_is_kept() -> None:
    row, editor = published(review_by="2026-11-01"), factories.user(Role.CATALOGUE_ADMIN)
    before = rulebook.raw_of(row)
    reviews.keep(row, by=editor, note=" Compared with the guideline ", review_by=NEXT, today=TODAY)
    row.refresh_from_db()
    assert rulebook.raw_of(row) == before | {"review_by": NEXT.isoformat()}
    assert row.version == 1
    done = RuleReview.objects.get()
    assert (done.rule, done.by, done.note, done.next_by) == (row, editor, "Compared with the guideline", NEXT)
    assert AuditEvent.objects.filter(action="rule.reviewed", by=editor).count() == 1
    assert not reviews.due(TODAY).exists()
    exported = files.read(files.export("xlsx", TODAY))
    assert files.plan(exported, rule_text.names()).unchanged == 1


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"note": "  "}, {"note"}),
        ({"review_by": TODAY}, {"review_by"}),
        ({"review_by": TODAY + timedelta(days=4000)}, {"review_by"}),
    ],
)
def test_a_look_wants_a_note_and_a_day_to_come(given: dict[str, Any], fields: set[str]) -> None:
    row = published(review_by="2026-11-01")
    with pytest.raises(RuleError) as refused:
        reviews.keep(
            row, by=factories.user(Role.CATALOGUE_ADMIN), today=TODAY, **({"note": "x", "review_by": NEXT} | given)
        )
    assert set(refused.value.fields) == fields
    draft = rulebook.save_draft(raw(minutes=25), by=None)
    with pytest.raises(Conflict):
        reviews.keep(draft, by=factories.user(Role.CATALOGUE_ADMIN), today=TODAY, note="x", review_by=NEXT)
