"""Titles of codes in both languages, and how many codes have a Chinese one."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from cases.catalogue.core import json_io, vocabulary
from cases.core import icd10, icd10_titles
from cases.models import Case

RULES = json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped()).rules
WIDEST = 400
"""A rule about more codes than this (any rare disease) names no chapter."""


@pytest.mark.parametrize(
    ("code", "chinese"),
    [
        ("I63", "脑梗死"), ("C34", "支气管和肺恶性肿瘤"), ("I21", "急性心肌梗死"), ("N20", "肾和输尿管结石"),
        ("N20.0", "肾结石"), ("C50.9", "未特指的乳房恶性肿瘤"), ("G12.0", "婴儿脊髓性肌萎缩，Ⅰ型[韦德尼希-霍夫曼]"),
        ("I71.0", "主动脉夹层[任何部分]"), ("Q35.9", "未特指的腭裂"), ("E11.9", "2型糖尿病不伴有并发症"),
    ],
)  # fmt: skip
def test_titles_in_chinese(code: str, chinese: str) -> None:
    assert icd10_titles.title(code, "zh-hans") == chinese


def test_every_category_and_what_the_catalogue_is_about_have_a_chinese_title() -> None:
    """All 2,050 categories; all of C00-D48 and of the chapters D50-D89, E, G, I, J; every code that a rule names."""
    missing = icd10_titles.without_chinese()
    assert [code for code in missing if "." not in code] == []
    assert [code for code in missing if "C00" <= code < "D99" or code[0] in "EGIJ"] == []
    named = {
        code
        for rule in RULES
        if sum(len(icd10.expand(one)) for one in rule.ranges) <= WIDEST
        for one in rule.ranges
        for code in icd10.expand(one)
    }
    assert sorted(named & set(missing)) == []
    print(f"{len(missing)} of {len(icd10.codes())} codes have no Chinese title of their own")
    assert len(missing) <= 7500


def test_no_title_is_empty_doubled_or_english() -> None:
    titles = icd10_titles.chinese()
    assert set(titles) <= set(icd10.codes())
    assert [code for code, title in titles.items() if not re.search(r"[\u4e00-\u9fff]", title)] == []
    assert [code for code, title in titles.items() if re.search(r"[A-Za-z]{6,}|[,;]|\s{2}|^\s|\s$", title)] == []
    categories = [title for code, title in titles.items() if "." not in code]
    assert len(categories) == len(set(categories))


def test_a_subdivision_without_its_own_has_the_title_of_its_category() -> None:
    missing = icd10_titles.without_chinese()[0]
    category, _dot, last = missing.partition(".")
    assert icd10_titles.title(missing, "zh-hans") == f"{icd10_titles.title(category, 'zh-hans')}(.{last})"
    assert icd10_titles.title(missing, "en") == icd10.title(missing)


@pytest.mark.django_db
def test_a_case_without_words_bears_the_title_of_its_code_in_the_readers_language() -> None:
    case = Case(number="C-1", code="I63.9")
    assert case.title == "Cerebral infarction, unspecified"
    with translation.override("zh-hans"):
        assert case.title == "未特指的脑梗死"
        assert Case(number="C-1", code="I63.9", diagnosis="左侧大脑中动脉梗死").title == "左侧大脑中动脉梗死"
        assert Case(number="C-1", code="XX").title == "XX"
