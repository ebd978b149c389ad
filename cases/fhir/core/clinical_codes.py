"""The codes of FHIR resources: diagnoses (by cases/core/code_systems.py), scores and stages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cases.core import code_systems, staging
from cases.core.code_systems import CodeMap, Resolved
from cases.diagnoses.core import code_map
from cases.fhir.core.json_fields import Coding

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
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
    """A diagnosis in WHO ICD-10, and what its original code says besides; `display` are the words that came with it.

    `role` is empty, `suspected` (not confirmed), `history` (past) or `excluded` (not there); `disease` names the
    disease where `code` does not.
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


def diagnosis(codings: Iterable[Coding], text: str = "", maps: CodeMap | None = None) -> Diagnosis | None:
    """The diagnosis that the codings agree on: ICD-10 before other systems. None if no code is known.

    `maps` are those of the hospital with those of the product (diagnoses.code_maps.present); without, the product's.
    """
    codings = list(codings)
    words = text or next((coding.display for coding in codings if coding.display), "")
    known = code_map.shipped() if maps is None else maps
    found = [
        (one, coding)
        for coding in codings
        if (one := code_systems.resolve(coding.code, coding.system, maps=known)) is not None
    ]
    found.sort(key=lambda one: one[0].edition not in code_systems.EDITIONS)  # sort keeps the order within each
    return _diagnosis(*found[0], words) if found else None


def score(codings: Iterable[Coding]) -> str | None:
    """Which score an observation holds."""
    return next((_SCORES[key] for coding in codings if (key := (coding.system, coding.code)) in _SCORES), None)


def is_stage(codings: Iterable[Coding]) -> bool:
    """Whether an observation holds a stage: a TNM stage group, or FIGO's."""
    return any((coding.system, coding.code) in staging.OBSERVED for coding in codings)


def stage(words: Iterable[str]) -> str | None:
    """The first stage that words or codes of a stage's value name."""
    return staging.read(words)


def is_observed(codings: Iterable[Coding]) -> bool:
    """Whether an observation is of any use to the catalogue."""
    codings = list(codings)
    return is_stage(codings) or score(codings) is not None


def _diagnosis(found: Resolved, coding: Coding, words: str) -> Diagnosis:
    row = found.row
    if row is None:
        return Diagnosis(
            code=found.code,
            raw=found.raw.strip(),
            system=found.system,
            display=words,
            role=found.certainty,
            stage=_neoplasm_stage(found.code, words),
        )
    return Diagnosis(
        code=found.code,
        raw=found.raw.strip(),
        system=found.system,
        display=words,
        role=row.role,
        disease=row.disease,
        stage=row.stage or _neoplasm_stage(found.code, f"{coding.display} {row.display}"),
        flags=row.flags,
        scores=row.scores,
    )


def _neoplasm_stage(code: str, words: str) -> str | None:
    """A stage in the words of a diagnosis means a tumour's stage only for a tumour (kidney disease has stages too)."""
    if code[0] == "C":
        return staging.find(words)
    return "0" if code[:2] == "D0" else None
