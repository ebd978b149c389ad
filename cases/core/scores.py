"""Scores: reading a measured value, and the range in which it can lie. Pure.

One reader for the form, the API, FHIR and tables. A value out of its range is a typing mistake or another scale: it
would fall through every rule and look like "no discussion needed", so it is never taken; the score is not known then.
"""

from __future__ import annotations

import math
import re
import unicodedata

LIMITS: dict[str, tuple[float, float]] = {
    "NIHSS": (0, 42),
    "GCS": (3, 15),
    "SYNTAX": (0, 100),
    "BMI": (5, 150),
    "ISS": (0, 75),
}
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,6})?")
_COUNT = re.compile(rf"({_NUMBER.pattern})\s*(?:/\s*\d+|points?|pts?\.?|分|score|\{{score\}}|kg/m2)?", re.IGNORECASE)


def limits(name: str) -> tuple[float, float]:
    """From where to where a score can lie; everything for one that the portal does not know."""
    return LIMITS.get(name, (-math.inf, math.inf))


def number(value: object) -> float | None:
    """The value as a finite number: `12`, `12.0`, `"12"`, `"12 points"`, `"１２分"`; None for anything else.

    `"<18"`, `"NaN"` and `True` are no numbers: a bound is not a value.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if math.isfinite(found) else None
    if isinstance(value, str):
        read = _COUNT.fullmatch(unicodedata.normalize("NFKC", value).strip())
        return float(read[1].replace(",", ".")) if read else None
    return None


def fits(name: str, value: float) -> bool:
    """Whether the score can have this value."""
    low, high = limits(name)
    return math.isfinite(value) and low <= value <= high
