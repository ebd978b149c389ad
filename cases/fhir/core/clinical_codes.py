"""Codes of other systems -> WHO ICD-10, scores and stages. Pure.

SNOMED CT comes from cases/data/snomed_to_icd10.csv; ICD-10-CM and national ICD-10 editions are cut to WHO's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cases.catalogue.core import vocabulary
from cases.core import icd10, staging
from cases.fhir.core.json_fields import Coding

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
_ICD_10 = re.compile(r"icd-?10|2\.16\.840\.1\.113883\.6\.(3|90)$", re.IGNORECASE)
_NOT_DIAGNOSES = re.compile(r"pcs", re.IGNORECASE)

_CM_DIFFERS = {
    "C80.0": "C79.9", "C80.1": "C80.9", "N18.6": "N18.5", "E10.621": "E10.5", "E11.621": "E11.5", "E13.621": "E13.5",
}  # fmt: skip
"""ICD-10-CM codes whose first characters mean something else in WHO's edition."""

_SCORES = {
    (LOINC, "70182-1"): "NIHSS",
    (LOINC, "72089-6"): "NIHSS",
    (SNOMED, "450743008"): "NIHSS",
    (LOINC, "9269-2"): "GCS",
    (LOINC, "35088-4"): "GCS",
    (SNOMED, "248241002"): "GCS",
    (LOINC, "39156-5"): "BMI",
    (SNOMED, "60621009"): "BMI",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A diagnosis in WHO ICD-10, and what its original code says besides.

    `role` is empty, `suspected` (not confirmed) or `history` (past); `disease` names the disease where `code` does not.
    """

    code: str
    raw: str
    system: str
    display: str
    role: str = ""
    disease: str = ""
    stage: str | None = None
    flags: frozenset[str] = frozenset()
    scores: Mapping[str, float] = field(default_factory=dict)


def diagnosis(codings: Iterable[Coding], text: str = "") -> Diagnosis | None:
    """The diagnosis that the codings agree on: ICD-10 before SNOMED CT. None if no code is known."""
    codings = list(codings)
    words = text or next((coding.display for coding in codings if coding.display), "")
    for coding in codings:
        if _ICD_10.search(coding.system) and not _NOT_DIAGNOSES.search(coding.system):
            code = _who_code(coding)
            if code:
                display = words or icd10.title(code)
                return Diagnosis(
                    code=code,
                    raw=coding.code,
                    system=coding.system,
                    display=display,
                    stage=_neoplasm_stage(code, words),
                )
    for coding in codings:
        if coding.system in (SNOMED, "urn:oid:2.16.840.1.113883.6.96") and coding.code in _snomed():
            return _from_snomed(coding, words)
    return None


def score(codings: Iterable[Coding]) -> str | None:
    """Which score an observation holds."""
    return next((_SCORES[key] for coding in codings if (key := (coding.system, coding.code)) in _SCORES), None)


def is_stage(codings: Iterable[Coding]) -> bool:
    """Whether an observation holds a stage: a TNM stage group, or FIGO's."""
    return any((coding.system, coding.code) in staging.OBSERVED for coding in codings)


def stage_kind(codings: Iterable[Coding]) -> str:
    """How the observation of a stage was made: clinical, pathological, or "" where its code does not say."""
    return next((kind for one in codings if (kind := staging.OBSERVED.get((one.system, one.code)))), staging.OTHER)


def is_observed(codings: Iterable[Coding]) -> bool:
    """Whether an observation is of any use to the catalogue."""
    codings = list(codings)
    return is_stage(codings) or score(codings) is not None


def _who_code(coding: Coding) -> str | None:
    if "cm" in coding.system.lower() or coding.system.endswith(".6.90"):
        for special, code in _CM_DIFFERS.items():
            if coding.code.upper().startswith(special):
                return code
    return icd10.nearest(coding.code)


def _neoplasm_stage(code: str, words: str) -> str | None:
    """A stage in the words of a diagnosis means a tumour's stage only for a tumour (kidney disease has stages too)."""
    if code[0] == "C":
        return staging.find(words)
    return "0" if code[:2] == "D0" else None


def _from_snomed(coding: Coding, words: str) -> Diagnosis | None:
    row = _snomed()[coding.code]
    if not row["icd10"]:
        return None
    scores = dict(pair.split("=") for pair in row["scores"].split())
    return Diagnosis(
        code=row["icd10"],
        raw=coding.code,
        system=coding.system,
        display=words or row["display"],
        role=row["role"],
        disease=row["disease"],
        stage=row["stage"] or _neoplasm_stage(row["icd10"], f"{coding.display} {row['display']}"),
        flags=frozenset(row["flags"].split()),
        scores={name: float(value) for name, value in scores.items()},
    )


@lru_cache(maxsize=1)
def _snomed() -> dict[str, dict[str, str]]:
    return {row["snomed"]: row for row in vocabulary.rows(vocabulary.DATA / "snomed_to_icd10.csv")}
