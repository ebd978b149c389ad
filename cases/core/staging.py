"""Stages of a tumour: reading and comparing them. Pure.

A stage is written `0`, `I`..`IV`, with an optional sub-stage: `IIIB`, `IA2`. One reader for the form, the API, FHIR and
tables: it takes what hospitals write (`ⅢB期`, `3b`, `FIGO IIB`, `UICC Stadium IIIA`, `pT1cN0M0 (IA3), AJCC 8th`) and
gives nothing where the text says no stage, two of them, or something else besides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

STAGES = ("0", "I", "IA", "IB", "II", "IIA", "IIB", "III", "IIIA", "IIIB", "IIIC", "IV", "IVA", "IVB")
"""The stages that a rule may name and a form offers, in order (the catalogue's `stage_order`)."""

SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
OBSERVED = frozenset({
    (LOINC, "21908-9"), (LOINC, "21902-2"), (LOINC, "21914-7"), (SNOMED, "399537006"), (SNOMED, "399588009"),
    (SNOMED, "399390009"), (SNOMED, "385361009"),
})  # fmt: skip
"""What an observation of a stage is coded with: TNM stage group, clinical, pathological or other, and FIGO's stage."""

CODES = {
    "258215001": "I", "258219007": "II", "258224005": "III", "258228008": "IV",
    "1222605001": "0", "1222721004": "0", "1222722006": "0",
    "1222723001": "I", "1222724007": "IA", "1222725008": "IA1", "1222726009": "IA2", "1222727000": "IA3",
    "1222728005": "IB", "1222729002": "IB1", "1222730007": "IB2", "1222731006": "IC", "1222732004": "I",
    "1222765007": "II", "1222766008": "IIA", "1222767004": "IIA1", "1222768009": "IIA2", "1222769001": "IIB",
    "1222770000": "IIC", "1222771001": "II", "1222772008": "II",
    "1222801008": "III", "1222802001": "IIIA", "1222803006": "IIIA1", "1222804000": "IIIA2", "1222805004": "IIIB",
    "1222806003": "IIIC", "1222807007": "IIIC1", "1222809005": "IIIC2", "1222811001": "IIID",
    "1222837003": "IV", "1222838008": "IVA", "1222841004": "IVB", "1222842006": "IVC",
}  # fmt: skip
"""SNOMED CT's values of a stage group, among them those of the AJCC that mCODE uses (source: mCODE's examples and the
value sets of Health New Zealand, which name the same codes)."""

_MAJOR = {"0": 0, "I": 1, "II": 2, "III": 3, "IV": 4}
_ROMAN = ("0", "I", "II", "III", "IV")
_TOKEN = re.compile(r"[cpyra]{0,3}(?P<major>IV|I{1,3}|[0-4])(?P<sub>[A-D]\d?)?(?P<extra>[ESX]{0,2})", re.IGNORECASE)
_VALUE = r"[cpy]{0,2}(?P<major>0|IV|I{1,3}|[1-4])\s*(?P<sub>[A-D]\d?)?"
_NAMED = re.compile(
    rf"(?:\b(?:stages?|stadium)\s*(?:group\s*)?:?\s*|(?:FIGO|AJCC|UICC|TNM)\s+){_VALUE}(?![\w.])", re.IGNORECASE
)
_CHINESE = re.compile(rf"(?<![A-Za-z0-9]){_VALUE}\s*期", re.IGNORECASE)
_IN_SITU = re.compile(r"\b[cpy]{0,2}Tis\b|carcinoma in situ|原位癌?", re.IGNORECASE)
_SPREAD = re.compile(r"\b[cpy]{0,2}(?:N[1-3][a-c]?|M1[a-d]?)", re.IGNORECASE)
_WORDS = re.compile(
    r"american joint committee (?:on|for) cancer|union for international cancer control"
    r"|international federation of gyn(?:a)?ecology and obstetrics|qualifier value|neoplasm staging system"
    r"|\bann[ -]arbor\b|\blugano\b|\b(?:tnm|ajcc|uicc|figo|stages?|stadium|staging|group(?:ed)?|clinical(?:ly)?"
    r"|pathologic(?:al(?:ly)?)?|prognostic|anatomic|edition|ed|version|finding|tumou?r|cancer|of|the|is)\b"
    r"|\b(?:19|20)\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b|\bv\d\b|第[\d一二三四五六七八九]版|[\d一二三四五六七八九]版"
    r"|临床|病理|术后|术前|分期|期|肿瘤|为|属|国际抗癌联盟",
    re.IGNORECASE,
)
_EDITION = re.compile(r"\b(?:ajcc|uicc|tnm|edition|ed|version)\.?\s*[5-9]\b|第\s*[5-9]\s*版", re.IGNORECASE)
_TNM = re.compile(
    r"\b(?:[cpyra]{0,3}T(?:is|[0-4Xx])[a-d]?\d?|[cpyra]{0,3}N[0-3Xx][a-c]?|[cpyra]{0,3}M[01Xx][a-d]?)+"
    r"(?:\s*[cpyra]{0,3}(?:N[0-3Xx][a-c]?|M[01Xx][a-d]?))*",
    re.IGNORECASE,
)
_CHINESE_DIGITS = str.maketrans("一二三四", "1234")


def normalise(text: str) -> str | None:
    """The one stage that the text says and nothing else: `3b`, `Stage IIIB`, `ⅢB期` are `IIIB`; else None."""
    plain = _plain(text)
    if not plain:
        return None
    ann_arbor = bool(re.search(r"ann[ -]arbor|lugano", plain, re.IGNORECASE))
    rest = _TNM.sub(" ", _EDITION.sub(" ", plain))
    rest = _WORDS.sub(" ", _IN_SITU.sub(" ", rest))
    rest = re.sub(r"(?<![A-Za-z])(IV|I{1,3}|[0-4])\s+([A-D]\d?)(?![A-Za-z])", r"\1\2", rest, flags=re.IGNORECASE)
    tokens = re.findall(r"[^\s,;:/()\[\].=+-]+", rest)
    read = [_TOKEN.fullmatch(token) for token in tokens]
    if tokens and all(one and (ann_arbor or not one["extra"]) for one in read):
        stages = {_stage(one, coarse=ann_arbor) for one in read if one}
        return stages.pop() if len(stages) == 1 else None
    return "0" if not tokens and _IN_SITU.search(plain) and not _SPREAD.search(plain) else None


def find(text: str) -> str | None:
    """The one stage that a sentence names with the word itself: `Carcinoma of lung, TNM stage 1` names I."""
    plain = _plain(text)
    found = {_stage(one) for pattern in (_NAMED, _CHINESE) for one in pattern.finditer(plain)}
    return found.pop() if len(found) == 1 else None


def read(words: Iterable[str]) -> str | None:
    """The stage that the words or codes of one recorded value name, the first that names one."""
    for word in words:
        found = CODES.get(word) or normalise(word) or find(word)
        if found:
            return found
    return None


def at_least(stage: str, limit: str) -> bool:
    """Whether `stage` is `limit` or beyond; where one of the two has no sub-stage, the major stages are compared."""
    return _compare(stage, limit) >= 0


def at_most(stage: str, limit: str) -> bool:
    """Whether `stage` is `limit` or before; where one of the two has no sub-stage, the major stages are compared."""
    return _compare(stage, limit) <= 0


def coarser(stage: str, limit: str | None) -> bool:
    """Whether the answer rests on the major stage alone: the limit names a sub-stage of it, the case does not."""
    if limit is None:
        return False
    (major, sub), (limit_major, limit_sub) = order(stage), order(limit)
    return major == limit_major and not sub and bool(limit_sub)


def order(stage: str) -> tuple[int, str]:
    """By which stages are sorted. Raises ValueError for what is no stage."""
    match = re.fullmatch(r"(0|IV|I{1,3})([A-D]\d?)?", stage)
    if not match:
        raise ValueError(f"not a stage: {stage!r}")
    return _MAJOR[match[1]], match[2] or ""


def _plain(text: str) -> str:
    """One spelling of what looks the same: Roman signs, full width, Chinese digits before 期 or a letter."""
    plain = unicodedata.normalize("NFKC", text).replace("\u200b", "").strip()
    return re.sub(
        r"(?<![第\w])[一二三四](?=\s*(?:[A-Da-d]\d?)?\s*期)", lambda one: one[0].translate(_CHINESE_DIGITS), plain
    )


def _stage(found: re.Match[str], *, coarse: bool = False) -> str:
    """`coarse`: a letter behind the stage is no sub-stage (Ann Arbor's A and B are symptoms, E an organ)."""
    major = found["major"].upper()
    if major.isdigit():
        major = _ROMAN[int(major)]
    return major if coarse else major + (found["sub"] or "").upper()


def _compare(one: str, other: str) -> int:
    (major, sub), (other_major, other_sub) = order(one), order(other)
    if major != other_major:
        return major - other_major
    if sub.startswith(other_sub) or other_sub.startswith(sub):  # an absent sub-stage begins every other
        return 0
    return 1 if sub > other_sub else -1
