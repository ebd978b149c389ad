"""Which diagnoses are one disease, and which diseases count as comorbidities. Pure; our judgement, no source.

One disease comes as several records: suspected, confirmed, staged, unspecified and specified. Those whose codes lie in
one family below are the same disease; any other code stands for its three-character category.
"""

from __future__ import annotations

from functools import lru_cache

from cases.core import icd10

METASTASIS = "metastasis"
_FAMILIES = {
    METASTASIS: "C77-C79",
    "head-neck": "C00-C14 C30-C32 D00.0 D02.0",
    "oesophagus": "C15 D00.1",
    "stomach": "C16 D00.2 D37.1",
    "colon": "C18 D01.0 D37.4",
    "rectum": "C19-C20 D01.1-D01.2 D37.5",
    "liver": "C22 D37.6",
    "biliary": "C23-C24",
    "pancreas": "C25 D37.7",
    "lung": "C33-C34 D02.1-D02.2 D38.1 R91",
    "melanoma": "C43 D03",
    "skin": "C44 D04",
    "breast": "C50 D05 D48.6",
    "cervix": "C53 D06",
    "uterus": "C54-C55 D07.0 D39.0",
    "ovary": "C56-C57 D39.1",
    "prostate": "C61 D07.5 D40.0",
    "kidney": "C64-C65 D41.0",
    "bladder": "C67 D09.0 D41.4",
    "brain": "C70-C72 D33 D43",
    "thyroid": "C73 D44.0",
    "lymphoma": "C81-C88",
    "leukaemia": "C91-C95",
    "diabetes": "E10-E14",
    "dementia": "F00-F03 G30",
    "epilepsy": "G40-G41",
    "hypertension": "I10-I15",
    "coronary": "I20 I24-I25",
    "infarction": "I21-I22",
    "endocarditis": "I33 I38-I39",
    "stroke": "I60-I61 I63-I64",
    "chronic-lung": "J40-J44",
    "asthma": "J45-J46",
    "appendicitis": "K35-K37",
    "burn": "T20-T32",
}
_CHRONIC = (
    "B18 B20-B24 C00-C76 C80-C97 D45-D47 E10-E14 E84 F00-F03 F20-F25 F31 G10-G13 G20 G30 G35 G40 I05-I15 I20 I25 I27 "
    "I34-I37 I42 I48 I50 I60-I64 I69-I73 J40-J47 J60-J67 J84 K50-K51 K70 K73-K74 M05-M06 M32-M34 N18"
)
_PREGNANCY = "O00-O99 Z33-Z36"


def disease_of(code: str) -> str:
    """The name of the disease that a WHO code belongs to."""
    return next((name for name, ranges in _families() if any(one.covers(code) for one in ranges)), code[:3])


def is_chronic(code: str) -> bool:
    """Whether the disease counts as a comorbidity of another one."""
    return any(one.covers(code) for one in _ranges(_CHRONIC))


def covered(code: str, ranges: str) -> bool:
    """Whether the code lies in one of the ranges, written as in `_FAMILIES`."""
    return any(one.covers(code) for one in _ranges(ranges))


def is_pregnancy(code: str) -> bool:
    return any(one.covers(code) for one in _ranges(_PREGNANCY))


def is_primary_tumour(code: str) -> bool:
    """Whether a metastasis can belong to it."""
    return code[0] == "C" and disease_of(code) != METASTASIS


def certainty(code: str) -> int:
    """How much a tumour's code says: malignant 3, in situ 2, uncertain 1, anything else 0."""
    if code[0] == "C":
        return 3
    return {"D0": 2, "D3": 1, "D4": 1}.get(code[:2], 0)


@lru_cache(maxsize=64)
def _ranges(text: str) -> tuple[icd10.CodeRange, ...]:
    return tuple(icd10.parse_range(one) for one in text.split())


@lru_cache(maxsize=1)
def _families() -> tuple[tuple[str, tuple[icd10.CodeRange, ...]], ...]:
    return tuple((name, _ranges(text)) for name, text in _FAMILIES.items())
