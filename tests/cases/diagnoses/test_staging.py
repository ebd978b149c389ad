"""Reading and comparing stages."""

from __future__ import annotations

from datetime import date

import pytest

from cases.core import staging


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("IIIB", "IIIB"), ("3b", "IIIB"), ("Stage IIIB", "IIIB"), ("stage group iv", "IV"), ("TNM stage 1", "I"),
        ("c4A", "IVA"), ("IA2", "IA2"), ("0", "0"), ("V", None), ("", None), ("T2N0M0", None), ("early", None),
        ("ⅢB期", "IIIB"), ("Ⅳ", "IV"), ("３ 期", "III"), ("三期", "III"), ("病理分期：ⅡA期", "IIA"),
        ("FIGO IIB", "IIB"),
        ("FIGO 2018 IIIC1", "IIIC1"), ("UICC Stadium IIIA", "IIIA"), ("Ann Arbor stage IIIE", "III"),
        ("Ann Arbor IIIB", "III"), ("pT1cN0M0 (IA3), AJCC 8th", "IA3"), ("第8版 IIIA期", "IIIA"), ("3c", "IIIC"),
        ("American Joint Committee on Cancer stage IIIC (qualifier value)", "IIIC"), ("Tis N0 M0", "0"),
        ("原位癌", "0"),
        ("Tis N1 M0", None), ("limited stage", None), ("局限期", None), ("IIA or IIIB", None), ("GOLD 2", None),
        ("NYHA III", None), ("IX", None), ("I am well", None), ("III B", "IIIB"), ("IIIE", None),
    ],
)  # fmt: skip
def test_a_stage_is_read_in_many_spellings(text: str, stage: str | None) -> None:
    assert staging.normalise(text) == stage


def test_a_stage_is_found_in_words_only_where_the_word_stands() -> None:
    assert staging.find("Non-small cell carcinoma of lung, TNM stage 1 (disorder)") == "I"
    assert staging.find("Cancer of lung, grade 3") is None


@pytest.mark.parametrize(
    ("stage", "limit", "least", "most"),
    [
        ("IIIB", "IIIB", True, True), ("IIIA", "IIIB", False, True), ("IV", "IIIB", True, False),
        ("III", "IIIB", True, True), ("IIB", "II", True, True), ("IIIC", "III", True, True), ("IB", "II", False, True),
        ("IA2", "IA", True, True), ("0", "I", False, True),
    ],
)  # fmt: skip
def test_without_a_sub_stage_the_major_stages_are_compared(stage: str, limit: str, least: bool, most: bool) -> None:
    assert (staging.at_least(stage, limit), staging.at_most(stage, limit)) == (least, most)


def recorded(stage: str, day: date | None = None, kind: str = staging.OTHER) -> staging.RecordedStage:
    return staging.RecordedStage(stage=stage, day=day, kind=kind)


def test_what_was_found_in_the_tissue_counts_before_what_was_seen_then_the_newest_then_the_highest() -> None:
    onset, today = date(2026, 1, 1), date(2026, 11, 30)
    clinical = recorded("IIA", date(2026, 5, 1), staging.CLINICAL)
    tissue = recorded("IIIB", date(2026, 3, 1), staging.PATHOLOGICAL)
    assert staging.chosen([clinical, tissue], onset=onset, today=today) == "IIIB"
    newer = [recorded("II", date(2026, 2, 1)), recorded("I", date(2026, 3, 1))]
    assert staging.chosen(newer, onset=onset, today=today) == "I"
    assert staging.chosen([recorded("IIA"), recorded("IIB")], onset=onset, today=today) == "IIB"


def test_a_stage_from_before_the_disease_or_of_the_future_does_not_count() -> None:
    old, coming = recorded("IV", date(2015, 1, 1)), recorded("IV", date(2026, 12, 1))
    assert staging.chosen([old, coming], onset=date(2026, 1, 1), today=date(2026, 11, 30)) is None


def test_codes_of_mcode_need_no_display() -> None:
    assert staging.read(["1222806003"]) == "IIIC"
    assert staging.read(["limited", "Stage IIB"]) == "IIB"
