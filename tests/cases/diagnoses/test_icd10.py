"""WHO ICD-10: codes, ranges, search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.core import icd10


@pytest.mark.parametrize("text", ["C34.9", "c349", " c34.9 ", "C34.9†", "C349"])
def test_a_code_is_read_in_any_usual_spelling(text: str) -> None:
    assert icd10.normalise(text) == "C34.9"


@pytest.mark.parametrize("text", ["", "C", "C34.99", "C99", "XYZ", "C15-C26", "II", "34.9"])
def test_what_is_no_code_is_refused(text: str) -> None:
    assert not icd10.exists(text)
    with pytest.raises(icd10.UnknownCodeError):
        icd10.normalise(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [("C34.90", "C34.9"), ("S72.001A", "S72.0"), ("K35.80", "K35.8"), ("I64", "I64"), ("C7A.00", None), ("", None)],
)
def test_codes_of_other_editions_are_cut_to_the_one_of_who(text: str, code: str | None) -> None:
    assert icd10.nearest(text) == code


def test_a_range_without_a_block_of_its_own_is_expanded() -> None:
    codes = icd10.expand(icd10.parse_range("C18-C21"))
    assert (codes[0], codes[-1], "C20" in codes, "C19" in codes, "C22" in codes) == ("C18", "C21.8", True, True, False)


def test_a_range_of_subcategories_leaves_out_its_category() -> None:
    burns = icd10.parse_range("T31.3-T31.9")
    assert [burns.covers(code) for code in ("T31", "T31.2", "T31.3", "T31.9", "T32.3")] == [
        False, False, True, True, False,
    ]  # fmt: skip


def test_a_category_is_a_range_of_all_its_subdivisions() -> None:
    lung = icd10.parse_range("C34")
    assert [lung.covers(code) for code in ("C34", "C34.9", "C33", "C35")] == [True, True, False, False]


def test_an_impossible_range_is_refused() -> None:
    with pytest.raises(ValueError, match="C21-C18"):
        icd10.parse_range("C21-C18")
    with pytest.raises(icd10.UnknownCodeError, match=r"C99"):
        icd10.parse_range("C18-C99")


@given(st.sampled_from(icd10.codes()), st.sampled_from(icd10.codes()), st.sampled_from(icd10.codes()))
def test_covering_and_expanding_agree(first: str, last: str, code: str) -> None:
    low, high = sorted((first, last), key=lambda one: one.replace(".", ""))
    code_range = icd10.parse_range(f"{low}-{high}")
    assert code_range.covers(code) == (code in icd10.expand(code_range))
    assert code_range.covers(low)
    assert code_range.covers(high)


@pytest.mark.parametrize(("text", "is_one"), [("C3", True), ("c34.1", True), ("lung", False), ("5-FU", False)])
def test_what_looks_like_the_beginning_of_a_code(text: str, is_one: bool) -> None:
    assert icd10.is_beginning(text) == is_one


def test_titles() -> None:
    assert icd10.title("c34.9") == "Malignant neoplasm: Bronchus or lung, unspecified"
