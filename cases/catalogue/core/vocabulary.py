"""The words that a rule may use: disciplines, disease groups, materials, flags, scores. Pure; read from data files."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cases.core import icd10, scores

DATA = Path(__file__).resolve().parents[2] / "data"
REFERENCE = DATA.parents[1] / "experts" / "data"
CATALOGUE_FILE = DATA / "catalogue.json"

SCORES = tuple(scores.LIMITS)
FLAGS = (
    "anaplastic", "biopsy_considered", "biopsy_done", "bone_metastasis", "brain_metastasis", "complicated",
    "cord_compression", "diagnosis_unclear", "difficult", "drug_resistant", "fistula", "immunosuppressed",
    "intervention_considered", "liver_metastasis", "low_grade", "low_risk", "lvad_candidate", "medullary",
    "neuro_deficit", "neurovascular", "oligometastatic", "open_fracture", "organ_failure", "portal_vein_thrombus",
    "pregnant", "prosthetic_valve", "recurrence", "refractory", "surgery_considered", "suspected",
    "transplant_candidate", "treatment_failure",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What exists. `groups` maps a disease group to the code ranges that are its own."""

    disciplines: frozenset[str]
    groups: Mapping[str, tuple[icd10.CodeRange, ...]]
    materials: frozenset[str]
    materials_of_group: Mapping[str, tuple[str, ...]]

    def group_of(self, code_range: icd10.CodeRange) -> str:
        """The group with the narrowest range around `code_range`; `general` if there is none."""
        fits = [
            (len(icd10.expand(own)), key)
            for key, ranges in self.groups.items()
            for own in ranges
            if own.covers(code_range.first) and own.covers(code_range.last)
        ]
        return min(fits)[1] if fits else "general"


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, by column name."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=1)
def materials_in_order() -> tuple[str, ...]:
    """The materials as the file lists them: what every case needs first."""
    return tuple(row["code"] for row in rows(DATA / "materials.csv"))


@lru_cache(maxsize=1)
def shipped() -> Vocabulary:
    """The vocabulary of the project's own data files."""
    groups = {
        row["key"]: tuple(icd10.parse_range(text) for text in row["icd10"].split())
        for row in rows(REFERENCE / "disease_groups.csv")
    }
    materials = [(row["code"], row["groups"].split()) for row in rows(DATA / "materials.csv")]
    return Vocabulary(
        disciplines=frozenset(row["key"] for row in rows(REFERENCE / "disciplines.csv")),
        groups=groups,
        materials=frozenset(code for code, _ in materials),
        materials_of_group={
            key: tuple(code for code, used_by in materials if key in used_by or "*" in used_by) for key in groups
        },
    )
