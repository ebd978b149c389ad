"""What is exported and taken in again changes nothing: people, catalogue and code list, in both languages."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from cases.catalogue import files, rule_text, rulebook
from cases.catalogue.core import vocabulary
from cases.core import code_systems, icd10
from cases.diagnoses import local_names
from cases.diagnoses.core import code_list
from cases.diagnoses.core.code_list import CodeRow
from cases.models import CatalogueRule
from experts.availability import time_keeping
from experts.availability.core import week_pattern
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Expert, Title
from experts.roster import people_import, person_cards
from experts.roster.person_cards import Card
from mdt_portal.tables.core import cells, writing
from tests import factories

LETTERS = st.sampled_from("王芳喆=+-@'\"();；、|,/\\ AbÜé1.·（）&<%")
NAME = st.text(LETTERS, min_size=1, max_size=12).map(lambda text: " ".join(cells.tidy(text).split())).filter(bool)
SUB = NAME.filter(lambda text: not (set("()（）") & set(text) and set(";；、|") & set(text)))
LONG = st.text(st.one_of(LETTERS, st.just("\n")), max_size=60).map(str.strip)
QUICK = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
QUARTER = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
SPAN = st.builds(
    lambda day, ends, every, week: WeekSpan(day, *sorted(ends), every, date(2026, 11, 30) + timedelta(weeks=week)),
    st.integers(0, 6),
    st.lists(QUARTER, min_size=2, max_size=2, unique=True),
    st.integers(1, 4),
    st.integers(-60, 60),
) | st.just(WeekSpan(0, time(20), time()))
WEEK = st.lists(SPAN, max_size=5).filter(lambda week: week_pattern.overlapping(week) is None)
LANGUAGES = ("en", "zh-hans")


def both(data: Any) -> dict[str, str]:
    """A name in both languages."""
    return {"name_en": data.draw(NAME), "name_zh": data.draw(NAME)}


class PeopleTest(TestCase):
    @QUICK
    @given(st.data())
    def test_people_come_back_as_they_went(self, data: Any) -> None:
        hospital = factories.institution(**both(data))
        titles = [
            Title.objects.create(family=f"f{n}", rank=n, name_en=data.draw(NAME), name_zh=data.draw(NAME))
            for n in (1, 2)
        ]
        disciplines = [
            factories.discipline(f"D{n}", name_en=data.draw(NAME), name_zh=data.draw(NAME)) for n in range(3)
        ]
        if data.draw(st.booleans()):  # the name of one is another with a sub-specialty
            disciplines[1].name_zh = f"{disciplines[0].name_zh} (甲)"
            disciplines[1].save()
        for number in range(2):
            skill = st.tuples(
                st.sampled_from([one.pk for one in disciplines]), st.one_of(st.just(""), st.just("甲"), SUB)
            )
            card = Card(
                name_en=data.draw(NAME),
                name_zh=data.draw(NAME),
                email=data.draw(st.sampled_from([f"P{number}@example.org", ""])),
                phone=data.draw(st.sampled_from(["", "+86 10 1234 5678", "13900000000"])),
                remote=data.draw(st.booleans()),
                active=data.draw(st.booleans()),
                max_sessions_week=data.draw(st.integers(3, 40)),
                titles={hospital.pk: data.draw(st.sampled_from(titles)).pk},
                skills=frozenset(data.draw(st.sets(skill, min_size=1, max_size=4))),
            )
            person = person_cards.save(None, card, by=None)
            time_keeping.set_week(person, data.draw(WEEK), by=None)
        rows = list(person_cards.with_work(Expert.objects.all()))
        for language in LANGUAGES:
            for kind in writing.KINDS:
                with translation.override(language):
                    lines = people_import.export(rows, hospital, chinese=language != "en")
                    found = people_import.read(writing.write(kind, lines, title="T"), by=None)
                assert found.mistakes == []
                assert [one.week or [] for one in found.lines] == [one.week_before for one in found.lines]
                assert [one.changes for one in found.lines] == [[], []]
                assert found.left == 2


class CatalogueTest(TestCase):
    @QUICK
    @given(st.data())
    def test_rules_come_back_as_they_went(self, data: Any) -> None:
        shipped = json.loads(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"))["rules"]
        raws = [
            dict(raw) for raw in data.draw(st.lists(st.sampled_from(shipped), min_size=1, max_size=4, unique_by=id))
        ]
        for raw in raws:
            raw |= {"name_en": data.draw(st.one_of(st.just(""), NAME)), "name_zh": data.draw(NAME)}
            raw |= {"note": data.draw(LONG), "source": data.draw(LONG)}
            if data.draw(st.booleans()):
                raw["review_by"] = data.draw(st.dates(date(2000, 1, 1), date(2199, 12, 31))).isoformat()
            raw["evidence"] = data.draw(st.dictionaries(st.sampled_from(["tier", "hours", "other"]), LONG, max_size=3))
            if raw["required"]:
                raw["required"] = [dict(raw["required"][0]) | {"sub_specialty": data.draw(SUB)}, *raw["required"][1:]]
            if data.draw(st.booleans()):
                raw["materials"] = []
            if data.draw(st.booleans()):
                raw["condition"] = {
                    "age_min": 18,
                    "score": "BMI",
                    "score_min": data.draw(st.sampled_from([2.5, 30, 1.25])),
                }
        rulebook.load(raws, by=None)
        CatalogueRule.objects.update(status="published", valid_from=rulebook.today())
        for language in LANGUAGES:
            for kind in files.KINDS:
                with translation.override(language):
                    found = files.read(files.export(kind, rulebook.today()))
                    assert found.file.mistakes == ()
                    plan = files.plan(found, rule_text.names())
                    assert (plan.new, plan.changed, plan.unchanged) == ([], [], len(raws)), kind
                    again = files.plan(files.read(found.text), rule_text.names())  # what the page hands on
                    assert again.unchanged == len(raws)


CODE = st.tuples(st.sampled_from(icd10.codes()[:4000:7]), st.sampled_from(["", "x001"]))


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", writing.KINDS)
@QUICK
@given(codes=st.lists(CODE, min_size=1, max_size=6, unique=True), data=st.data())
def test_code_lists_come_back_as_they_went(kind: str, language: str, codes: list[tuple[str, str]], data: Any) -> None:
    rows = []
    for code, more in codes:
        whole = f"{code}.900{more}" if more and "." not in code else f"{code}{more}"
        who = code_systems.who_code(whole)
        if who is not None and len(whole) <= code_list.LONGEST_CODE:
            rows.append(
                CodeRow(
                    code=whole, who_code=who, name_en=data.draw(st.one_of(st.just(""), NAME)), name_zh=data.draw(NAME)
                )
            )
    with translation.override(language):
        file = writing.write(kind, code_list.lines(rows), title="T")
        found = code_list.read(file)
        assert found.mistakes == () or not rows
        assert list(found.rows) == rows
        assert list(code_list.read(found.sheet.text).rows) == rows


@pytest.mark.django_db
def test_a_code_list_taken_in_twice_changes_nothing() -> None:
    rows = [CodeRow(code="C34.100x001", who_code="C34.1", name_en="=x", name_zh="肺癌")]
    assert local_names.load(rows, by=None).new == 1
    again = code_list.read(writing.write("csv", code_list.lines(local_names.rows()), title="T"))
    done = local_names.load(again.rows, by=None)
    assert (done.new, done.changed, done.unchanged) == (0, 0, 1)
