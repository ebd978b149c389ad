"""One reader for every way in: a code and the name of its system -> the code of WHO ICD-10 in which it lies. Pure.

WHO's own edition, the American (CM), the German (GM) and other national ones, GB/T 14396 with the six figures and the
extensions of China's clinical and insurance editions (`C34.900x001`), ICD-11 and SNOMED CT by a map. The code as it was
sent stays with its system beside the result. What cannot be placed safely is not placed: a morphology code, a code
of procedures, a range over several categories.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from cases.core import icd10
from cases.core.certainty import LETTERS, NOT_PRESENT

WHO, CM, GM, CHINA, JAPAN, ICD11, SNOMED, OTHER = (
    "icd-10", "icd-10-cm", "icd-10-gm", "gb-t-14396", "icd-10-jp", "icd-11", "snomed", "other",
)  # fmt: skip
EDITIONS = (WHO, CM, GM, CHINA, JAPAN)
"""The systems whose codes are cut to WHO's; the rest needs a map, and so does what cannot be cut."""

_OIDS = {
    "2.16.840.1.113883.6.3": WHO,
    "2.16.840.1.113883.6.90": CM,
    "2.16.840.1.113883.6.135": WHO,  # Australia
    "2.16.840.1.113883.6.96": SNOMED,
    "2.16.840.1.113883.6.347": ICD11,
    "2.16.156.10011.2.3.3.11": CHINA,  # diagnoses by ICD-10
    "1.2.276.0.76.5": GM,
    "1.2.392.200119.4.101": JAPAN,
}
"""With all that stands below each number; the longest fits."""
_NAMES = (
    (OTHER, r"pcs|procedure|cm-?3\b|手术|操作|icd-?9|icd-?o|morpholog|形态|icf|中医|15657"),
    (ICD11, r"icd-?11|release/11|\bmms\b"),
    (SNOMED, r"snomed|\bsct\b"),
    (CM, r"icd-?10-?cm"),
    (GM, r"icd-?10-?gm|dimdi|bfarm"),
    (JAPAN, r"jpfhir|mhlw|medis.*icd"),
    (CHINA, r"14396|国家临床|国临|医保|疾病诊断|疾病分类|nhsa|(^|[^a-z])yb([^a-z]|$)|icd-?10-?cn|gb-?/?t.*icd"),
    (WHO, r"icd-?10|icd10|release/10"),
)
_SYSTEM = tuple((system, re.compile(pattern, re.IGNORECASE)) for system, pattern in _NAMES)

_MARKS = re.compile(r"[†*+!#‡]")
_GERMAN = re.compile(r"(?P<code>[A-Z]\d{2}(?:\.?[0-9]{1,2})?)(?:\.?-)?\s*(?P<sure>[GVZA])?\s*(?P<side>[RLB])?")
_SPACED = re.compile(r"(?P<code>[A-Z]\d[0-9A-Z][0-9A-Z.]*)(?:\.?-)?(?:\s+(?P<sure>[GVZA]))?(?:\s+(?P<side>[RLB]))?")
_RANGE = re.compile(r"\s*[-–~至]\s*(?=[A-Z]\d)")
_CHINESE = re.compile(r"(?P<code>[A-Z]\d{2}(?:\.?[0-9X])?)(?:\d{1,4})?(?:X\d{1,4})?")
_MORPHOLOGY = re.compile(r"M?\d{4,5}/\d.*|M[89]\d{3,4}", re.IGNORECASE)
"""M8140/3 is a tissue, not a bone disease; without point or stroke five figures after M could be either."""

_CM_DIFFERS = {
    "C22.8": "C22.9", "C49.A0": "C26.9", "C49.A1": "C15.9", "C49.A2": "C16.9", "C49.A3": "C17.9", "C49.A4": "C18.9",
    "C49.A5": "C20", "C49.A": "C26.9", "C4A": "C44", "C7A.00": "C80.9", "C7A.01": "C17.9", "C7A.02": "C18.9",
    "C7A.026": "C20", "C7A.090": "C34.9", "C7A.091": "C37", "C7A.092": "C16.9", "C7A.093": "C64", "C7A.09": "C26.9",
    "C7A": "C80.9", "C7B.00": "C79.9", "C7B.01": "C77.9", "C7B.02": "C78.7", "C7B.03": "C79.5", "C7B.04": "C78.6",
    "C7B": "C79.8", "C80.0": "C79.9", "C80.1": "C80.9", "C80.2": "C80.9", "C82.8": "C82.7", "C84.A": "C84.8",
    "C84.Z": "C84.5", "C85.8": "C85.7", "C88.8": "C88.7", "C91.A": "C91.8", "C91.Z": "C91.7", "C92.A": "C92.8",
    "C92.Z": "C92.7", "C93.Z": "C93.7", "C94.8": "C94.7", "C96.A": "C96.8", "C96.Z": "C96.7", "D05.8": "D05.7",
    "D46.A": "D46.5", "D46.B": "D46.5", "D46.C": "D46.6", "D46.Z": "D46.7", "D47.Z": "D47.7", "D3A.01": "D13.3",
    "D3A.02": "D12.6", "D3A.090": "D14.3", "D3A.092": "D13.1", "D3A": "D36.9", "D49.0": "D37.9", "D49.1": "D38.6",
    "D49.3": "D48.6", "D49.4": "D41.4", "D49.5": "D41.9", "D49.6": "D43.2", "D49.7": "D44.9", "D49": "D48.9",
    "E08": "E13", "E09": "E13", "E10.621": "E10.5", "E11.621": "E11.5", "E13.621": "E13.5", "G40.A": "G40.3",
    "G40.B": "G40.3", "I21.A": "I21.9", "M1A": "M10", "N18.6": "N18.5", "O9A": "O99.8",
}  # fmt: skip
"""Codes of ICD-10-CM whose first characters mean something else in WHO's edition, or nothing; the longest fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """One code of another system: the WHO code it lies in, and what it says besides.

    `role` is empty, `suspected` or `history`; `disease` names the disease where the WHO code does not. `who_code` is
    empty for what is known and is no diagnosis.
    """

    system: str
    code: str
    who_code: str
    display: str = ""
    role: str = ""
    disease: str = ""
    stage: str = ""
    flags: frozenset[str] = frozenset()
    scores: Mapping[str, float] = field(default_factory=dict)


CodeMap = Mapping[tuple[str, str], MapRow]
"""By system (as `map_system` names it) and code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The WHO code, with the code and system as they were sent.

    `certainty` is empty, `suspected`, `history` or `excluded` (the disease was looked for and is not there). `row`
    is the line of a map that decided.
    """

    code: str
    raw: str
    system: str
    edition: str
    certainty: str = ""
    row: MapRow | None = None


def system_of(name: str) -> str:
    """Which system a url, an OID or any usual name means: one of EDITIONS, ICD11, SNOMED or OTHER."""
    text = unicodedata.normalize("NFKC", name).strip().lower()
    number = text.removeprefix("urn:oid:")
    if re.fullmatch(r"[\d.]+", number):
        below = [oid for oid in _OIDS if number == oid or number.startswith(f"{oid}.")]
        return _OIDS[max(below, key=len)] if below else OTHER
    return next((system for system, pattern in _SYSTEM if pattern.search(text)), OTHER)


def map_system(name: str) -> str:
    """By which name a map holds the codes of a system: ours (`snomed`), else its own url, OID or name, as it is sent.

    Empty where no system is named: nobody can say what its codes mean.
    """
    system = system_of(name)
    return system if system != OTHER else _own_name(name)


def names_itself(name: str) -> bool:
    """Whether a system that we do not know is named by a url or an OID, and not by a word that may be a slip."""
    return re.fullmatch(r"[a-z][a-z0-9+.-]*:\S+|\d+(\.\d+){2,}", _own_name(name)) is not None


def _own_name(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().lower().removeprefix("urn:oid:")[:200]


def resolve(code: str, system: str | None = None, *, maps: CodeMap | None = None) -> Resolved | None:
    """The code in WHO ICD-10, or None if it cannot be placed.

    `system` is what the sender calls it. None where a person typed the code into a field of ICD-10: then any edition
    is tried. An empty or unknown system is not guessed at.
    """
    edition = WHO if system is None else system_of(system)
    found = _edition(code, edition) if edition in EDITIONS else None
    if found is not None:
        who_code, certainty = found
        return Resolved(code=who_code, raw=code, system=system or "", edition=edition, certainty=certainty)
    row = _mapped(code.strip(), edition if system is None else map_system(system), maps or {})
    if row is None or not row.who_code:
        return None
    return Resolved(code=row.who_code, raw=code, system=system or "", edition=edition, certainty=row.role, row=row)


def placed(code: str, system: str) -> str:
    """The WHO code in which a code lies by its own edition, without a map; empty where it lies in none."""
    found = resolve(code, system)
    return found.code if found else ""


def who_code(text: str) -> str | None:
    """The WHO code of what was typed as a code of ICD-10, in any edition; None if it is none, or says that the disease
    is not there."""
    found = resolve(text)
    return found.code if found and found.certainty not in NOT_PRESENT else None


def _mapped(code: str, system: str, maps: CodeMap) -> MapRow | None:
    """The line of the map; of ICD-11, where codes lie in one another, that of the nearest one above."""
    if system != ICD11:
        return maps.get((system, code))
    stem = re.split(r"[&/]", code.upper())[0].strip()
    while len(stem) >= 4:
        if row := maps.get((system, stem)):
            return row
        stem = stem[:-1].rstrip(".")
    return None


def _edition(text: str, edition: str) -> tuple[str, str] | None:
    """The WHO code and the certainty of a code of some edition of ICD-10."""
    typed = text.strip().upper()
    typed = _one_of_two(typed)
    ends = _RANGE.split(typed)
    if len(ends) == 2:
        first, last = (_edition(end, edition) for end in ends)
        same = first and last and first[0][:3] == last[0][:3]
        return (first[0][:3], "") if same and first else None
    if len(ends) > 2 or (_MORPHOLOGY.fullmatch(typed) and edition != CM):
        return None
    plain = _MARKS.sub("", typed).strip()
    form = (_GERMAN if edition == GM else _SPACED).fullmatch(plain)
    if form is None:
        return None
    certainty = LETTERS.get(form["sure"] or "", "")
    code = _in_cm(form["code"], edition) if edition in (CM, WHO) else None
    if code is None and edition != CM:
        code = _in_china(form["code"])
    code = code or icd10.nearest(form["code"].rstrip(".-"))
    return (code, certainty) if code else None


def _one_of_two(typed: str) -> str:
    """Of a pair (`G63.2* E11.4†`) the one with the dagger: the disease, not where it shows."""
    parts = re.split(r"[\s,;/]+", typed)
    coded = [part for part in parts if re.match(r"[A-Z]\d\d", part)]
    if len(coded) == 2 and any(_MARKS.search(part) for part in coded):
        return next((part for part in coded if re.search(r"[†+]", part)), next(p for p in coded if "*" not in p))
    return typed


def _in_cm(text: str, edition: str) -> str | None:
    """What ICD-10-CM means by a code that WHO's edition has otherwise (then only if it is said to be CM) or lacks."""
    compact = text.replace(".", "")
    special = [one for one in _CM_DIFFERS if compact.startswith(one.replace(".", ""))]
    if edition != CM:
        special = [one for one in special if not icd10.exists(one)]
    if not special:
        return None
    nearest = max(special, key=len)
    code = _CM_DIFFERS[nearest]
    if len(nearest) == 3 and len(compact) > 3 and icd10.exists(f"{code}.{compact[3]}") and len(code) == 3:
        return f"{code}.{compact[3]}"  # E08.2 is E13.2
    return code


def _in_china(text: str) -> str | None:
    """`C34.900x001`, `C34.9001`, `C73.x00x003`, `C34.900`: the four characters of WHO, or three where x stands."""
    form = _CHINESE.fullmatch(text)
    if form is None:
        return None
    code = form["code"]
    return icd10.nearest(code[0] + code[1:].replace("X", ""))  # the chapter may be X
