"""Finding the code of a diagnosis by what clinicians type: a code, English words, or the catalogue's Chinese names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cases import icd10
from cases.catalogue import Rule

HAN = re.compile(r"[\u3400-\u9fff]")
MOST = 12
WIDEST = 400
"""A rule for more codes than this (any solid tumour) names no diagnosis that one could choose by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A code with WHO's English title, and the catalogue's name by which it was found."""

    code: str
    title: str
    known_as: str = ""


def search(text: str, rules: Iterable[Rule], *, limit: int = MOST) -> list[Found]:
    """The codes that fit, the best first; Chinese is looked up in the names of the rules."""
    text = text.strip()
    if not HAN.search(text):
        return [Found(code=code, title=title) for code, title in icd10.search(text, limit)]
    found: dict[str, Found] = {}
    for rule in sorted(rules, key=lambda rule: (_width(rule), rule.key)):
        if text in rule.name_zh and _width(rule) <= WIDEST:
            for code in _categories(rule):
                found.setdefault(code, Found(code=code, title=icd10.title(code), known_as=rule.name_zh))
    return list(found.values())[:limit]


def named(code: str) -> Found | None:
    """The code as a diagnosis that was chosen; None for what is no code."""
    try:
        known = icd10.normalise(code)
    except icd10.UnknownCodeError:
        return None
    return Found(code=known, title=icd10.title(known))


def _width(rule: Rule) -> int:
    return sum(len(icd10.expand(one)) for one in rule.ranges)


def _categories(rule: Rule) -> list[str]:
    """The broadest codes of the rule's ranges: `C34` rather than all that stand below it."""
    codes = [code for one in rule.ranges for code in icd10.expand(one)]
    known = set(codes)
    return [code for code in codes if "." not in code or code.split(".")[0] not in known]
