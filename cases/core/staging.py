"""Stages of a tumour: reading them and comparing them. Pure.

A stage is written `0`, `I`..`IV`, with an optional sub-stage: `IIIB`, `IA2`.
"""

from __future__ import annotations

import re

STAGES = ("0", "I", "IA", "IB", "II", "IIA", "IIB", "III", "IIIA", "IIIB", "IIIC", "IV", "IVA", "IVB")
"""The stages that a rule may name and a form offers, in order (the catalogue's `stage_order`)."""

_MAJOR = {"0": 0, "I": 1, "II": 2, "III": 3, "IV": 4}
_ROMAN = ("0", "I", "II", "III", "IV")
_VALUE = r"[cpy]{0,2}(?P<major>0|IV|I{1,3}|[1-4])\s*(?P<sub>[A-D]\d?)?(?=$|[^\w])"
_WORD = r"(?:TNM\s+|AJCC\s+|FIGO\s+|clinical\s+|pathologic(?:al)?\s+)?stages?\s*(?:group\s*)?:?\s*"
_STAGE = re.compile(rf"(?:{_WORD})?{_VALUE}", re.IGNORECASE)
_NAMED = re.compile(rf"\b{_WORD}{_VALUE}", re.IGNORECASE)


def normalise(text: str) -> str | None:
    """`3b`, `Stage IIIB`, `stage group IIIB` are `IIIB`; None for what is no stage."""
    return _read(_STAGE.fullmatch(text.strip()))


def find(text: str) -> str | None:
    """The stage that a sentence names with the word itself: `Carcinoma of lung, TNM stage 1` names I."""
    return _read(_NAMED.search(text))


def at_least(stage: str, limit: str) -> bool:
    """Whether `stage` is `limit` or beyond; where one of the two has no sub-stage, the major stages are compared."""
    return _compare(stage, limit) >= 0


def at_most(stage: str, limit: str) -> bool:
    """Whether `stage` is `limit` or before; where one of the two has no sub-stage, the major stages are compared."""
    return _compare(stage, limit) <= 0


def coarser(stage: str, limit: str | None) -> bool:
    """Whether the answer rests on the major stage alone: the limit names a sub-stage of it, the case does not."""
    if limit is None:
        return False
    (major, sub), (limit_major, limit_sub) = order(stage), order(limit)
    return major == limit_major and not sub and bool(limit_sub)


def _read(found: re.Match[str] | None) -> str | None:
    if not found:
        return None
    major = found["major"].upper()
    if major.isdigit():
        major = _ROMAN[int(major)]
    return major + (found["sub"] or "").upper()


def _compare(one: str, other: str) -> int:
    (major, sub), (other_major, other_sub) = order(one), order(other)
    if major != other_major:
        return major - other_major
    if sub.startswith(other_sub) or other_sub.startswith(sub):  # an absent sub-stage begins every other
        return 0
    return 1 if sub > other_sub else -1


def order(stage: str) -> tuple[int, str]:
    """By which stages are sorted. Raises ValueError for what is no stage."""
    match = re.fullmatch(r"(0|IV|I{1,3})([A-D]\d?)?", stage)
    if not match:
        raise ValueError(f"not a stage: {stage!r}")
    return _MAJOR[match[1]], match[2] or ""
