"""Finding a diagnosis by what is typed, and the hospital's own names for it."""

from __future__ import annotations

import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import diagnosis_search
from cases.catalogue.core import json_io, vocabulary
from cases.catalogue.core.evaluation import Rule
from cases.core import icd10_titles, rare_diseases
from cases.diagnoses import code_search, local_names
from cases.diagnoses.core import code_list, fuzzy
from cases.models import DiagnosisName

RULES = json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped()).rules
LIST = """code,name_en,name_zh
C34.100x001,,右肺上叶恶性肿瘤
C34.1,Cancer of the upper lobe,肺上叶恶性肿瘤
K35.8,Acute appendix,急性阑尾炎
"""


def codes(text: str, rules: tuple[Rule, ...] = RULES, **given: Any) -> list[str]:
    return [one.code for one in code_search.search(text, rules, **given)]


# Searching ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "first"),
    [("c34", "C34"), ("C34.9", "C34.9"), ("lung cancer", "C34"), ("appendicitis", "K37"), ("stroke not spec", "I64")],
)
def test_by_code_and_by_words(query: str, first: str) -> None:
    assert first in codes(query)[:3]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("lnug cancer", "C34"),
        ("apendicitis", "K37"),
        ("malignat neoplasm bronchus", "C34"),
        ("cerebral infraction", "I63"),
        ("leukemia", "C95"),
    ],
)
def test_typing_mistakes_are_forgiven(query: str, first: str) -> None:
    assert first in codes(query, limit=30)


@pytest.mark.django_db
def test_codes_of_the_catalogue_come_first() -> None:
    without = codes("stroke", ())
    assert "I64" in codes("stroke")[:2]
    one = [rule for rule in RULES if any(item.first == "I64" for item in rule.ranges)] or list(RULES)
    assert codes("stroke", tuple(one)).index("I64") <= without.index("I64")
    ranked = codes("malignant neoplasm", (next(rule for rule in RULES if rule.key == "LUNG-3B"),), limit=4)
    assert all(code.startswith("C3") for code in ranked), ranked


@pytest.mark.django_db
def test_chinese_by_the_catalogue_and_nearly() -> None:
    found = code_search.search("肺癌", RULES)
    assert (found[0].code, found[0].title_zh, found[0].similar) == ("C34", "支气管和肺恶性肿瘤", False)
    nearly = code_search.search("原发灶不名恶性肿瘤", RULES)
    assert [(one.code, one.similar) for one in nearly[:1]] == [("C80.0", True)]


RULE_NAMES = {rule.name_zh for rule in RULES}


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["直肠癌(全部分期)", "脑卒中", "严重多发伤", "老年髋部骨折", "肺癌 IIIB期及以上"])
def test_a_rules_name_is_never_shown_as_the_title_of_a_code(text: str) -> None:
    with translation.override("zh-hans"):
        for one in code_search.search(text, RULES):
            assert one.name == icd10_titles.title(one.code, "zh-hans")
            assert one.name not in RULE_NAMES - set(icd10_titles.chinese().values())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "never"), [("脑梗死", "I21"), ("肾结石", "K80"), ("乳腺恶性肿瘤", "C23"), ("脊髓性肌萎缩症", "C79.4")]
)
def test_one_shared_character_is_no_likeness_in_chinese(text: str, never: str) -> None:
    found = code_search.search(text, RULES)
    assert found
    assert not found[0].similar
    assert not any(one.code.startswith(never) for one in found)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "first"), [("naogengsi", "I63"), ("ngs", "I63"), ("nao chu xue", "I61"), ("ruxianai", "C50")]
)
def test_pinyin_finds_a_diagnosis_whole_and_by_its_initials(text: str, first: str) -> None:
    assert first in codes(text)[:3]


@pytest.mark.django_db
def test_the_first_three_of_two_hundred_queries() -> None:
    answered = diagnosis_search.run()
    assert len(answered) >= 200
    missed = [one.query for one in answered if not one.found]
    assert len(missed) <= 0.03 * len(answered), missed


@pytest.mark.django_db
def test_a_name_stands_in_the_readers_language_with_the_other_beside_it() -> None:
    found = code_search.named("I63.9")
    assert found is not None
    assert (found.name, found.also) == ("Cerebral infarction, unspecified", "未特指的脑梗死")
    with translation.override("zh-hans"):
        assert (found.name, found.also) == ("未特指的脑梗死", "Cerebral infarction, unspecified")


@pytest.mark.django_db
def test_every_disease_of_the_national_lists_is_found_by_both_its_names() -> None:
    for one in rare_diseases.diseases():
        lies_in = {part.first for part in (*one.ranges, *one.shared)}
        for name in (one.name_zh, one.name_en):
            assert lies_in & set(codes(name, ())[:3]), (name, codes(name, ()))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("castleman", "D47.7"),
        ("天使综合征", "Q93.5"),
        ("gaolin", "Q85.8"),
        ("fazuoxingshuibing", "G47.4"),
        ("IgG4", "M35.8"),
    ],
)
def test_a_rare_disease_is_found_by_a_part_of_its_name_and_by_pinyin(query: str, code: str) -> None:
    assert code in codes(query)


@pytest.mark.django_db
def test_a_national_code_finds_its_code_and_the_hospitals_name() -> None:
    local_names.load(code_list.read(LIST).rows, by=None)
    found = code_search.search("c34.100x001", RULES)
    assert [(one.code, one.known_as) for one in found] == [("C34.1", "右肺上叶恶性肿瘤")]


@pytest.mark.django_db
def test_bounded_and_empty_for_nothing() -> None:
    assert codes("") == codes("zzzzz") == codes("龘龘龘") == codes("  ,") == []
    assert len(codes("neoplasm", limit=7)) == 7
    assert codes("neoplasm", limit=0) == []
    assert code_search.named("nonsense") is None


@pytest.mark.django_db
def test_the_hospitals_own_names_are_found_and_shown(django_assert_num_queries: Any) -> None:
    local_names.load(code_list.read(LIST).rows, by=None)
    found = code_search.search("急性阑尾", ())
    assert ("K35.8", "急性阑尾炎") in [(one.code, one.known_as) for one in found]
    assert "右肺上叶恶性肿瘤" in [one.known_as for one in code_search.search("右肺上叶", ())]
    assert "K35.8" in [one.code for one in code_search.search("急性澜尾炎", ()) if one.similar]
    assert "K35.8" in codes("acute appendix", ())
    chosen = code_search.named("K35.8")
    assert chosen is not None
    assert chosen.known_as == "急性阑尾炎"
    with django_assert_num_queries(1):
        code_search.search("阑尾", RULES)


@pytest.mark.django_db
def test_forty_thousand_names_answer_while_one_types() -> None:
    DiagnosisName.objects.bulk_create(
        DiagnosisName(code=f"C34.{n:06}", who_code="C34.9", name_zh=f"肺恶性肿瘤第{n}型伴转移") for n in range(40_000)
    )
    code_search.search("肺癌", RULES)
    code_search.search("lung", RULES)
    for text in ("肺恶性瘤第39", "恶性中瘤伴转移", "adenocarcnoma of lung"):
        began = time.process_time()
        code_search.search(text, RULES)
        assert time.process_time() - began < 0.6, text


# Nearness -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "known", "far"),
    [("lung", "lung", 0), ("lnug", "lung", 1), ("lug", "lung", 1), ("lungs", "lung", 1), ("long", "lung", 1)],
)
def test_distance(typed: str, known: str, far: int) -> None:
    assert fuzzy.distance(typed, known, 2) == far


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(0, 3))
def test_distance_is_symmetric_and_bounded(one: str, other: str, most: int) -> None:
    assert fuzzy.distance(one, other, most) == fuzzy.distance(other, one, most) <= most + 1
    assert fuzzy.distance(one, one, most) == 0


def test_the_nearest_words_only() -> None:
    words = fuzzy.Words(["appendicitis", "appendix", "lung"])
    assert words.near("apendicitis") == ["appendicitis"]
    assert words.near("lng") == []  # too short for a mistake
    assert words.near("xxxxxxxx") == []


# The list -------------------------------------------------------------------------------------------------------------


def load(path: Path, text: str, *options: str) -> str:
    path.write_text(text, encoding="utf-8")
    out = StringIO()
    call_command("load_icd10_names", str(path), *options, stdout=out)
    return out.getvalue().strip()


@pytest.mark.django_db
def test_load_counts_what_is_new_changed_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    assert load(path, LIST, "--dry-run") == "3 names; nothing was written."
    assert not DiagnosisName.objects.exists()
    assert load(path, LIST) == "3 new names, 0 changed, 0 unchanged."
    assert load(path, LIST.replace("急性阑尾炎", "阑尾炎")) == "0 new names, 1 changed, 2 unchanged."
    rows = DiagnosisName.objects.order_by("code").values_list("code", "who_code", "name_zh")
    assert list(rows) == [
        ("C34.1", "C34.1", "肺上叶恶性肿瘤"),
        ("C34.100x001", "C34.1", "右肺上叶恶性肿瘤"),
        ("K35.8", "K35.8", "阑尾炎"),
    ]
    assert "急性阑尾炎" not in [one.known_as for one in code_search.search("急性阑尾炎", ()) if one.code == "K35.8"]


@pytest.mark.django_db
def test_all_mistakes_come_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    wrong = "code,name_en,name_zh\nQQQ,a,b\nC34,,\nC34.1,ok,好\nc34.1,again,再\n,x,y\nI64,one\n"
    with pytest.raises(CommandError) as error:
        load(tmp_path / "codes.csv", wrong)
    said = str(error.value).splitlines()
    assert [line.split(": ", 1)[1] for line in said[:-1]] == [
        "[2] code: “QQQ” is not a code of WHO ICD-10",
        "[3] name_zh: a code needs a name in one language at least",
        "[5] code: “c34.1” stands here twice",
        "[6] code: must not be empty",
        "[7]: Has only 2 cells for 3 headings.",
    ]
    assert said[-1] == "5 mistakes; nothing was written."
    assert not DiagnosisName.objects.exists()


def test_a_file_without_columns_or_names_is_refused() -> None:
    assert [one.place for one in code_list.read("a,b\n1,2\n").mistakes] == ["code", "name_zh"]
    assert [one.code for one in code_list.read("code,name_en,name_zh\n,,\n").mistakes] == ["no_names"]
    assert [one.code for one in code_list.read('code,name_en,name_zh\nC34,"x,y\n').mistakes] == ["quote_unclosed"]
    assert code_list.read("\ufeffcode , name_en,name_zh\nC34,x,\n").rows[0].who_code == "C34"
