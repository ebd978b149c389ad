"""FHIR R4 JSON -> patients with their conditions and the observations that matter to the catalogue. Pure.

Reads bundles of any type, or a single Patient. Of other resources only that they are objects is asked. A file with a
mistake gives nothing but its mistakes, each with its place (`Bundle.entry[12].resource.subject.reference`).
Source: https://hl7.org/fhir/R4/ (Patient, Condition, Observation, Bundle, references, datatypes).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cases.core import scores
from cases.core.mistake import Mistake
from cases.fhir.core import clinical_codes
from cases.fhir.core.json_fields import Coding, Node

_CLINICAL = ("active", "recurrence", "relapse", "inactive", "remission", "resolved")
_VERIFICATION = (
    "unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error", "unknown",
)  # fmt: skip
_SEXES = ("male", "female", "other", "unknown")
_VOID = ("entered-in-error", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """One stage of a condition: what its value says, and what says how it was found, in words and codes."""

    words: tuple[str, ...]
    kind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One Condition resource. `keys` are the identifiers by which it is known again; `day` is onset, else recording."""

    keys: tuple[str, ...]
    codings: tuple[Coding, ...]
    text: str
    day: date | None
    abated: date | None = None
    has_abated: bool = False
    clinical: str = ""
    verification: str = ""
    stages: tuple[StageRecord, ...] = ()

    def active(self, today: date) -> bool:
        """Whether the disease is present today; what is refuted or entered in error never was."""
        if self.verification in ("refuted", "entered-in-error") or self.clinical in (
            "inactive",
            "remission",
            "resolved",
        ):
            return False
        return not self.has_abated or (self.abated is not None and self.abated > today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One value: a number, or words (a stage); `focus` are the keys of the conditions that it is about.

    `text` is the value as the file has it, where it is no number that could be taken (`<18`). `assesses`: a condition
    names this observation as the assessment of its stage.
    """

    codings: tuple[Coding, ...]
    day: date | None
    number: float | None = None
    words: tuple[str, ...] = ()
    focus: frozenset[str] = frozenset()
    text: str = ""
    assesses: bool = False


@dataclass(slots=True, kw_only=True)
class Patient:
    """One Patient resource with what belongs to it. `born` is exact, or the middle of the month or year given."""

    identifiers: tuple[tuple[str, str], ...]
    name: str
    sex: str
    born: date | None
    born_exactly: bool
    deceased: bool
    died: date | None
    phone: str
    conditions: list[Condition] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file holds; no patients if there is a mistake."""

    patients: tuple[Patient, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def read(text: str) -> Content:
    """Read a file's text."""
    try:
        top = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        params = {"problem": error.msg, "line": error.lineno, "column": error.colno}
        return Content(mistakes=(Mistake(place="", code="not_json", params=params),))
    except RecursionError:
        return Content(mistakes=(Mistake(place="", code="too_deep"),))
    return _Reader().read(top)


class _Reader:
    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.patients: list[Patient] = []
        self.by_reference: dict[str, Patient] = {}
        self.condition_keys: dict[str, tuple[str, ...]] = {}
        self.assessed: dict[str, tuple[str, ...]] = {}

    def read(self, top: Any) -> Content:
        if not isinstance(top, dict):
            return Content(mistakes=(Mistake(place="", code="not_an_object"),))
        kind = top.get("resourceType")
        if not isinstance(kind, str):
            return Content(mistakes=(Mistake(place="resourceType", code="missing"),))
        if kind not in ("Bundle", "Patient", "Condition"):
            return Content(mistakes=(Mistake(place="resourceType", code="wrong_resource", params={"value": kind}),))
        resources = list(self._resources(Node(top, kind, self.mistakes), ""))
        for wanted, take in (
            ("Patient", self._patient),
            ("Condition", self._condition),
            ("Observation", self._observation),
        ):
            for url, resource in _latest(resources):
                if resource.value.get("resourceType") == wanted:
                    take(url, resource)
        if self.mistakes:
            return Content(mistakes=tuple(self.mistakes))
        return Content(patients=tuple(self.patients))

    def _resources(self, top: Node, url: str) -> Iterator[tuple[str, Node]]:
        """The resource with its fullUrl, or those of a bundle, nested ones too; contained patients count."""
        if top.value.get("resourceType") != "Bundle":
            for contained in top.nodes("contained"):
                if contained.value.get("resourceType") == "Patient":
                    yield f"{top.place}#{contained.text('id')}", contained
            yield url, top
            return
        for entry in top.nodes("entry"):
            if "resource" not in entry.value:
                continue  # a deletion, or a mere link
            resource = entry.node("resource")
            if resource.value and not resource.text("resourceType"):
                resource.wrong("resourceType", "missing")
            yield from self._resources(resource, entry.text("fullUrl"))

    def _patient(self, url: str, node: Node) -> None:
        identifiers = _identifiers(node)
        born, exactly = node.day("birthDate")
        died, _exactly = node.day("deceasedDateTime")
        reference = node.text("id")
        name = _name(node)
        if not identifiers:
            # An id is unique on its server only, so the person's own data keep two servers' patients apart.
            identifiers = (("urn:mdt-portal:fhir-id", "|".join([reference or url, name, str(born)])),)
        patient = Patient(
            identifiers=identifiers,
            name=name,
            sex=node.choice("gender", _SEXES) or "unknown",
            born=born,
            born_exactly=exactly,
            deceased=node.value.get("deceasedBoolean") is True or died is not None,
            died=died,
            phone=next((one.text("value") for one in node.nodes("telecom") if one.text("system") == "phone"), ""),
        )
        self.patients.append(patient)
        names = {url, *(f"{system}|{value}" for system, value in _all_identifiers(node))}
        if reference and "#" not in url:
            names |= {f"Patient/{reference}", f"urn:uuid:{reference}"}
        self.by_reference |= dict.fromkeys(names - {""}, patient)

    def _owner(self, node: Node) -> Patient | None:
        """The patient that a resource is about; None if it is about a group. Notes a reference that leads nowhere."""
        key = "subject" if "subject" in node.value or "patient" not in node.value else "patient"
        if key not in node.value:
            node.wrong("subject", "missing")
            return None
        subject = node.node(key)
        target = subject.text("reference")
        by_number = subject.node("identifier")
        if not target and by_number.text("value"):
            target = f"{by_number.text('system')}|{by_number.text('value')}"
        if not target:
            subject.wrong("reference", "missing")
            return None
        found = next(
            (self.by_reference[one] for one in _spellings(target, node.place) if one in self.by_reference), None
        )
        if found is None and not re.search(r"(^|/)Group/", target):
            subject.wrong("reference", "unknown_patient", value=target)
        return found

    def _condition(self, url: str, node: Node) -> None:
        codings, text = node.concept("code")
        onset, abated, recorded = _moment(node, "onset"), _moment(node, "abatement"), node.day("recordedDate")[0]
        clinical = _status(node, "clinicalStatus", _CLINICAL)
        verification = _status(node, "verificationStatus", _VERIFICATION)
        stages = tuple(
            StageRecord(words=_words(stage, "summary"), kind=_words(stage, "type")) for stage in _stage_nodes(node)
        )
        patient = self._owner(node)
        if patient is None:
            return
        reference = node.text("id")
        own = tuple(f"{system}|{value}" for system, value in _all_identifiers(node))
        day = onset or recorded
        if not own:
            own = (f"Condition/{reference}",) if reference else (f"{codings}|{text}|{day}",)
        for name in (url, f"Condition/{reference}", f"urn:uuid:{reference}"):
            self.condition_keys[name] = own
        for stage in _stage_nodes(node):
            for assessment in stage.nodes("assessment"):
                for spelling in _spellings(assessment.text("reference"), node.place):
                    self.assessed[spelling] = self.assessed.get(spelling, ()) + own
        patient.conditions.append(
            Condition(
                keys=own,
                codings=codings,
                text=text,
                day=day,
                abated=abated,
                has_abated=_abated(node),
                clinical=clinical,
                verification=verification,
                stages=stages,
            )
        )

    def _observation(self, url: str, node: Node) -> None:
        if node.value.get("status") in _VOID:
            return
        parts = [node, *node.nodes("component")]
        day = _moment(node, "effective")
        focus = frozenset(
            key
            for one in node.nodes("focus")
            for spelling in _spellings(one.text("reference"), node.place)
            for key in self.condition_keys.get(spelling, ())
        )
        reference = node.text("id")
        names = [url, f"Observation/{reference}", f"urn:uuid:{reference}"]
        assessed = frozenset(key for name in names if name for key in self.assessed.get(name, ()))
        found = [
            Observation(
                codings=codings,
                day=day,
                number=_number(part),
                words=_words(part, "valueCodeableConcept"),
                focus=focus | assessed,
                text=_value_text(part),
                assesses=bool(assessed),
            )
            for part in parts
            if clinical_codes.is_observed(codings := part.concept("code")[0]) or assessed
        ]
        if found and ("subject" in node.value or "patient" in node.value):
            patient = self._owner(node)
            if patient is not None:
                patient.observations.extend(found)


def _latest(resources: list[tuple[str, Node]]) -> Iterator[tuple[str, Node]]:
    """Each resource once: of several versions (a history bundle) the one that was updated last."""
    newest: dict[tuple[str, str], tuple[str, str, Node]] = {}
    for url, node in resources:
        kind, reference = str(node.value.get("resourceType")), str(node.value.get("id") or "")
        key = (kind, url.split("/_history/")[0] or reference or node.place)
        meta = node.value.get("meta")
        updated = str(meta.get("lastUpdated") or "") if isinstance(meta, dict) else ""
        if key not in newest or updated > newest[key][0]:
            newest[key] = (updated, url, node)
    for _updated, url, node in newest.values():
        yield url, node


def _spellings(reference: str, place: str) -> list[str]:
    """The ways in which the target of a reference may be known: absolute, relative, contained, conditional."""
    plain = reference.split("/_history/")[0]
    found = [plain, f"{place}{plain}" if plain.startswith("#") else plain]
    if "?identifier=" in plain:
        found.append(plain.partition("?identifier=")[2])
    tail = plain.split("/")[-2:]
    if len(tail) == 2:
        found.append("/".join(tail))
    return found


def _all_identifiers(node: Node) -> list[tuple[str, str]]:
    return [(one.text("system"), one.text("value")) for one in node.nodes("identifier") if one.text("value")]


def _identifiers(node: Node) -> tuple[tuple[str, str], ...]:
    """The numbers that tell patients apart: medical record numbers, else what is not an official paper, else all."""
    papers = {"SS", "DL", "PPN", "NI", "SB", "TAX"}
    record, other, rest = [], [], []
    for one in node.nodes("identifier"):
        pair = (one.text("system"), one.text("value"))
        if not pair[1] or one.text("use") in ("old", "temp"):
            continue
        kinds = {coding.code for coding in one.concept("type")[0]} if "type" in one.value else set()
        (record if "MR" in kinds else rest if kinds & papers else other).append(pair)
    return tuple(record or other or rest)


def _name(node: Node) -> str:
    """The name in use: official, else usual, else any that is neither old nor a maiden name."""
    order = {"official": 0, "usual": 1, "": 2, "nickname": 3, "anonymous": 4, "temp": 5, "maiden": 6, "old": 7}
    names = sorted(node.nodes("name"), key=lambda one: order.get(one.text("use"), 3))
    for name in names:
        family, given = name.text("family"), " ".join(name.texts("given"))
        chinese = re.fullmatch(r"[\u3400-\u9fff·]+", family + given.replace(" ", ""))
        written = family + given.replace(" ", "") if chinese else f"{given} {family}".strip()
        if name.text("text") or written:
            return name.text("text") or written
    return ""


def _moment(node: Node, stem: str) -> date | None:
    """The day of `onset[x]`, `abatement[x]`, `effective[x]`, where it is a point in time or a period."""
    day = node.day(f"{stem}DateTime")[0] or node.day(f"{stem}Instant")[0]
    period = node.node(f"{stem}Period")
    return day or period.day("end" if stem == "abatement" else "start")[0]


def _abated(node: Node) -> bool:
    """Whether an abatement is given; a Boolean (before R4) counts as what it says, a period without an end does not."""
    for key, value in node.value.items():
        if not key.startswith("abatement") or value is False or value is None:
            continue
        if key == "abatementPeriod" and isinstance(value, dict) and "end" not in value:
            continue
        return True
    return False


def _status(node: Node, key: str, allowed: tuple[str, ...]) -> str:
    """The code of a status; empty if none is given."""
    codings, _text = node.concept(key)
    codes = [coding.code for coding in codings if coding.code]
    if codes and codes[0] not in allowed:
        node.wrong(key, "not_one_of", value=codes[0], allowed=list(allowed))
    return codes[0] if codes else ""


def _stage_nodes(node: Node) -> Iterator[Node]:
    """Condition.stage is a list in R4 and was one object before."""
    if isinstance(node.value.get("stage"), dict):
        yield node.node("stage")
    else:
        yield from node.nodes("stage")


def _words(node: Node, key: str) -> tuple[str, ...]:
    """All that a concept says: its text, its displays, its codes."""
    if key not in node.value:
        text = node.text("valueString")
        return (text,) if text else ()
    codings, text = node.concept(key)
    said = [text, *(coding.display for coding in codings), *(coding.code for coding in codings)]
    return tuple(word for word in said if word)


def _number(node: Node) -> float | None:
    """The value as a number, from a quantity, an integer, or digits in text; a bound (`<18`) is no value."""
    quantity = node.value.get("valueQuantity")
    if isinstance(quantity, dict):
        return None if quantity.get("comparator") else scores.number(quantity.get("value"))
    value = node.value.get("valueInteger")
    return scores.number(value if value is not None else node.value.get("valueString"))


def _value_text(node: Node) -> str:
    """The value of a score as the file has it."""
    quantity = node.value.get("valueQuantity")
    if isinstance(quantity, dict):
        said = f"{quantity.get('comparator') or ''}{quantity.get('value')}"
    else:
        value = node.value.get("valueInteger")
        said = str(value if value is not None else node.value.get("valueString") or "")
    return said[:40]
