"""The rare diseases of China's two national lists, the ICD-10 codes in which they lie and their class. Pure.

Data: cases/data/rare_diseases.csv, all 121 diseases of the first list (2018) and all 86 of the second (2023) of the
National Health Commission. Only a code that means nothing common sets the class by itself. Where a code holds common
diseases too, whoever refers is told which rare ones it may be, and says so. Codes and classes are the project's own:
A for what has a treatment that changes its course, B for what has none or a weak one, C for what is rarer still and has
none.
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
    """One entry of a national list; `number` is its place there.

    Its `ranges` name nothing common; its `shared` ranges hold common diseases as well.
    """

    edition: int
    number: int
    name_zh: str
    name_en: str
    ranges: tuple[icd10.CodeRange, ...]
    shared: tuple[icd10.CodeRange, ...]
    rare_class: str


def listed(code: str) -> tuple[RareDisease, ...]:
    """The diseases of the lists that this code (WHO's spelling) means, which then means nothing common."""
    return tuple(one for one in diseases() if any(part.covers(code) for part in one.ranges))


@lru_cache(maxsize=4096)
def possible(code: str) -> tuple[RareDisease, ...]:
    """The diseases of the lists that this code may mean beside common ones; none where the code sets the class."""
    if listed(code):
        return ()
    return tuple(one for one in diseases() if any(part.covers(code) for part in one.shared))


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
                ranges=_ranges(row["icd10"]),
                shared=_ranges(row["shared"]),
                rare_class=row["rare_class"],
            )
            for row in csv.DictReader(line for line in file if not line.startswith("#"))
        )


def _ranges(text: str) -> tuple[icd10.CodeRange, ...]:
    return tuple(icd10.parse_range(one) for one in text.split())
