"""Finding the code of a diagnosis by what clinicians type: a code, English words, or Chinese names.

Names come from WHO's English titles, from the rules of the catalogue, and from the hospital's own list
(`diagnosis_names`). Codes that a rule of the catalogue is about come first; typing mistakes are forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cases.catalogue.core.evaluation import Rule
from cases.core import icd10
from cases.core.icd10 import CodeRange
from cases.diagnoses import local_names
from cases.diagnoses.core import fuzzy
from cases.diagnoses.local_names import Index

HAN = re.compile(r"[\u3400-\u9fff]")
MOST = 12
WIDEST = 400
"""A rule for more codes than this (any solid tumour) names no diagnosis that one could choose by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A code with WHO's English title, and the Chinese name by which it was found or is known."""

    code: str
    title: str
    known_as: str = ""


def search(text: str, rules: Iterable[Rule], *, limit: int = MOST) -> list[Found]:
    """The codes that fit, the best first."""
    text, rules, names = text.strip(), list(rules), local_names.index()
    if not text or limit <= 0:
        return []
    listed = _listed(tuple(one for rule in rules if _width(rule) <= WIDEST for one in rule.ranges))
    if HAN.search(text):
        found = list(_by_chinese(text, rules, names, listed))
    elif icd10.is_beginning(text):
        codes = sorted(icd10.beginning_with(text), key=lambda code: code not in listed)
        found = [_found(code, names) for code in codes[:limit]]
    else:
        found = [_found(code, names) for code in _by_words(text, names, listed)[:limit]]
    return list({one.code: one for one in reversed(found)}.values())[::-1][:limit]


def named(code: str) -> Found | None:
    """The code as a diagnosis that was chosen; None for what is no code."""
    try:
        known = icd10.normalise(code)
    except icd10.UnknownCodeError:
        return None
    return _found(known, local_names.index())


def _found(code: str, names: Index, known_as: str = "") -> Found:
    _name_en, name_zh = names.by_code.get(code, ("", ""))
    return Found(code=code, title=icd10.title(code), known_as=known_as or name_zh)


# Chinese --------------------------------------------------------------------------------------------------------------


def _by_chinese(text: str, rules: Sequence[Rule], names: Index, listed: frozenset[str]) -> Iterator[Found]:
    """By the names of the rules, then by the hospital's own; what is written exactly so before what is nearly so."""
    narrow = sorted((rule for rule in rules if _width(rule) <= WIDEST), key=lambda rule: (_width(rule), rule.key))
    of_rules = fuzzy.Names([rule.name_zh for rule in narrow]).holding(text)
    own = names.chinese.holding(text)
    least = min((wrong for wrong, _number in (*of_rules, *own)), default=0)
    for wrong, number in of_rules:
        if wrong == least:
            for code in _categories(narrow[number]):
                yield _found(code, names, narrow[number].name_zh)
    rows = [(names.rows[number][0], names.rows[number][2]) for wrong, number in own if wrong == least]
    for code, name in sorted(rows, key=lambda row: (row[0] not in listed, len(row[1]), row[0])):
        yield _found(code, names, name)


def _width(rule: Rule) -> int:
    return sum(len(icd10.expand(one)) for one in rule.ranges)


def _categories(rule: Rule) -> list[str]:
    """The broadest codes of the rule's ranges: `C34` rather than all that stand below it."""
    codes = [code for one in rule.ranges for code in icd10.expand(one)]
    known = set(codes)
    return [code for code in codes if "." not in code or code.split(".")[0] not in known]


@lru_cache(maxsize=8)
def _listed(ranges: tuple[CodeRange, ...]) -> frozenset[str]:
    """The codes that rules are about by name."""
    return frozenset(code for one in ranges for code in icd10.expand(one))


# English --------------------------------------------------------------------------------------------------------------


def _by_words(text: str, names: Index, listed: frozenset[str]) -> list[str]:
    """Codes whose title, or own name, has a word beginning with each word that was typed.

    A word that begins none is taken for the nearest one. Codes of the catalogue come first, categories before their
    subdivisions, short titles before long ones.
    """
    typed = re.findall(r"\w+", text.lower())
    if not typed:
        return []
    patterns = [re.compile("|".join(rf"\b{re.escape(word)}" for word in _meant(word))) for word in typed]
    own = [(code, name_en.lower()) for code, name_en, _name_zh in names.rows if name_en]
    hits: dict[str, tuple[bool, int, int, str]] = {}
    for code, title in (*icd10.titles(), *own):
        if all(pattern.search(title) for pattern in patterns):
            rank = (code not in listed, len(code), len(title), code)
            hits[code] = min(rank, hits.get(code, rank))
    return sorted(hits, key=hits.__getitem__)


@lru_cache(maxsize=4096)
def _meant(word: str) -> tuple[str, ...]:
    """The word and the classification's own for it; for a word that no title knows, the nearest ones."""
    words = _vocabulary()
    if any(known.startswith(word) for known in words.words):
        return (word, icd10.classified_as(word))
    near = words.near(word)
    return tuple({one for known in near for one in (known, icd10.classified_as(known))}) or (word,)


@lru_cache(maxsize=1)
def _vocabulary() -> fuzzy.Words:
    words = {word for _code, title in icd10.titles() for word in re.findall(r"[^\W\d]{3,}", title)}
    return fuzzy.Words({*words, *icd10.EVERYDAY_WORDS})
