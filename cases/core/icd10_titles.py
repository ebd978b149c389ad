"""What a code of WHO ICD-10 is called, in English and in Chinese. Pure; the Chinese stands in cases/data/icd10_zh.csv.

The English titles are WHO's own. Chinese ones exist for every category and for the four-character codes that the file
holds; any other code bears the title of its category, with its own last figure.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from cases.core import icd10

FILE = Path(__file__).resolve().parents[1] / "data" / "icd10_zh.csv"


@lru_cache(maxsize=1)
def chinese() -> Mapping[str, str]:
    """The Chinese titles of the file, by code."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return MappingProxyType({row["code"]: row["title"] for row in rows})


@lru_cache(maxsize=8192)
def title(code: str, language: str = "en") -> str:
    """The title of a WHO code in a language; `zh…` is Chinese, anything else English. Raises UnknownCodeError."""
    known = icd10.normalise(code)
    return _chinese(known) if language.startswith("zh") else icd10.title(known)


def is_title(words: str, code: str) -> bool:
    """Whether the words say no more than the title of the code, in either language."""
    said = words.strip().casefold()
    return icd10.exists(code) and said in {title(code, language).casefold() for language in ("en", "zh-hans")}


def without_chinese() -> tuple[str, ...]:
    """The codes that have no Chinese title of their own, in order."""
    return tuple(code for code in icd10.codes() if code not in chinese())


def _chinese(code: str) -> str:
    titles = chinese()
    if code in titles:
        return titles[code]
    category, _dot, subdivision = code.partition(".")
    return f"{titles[category]}(.{subdivision})"
