"""Finding the code of a diagnosis by what clinicians type: a code of any edition, words, Chinese, or pinyin.

Names come from the titles of WHO ICD-10 in both languages, from everyday names (diagnosis_synonyms.csv), from the
national lists of rare diseases and from the hospital's own list (`local_names`). Those that fit exactly come before
those that begin so, hold the words, or sound so; within each, codes that a rule of the catalogue is about come first.
What only nearly fits comes where nothing fits better, and is marked.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from django.utils.translation import get_language

from cases.catalogue.core import vocabulary
from cases.catalogue.core.evaluation import Rule
from cases.core import code_systems, icd10, icd10_titles, rare_diseases
from cases.core.icd10 import CodeRange
from cases.diagnoses import local_names
from cases.diagnoses.core import name_index
from cases.diagnoses.core.name_index import HAN, Name, NameIndex
from cases.models import diagnosis_names

MOST = 12
WIDEST = 400
"""A rule for more codes than this (any solid tumour) names no diagnosis that one could choose by it."""


class Fit(IntEnum):
    """How well a name fits what was typed, the best first."""

    CODE = 0
    EXACT = 1
    BEGINNING = 2
    WORDS = 3
    BEGINNINGS_OF_WORDS = 4
    PINYIN = 5
    RULE = 6
    SIMILAR = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A code with its titles, which are the hospital's own where it has any, the everyday or the hospital's name by
    which it was found or is known, and whether it only nearly fits."""

    code: str
    title: str
    title_zh: str
    known_as: str = ""
    similar: bool = False

    @property
    def name(self) -> str:
        """The title in the reader's language."""
        return self.title_zh if _is_chinese() else self.title

    @property
    def also(self) -> str:
        """What else it is called: the name by which it was found, else the title in the other language."""
        if self.known_as and self.known_as != self.name:
            return self.known_as
        return self.title if _is_chinese() else self.title_zh


def _is_chinese() -> bool:
    return (get_language() or "en").startswith("zh")


def search(text: str, rules: Iterable[Rule], *, limit: int = MOST, own: local_names.Index | None = None) -> list[Found]:
    """The codes that fit, the best first. `own` are the hospital's names; without, those of the database."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not text or limit <= 0:
        return []
    narrow = [rule for rule in rules if _width(rule) <= WIDEST]
    listed = _listed(tuple(one for rule in narrow for one in rule.ranges))
    own = local_names.index() if own is None else own
    best: dict[str, tuple[tuple[object, ...], Name | None, Fit]] = {}
    for fit, within, name in _hits(text, narrow, own):
        rank = (fit, within, name.code not in listed, not name.everyday, len(name.code), len(name.text), name.code)
        if name.code not in best or rank < best[name.code][0]:
            best[name.code] = rank, name, fit
    ranked = sorted(best.items(), key=lambda one: one[1][0])  # type: ignore[arg-type, return-value]
    return [
        _found(code, own, name.text if name and name.everyday else "", similar=fit == Fit.SIMILAR)
        for code, (_rank, name, fit) in ranked[:limit]
    ]


def named(code: str) -> Found | None:
    """The code as a diagnosis that was chosen; None for what is no code."""
    try:
        known = icd10.normalise(code)
    except icd10.UnknownCodeError:
        return None
    return _found(known, local_names.index())


def codes_called(text: str) -> set[str]:
    """The codes whose title or everyday name fits the text in either language, or by pinyin, with what lies in them."""
    text = unicodedata.normalize("NFKC", text).strip()
    if len(text) < 2 or code_systems.who_code(text):
        return set()
    hits = _of_names(text, names())
    called = {name.code for fit, _within, name in hits if fit != Fit.BEGINNINGS_OF_WORDS}
    return {code for one in called for code in icd10.expand(CodeRange(one, one))}


def _found(code: str, own: local_names.Index, known_as: str = "", *, similar: bool = False) -> Found:
    return Found(
        code=code,
        title=diagnosis_names.title(code, own=own, language="en"),
        title_zh=diagnosis_names.title(code, own=own, language="zh-hans"),
        known_as=known_as or own.by_code.get(code, ("", ""))[1],
        similar=similar,
    )


# What fits ------------------------------------------------------------------------------------------------------------

Hit = tuple[Fit, int, Name]


def _hits(text: str, rules: list[Rule], own: local_names.Index) -> Iterator[Hit]:
    """All that fits, in no order; what is similar only where nothing fits better."""
    yield from _by_code(text, own)
    better = False
    local = [(fit, within - 1, name) for fit, within, name in _of_names(text, own.names)]  # before others that fit so
    for hit in (*_of_names(text, names()), *local, *_by_rules(text, rules)):
        better = True
        yield hit
    if not better and not icd10.is_beginning(text):
        yield from _similar(text, names())
        yield from _similar(text, own.names)


def _by_code(text: str, own: local_names.Index) -> Iterator[Hit]:
    known = code_systems.who_code(text)
    if known:
        _who_code, name_en, name_zh = own.by_raw.get(text.upper(), ("", "", ""))
        called = (name_zh or name_en) if _is_chinese() else (name_en or name_zh)
        yield Fit.CODE, 0, Name(code=known, text=called, everyday=bool(called))
    if icd10.is_beginning(text):
        for code in icd10.beginning_with(text):
            yield Fit.BEGINNING, 0, Name(code=code, text="")


def _of_names(text: str, index: NameIndex) -> list[Hit]:
    typed = name_index.fold(text)
    if not typed:
        return []
    return list(_by_chinese(typed, index) if HAN.search(typed) else _by_letters(typed, index))


def _by_chinese(typed: str, index: NameIndex) -> Iterator[Hit]:
    for within, words in enumerate(name_index.in_other_words(typed)):
        for number in index.exactly.get(words, ()):
            yield Fit.EXACT, within, index.names[number]
        if len(words) > 1:
            for number in index.with_text(words):
                begins = index.folded[number].startswith(words)
                yield Fit.BEGINNING if begins else Fit.WORDS, within, index.names[number]


def _by_letters(typed: str, index: NameIndex) -> Iterator[Hit]:
    words = name_index.words_of(typed)
    for number in index.exactly.get(typed, ()):
        yield Fit.EXACT, 0, index.names[number]
    whole = index.with_words(words, whole=True)
    for number in index.with_words(words, whole=False):
        if index.folded[number].startswith(typed):
            fit = Fit.BEGINNING
        else:
            fit = Fit.WORDS if number in whole else Fit.BEGINNINGS_OF_WORDS
        yield fit, 0, index.names[number]
    letters = typed.replace(" ", "")
    if letters.isascii() and letters.isalpha() and len(letters) > 1:
        for within, number in index.by_pinyin(letters):
            yield Fit.PINYIN, within, index.names[number]


def _by_rules(text: str, rules: list[Rule]) -> Iterator[Hit]:
    """The codes of the rules that are called so. A rule's name says what it is for, and is no title of a code."""
    typed = name_index.fold(text)
    if not HAN.search(typed) or len(typed) < 2:
        return
    for rule in rules:
        if typed in name_index.fold(rule.name_zh):
            for code in _categories(rule):
                yield Fit.RULE, _width(rule), Name(code=code, text="")


def _similar(text: str, index: NameIndex) -> Iterator[Hit]:
    typed = name_index.fold(text)
    if not HAN.search(typed):
        for number in index.with_nearly(name_index.words_of(typed)):
            yield Fit.SIMILAR, 0, index.names[number]
        return
    for words in name_index.in_other_words(typed):
        for number in index.sounding_like(words):
            yield Fit.SIMILAR, 0, index.names[number]
        if len(words) >= 4:
            for number in index.with_signs(words):
                yield Fit.SIMILAR, 1, index.names[number]
            for number in index.within(words):
                yield Fit.SIMILAR, 100 - len(index.folded[number]), index.names[number]


# Names ----------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def names() -> NameIndex:
    """Titles in both languages, everyday names and those of rare diseases, ready to be searched; built once."""
    with (vocabulary.DATA / "diagnosis_synonyms.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    everyday = [Name(code=row["code"], text=row["name"], everyday=True) for row in rows]
    english = [Name(code=code, text=re.sub(r"^Malignant neoplasm: ", "Malignant neoplasm of ", icd10.title(code)))
               for code in icd10.codes()]  # fmt: skip
    chinese = [Name(code=code, text=title) for code, title in icd10_titles.chinese().items()]
    return NameIndex([*english, *chinese, *everyday, *_rare(everyday)])


def _rare(known: Iterable[Name]) -> Iterator[Name]:
    """The names of the national lists of rare diseases, each with the codes in which the disease lies."""
    taken = {(name.code, name_index.fold(name.text)) for name in known}
    for one in rare_diseases.diseases():
        for text in (one.name_zh, one.name_en):
            for part in (*one.ranges, *one.shared):
                if (part.first, name_index.fold(text)) not in taken:
                    yield Name(code=part.first, text=text, everyday=True)


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
