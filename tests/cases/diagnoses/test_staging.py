"""Reading and comparing stages."""

from __future__ import annotations

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


def test_codes_of_mcode_need_no_display() -> None:
    assert staging.read(["1222806003"]) == "IIIC"
    assert staging.read(["limited", "Stage IIB"]) == "IIB"
