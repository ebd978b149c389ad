"""Reading scores: what is a number, and what can be."""

from __future__ import annotations

import math

import pytest

from cases.core import scores


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12), ("12", 12), ("12 points", 12), ("１２分", 12), ("12/42", 12), ("7,5", 7.5), (-5, -5), ("<18", None),
        ("NaN", None), (math.nan, None), (math.inf, None), (10**400, None), (True, None), (None, None),
        ("twelve", None),
    ],
)  # fmt: skip
def test_a_number_is_read_and_nothing_else(value: object, number: float | None) -> None:
    assert scores.number(value) == number


@pytest.mark.parametrize(("value", "fits"), [(0, True), (42, True), (43, False), (-1, False), (math.nan, False)])
def test_a_score_lies_in_its_range(value: float, fits: bool) -> None:
    assert scores.fits("NIHSS", value) is fits
