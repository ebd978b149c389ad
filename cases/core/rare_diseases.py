"""The rare diseases of China's two national lists that an ICD-10 code names, with the class that follows. Pure.

Data: cases/data/rare_diseases.csv. The lists are those of the National Health Commission: the first of 2018 with 121
diseases, the second of 2023 with 86. Only diseases whose code means nothing common are in the file: a code that also
covers common diseases sets nothing. Codes and classes are the project's own: A for what has a treatment that changes
its course, B for what has none or a weak one, C for what is rarer still and has none.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cases.core import icd10

FILE = Path(__file__).resolve().parents[1] / "data" / "rare_diseases.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class RareDisease:
    """One entry of a national list; `number` is its place there."""

    edition: int
    number: int
    name_zh: str
    name_en: str
    ranges: tuple[icd10.CodeRange, ...]
    rare_class: str


def listed(code: str) -> tuple[RareDisease, ...]:
    """The diseases of the lists that have this code (WHO's spelling)."""
    return tuple(one for one in diseases() if any(part.covers(code) for part in one.ranges))


@lru_cache(maxsize=4096)
def class_of(code: str) -> str:
    """The class that the code sets by itself, the most pressing of its diseases; "" for a code that sets none."""
    return min((one.rare_class for one in listed(code)), default="")


@lru_cache(maxsize=1)
def diseases() -> tuple[RareDisease, ...]:
    """The file, in its order."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            RareDisease(
                edition=int(row["list"]),
                number=int(row["number"]),
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                ranges=tuple(icd10.parse_range(text) for text in row["icd10"].split()),
                rare_class=row["rare_class"],
            )
            for row in csv.DictReader(file)
        )
