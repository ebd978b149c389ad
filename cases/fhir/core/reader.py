"""FHIR R4 JSON -> patients with their conditions and the observations that matter to the catalogue. Pure.

Reads bundles of any type, a single Patient, NDJSON, or the NDJSON files of one export together. Of other resources only
that they are objects is asked. A file with a mistake gives nothing but its mistakes, each with its place
(`Bundle.entry[12].resource.subject.reference`).
Source: https://hl7.org/fhir/R4/ (Patient, Condition, Observation, ServiceRequest, Bundle, references, datatypes).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from typing import Any

from cases.core.certainty import NOT_PRESENT, VERIFICATION, Certainty
from cases.core.mistake import Mistake
from cases.fhir.core import clinical_codes, elements, guard
from cases.fhir.core.json_fields import Coding, Node
from cases.fhir.core.references import Found, Index, Resources, named_version
from cases.identity.core import matching

_CLINICAL = ("active", "recurrence", "relapse", "inactive", "remission", "resolved", "unknown")
"""`unknown` came with R5."""
_SEXES = ("male", "female", "other", "unknown")
_VOID = ("entered-in-error", "cancelled")
_READ = ("Patient", "Condition", "ServiceRequest", "Observation")
_MDT = re.compile(r"multi-?disciplin|tumou?r (board|conference)|tumorboard|\bMDT\b|多学科|会诊", re.IGNORECASE)
_MDT_CODES = ("312384001", "708004003", "183848002")
"""SNOMED CT: multidisciplinary assessment, review, referral."""
_URGENCY = {"routine": "routine", "urgent": "urgent", "asap": "urgent", "stat": "emergency"}
_OPEN_REQUESTS = ("active", "on-hold", "draft", "unknown", "")
LONGEST_NAME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One Condition resource, or the reason of a request. `keys` are the identifiers by which it is known again.

    `day` is onset, else recording; only `onset` says when the disease began. `label` is what a report calls it.
    """

    keys: tuple[str, ...]
    codings: tuple[Coding, ...]
    text: str
    onset: date | None = None
    recorded: date | None = None
    abated: date | None = None
    has_abated: bool = False
    clinical: str = ""
    verification: str = ""
    stages: tuple[str, ...] = ()
    label: str = ""
    cause_of_death: bool = False
    revoked: bool = False
    deleted: bool = False
    due_to: frozenset[str] = frozenset()

    @property
    def day(self) -> date | None:
        return self.onset or self.recorded

    @property
    def certainty(self) -> Certainty:
        return VERIFICATION.get(self.verification, "")

    def active(self, today: date) -> bool:
        """Whether the disease is present today; what is refuted or entered in error never was."""
        if self.certainty in NOT_PRESENT or self.clinical in ("inactive", "remission", "resolved"):
            return False
        return not self.has_abated or (self.abated is not None and self.abated > today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One value: a number, or words (a stage); `focus` are the keys of the conditions that it is about.

    `comparator` is `<` and the like where the number is only a limit; `staging` says that a condition names it as the
    ground of its stage.
    """

    codings: tuple[Coding, ...]
    day: date | None
    number: float | None = None
    words: tuple[str, ...] = ()
    focus: frozenset[str] = frozenset()
    label: str = ""
    comparator: str = ""
    staging: bool = False
    pathological: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A ServiceRequest for a discussion: about which conditions, how urgent, what is asked."""

    keys: frozenset[str]
    urgency: str
    question: str
    label: str


@dataclass(slots=True, kw_only=True)
class Patient:
    """One Patient resource with what belongs to it. `born` is exact, or the middle of the month or year given.

    `entries` are the resources themselves, so that a record can be held and read again. `notes` is what was left out
    of the patient's data, each with its resource.
    """

    identifiers: tuple[tuple[str, str], ...]
    name: str
    sex: str
    born: date | None
    born_exactly: bool
    deceased: bool
    died: date | None
    phone: str
    label: str = ""
    conditions: list[Condition] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    notes: list[Mistake] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def bundle(self) -> str:
        """The patient's resources as a file of their own."""
        return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": self.entries}, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file holds; no patients if there is a mistake. `unread` counts the resources of other kinds."""

    patients: tuple[Patient, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)


def read(text: str, zone: tzinfo | None = None) -> Content:
    """Read a file's text; moments count as days in `zone`."""
    return read_set([("", text)], zone)


def read_set(parts: Sequence[tuple[str, str]], zone: tzinfo | None = None) -> Content:
    """Read several files of one export, each with its name, as one: a condition in one may be of a patient in another.

    A mistake in one of them refuses the set, as what is missing would be missed by nobody.
    """
    checked = guard.parse_set(parts)
    if checked.mistakes:
        return Content(mistakes=checked.mistakes)
    try:
        return _Reader(zone).read(checked.values)
    except RecursionError:
        return Content(mistakes=(Mistake(place="", code="too_deep"),))


class _Reader:
    def __init__(self, zone: tzinfo | None) -> None:
        self.zone = zone
        self.mistakes: list[Mistake] = []
        self.patients: list[Patient] = []
        self.links: list[tuple[Patient, Found]] = []
        self.known: Index[Patient] = Index("Patient")
        self.replaced: dict[int, Patient] = {}
        self.condition_keys: dict[str, tuple[str, ...]] = {}
        self.assessed: dict[str, tuple[str, ...]] = {}

    def read(self, values: Iterable[tuple[str, Any]]) -> Content:
        values = list(values)
        resources = Resources()
        for place, top in values:
            if not isinstance(top, dict):
                return Content(mistakes=(Mistake(place=place, code="not_an_object"),))
            kind = top.get("resourceType")
            if not isinstance(kind, str):
                return Content(mistakes=(Mistake(place=f"{place} resourceType".strip(), code="missing"),))
            if len(values) == 1 and kind not in ("Bundle", "Patient", "Condition"):
                wrong = Mistake(place="resourceType", code="wrong_resource", params={"value": kind})
                return Content(mistakes=(wrong,))
            resources.take(Node(top, f"{place} {kind}".strip(), self.mistakes, self.zone))
        latest = list(resources.latest())
        for wanted, take in zip(_READ, (self._patient, self._condition, self._request, self._observation), strict=True):
            for one in latest:
                if one.kind == wanted:
                    take(one)
            if wanted == "Patient":
                self._follow_links()
        if self.mistakes:
            return Content(mistakes=tuple(named_version(self.mistakes, latest)))
        for patient in self.patients:
            self._resolve_due_to(patient)
            patient.identifiers = patient.identifiers or (_own_number(patient),)
        unread = Counter(one.kind for one in latest if one.kind not in _READ)
        return Content(patients=tuple(self.patients), unread=dict(sorted(unread.items())))

    # Patients -----------------------------------------------------------------------------------------------------

    def _patient(self, one: Found) -> None:
        node = one.node
        born, exactly = node.day("birthDate")
        died, _exactly = node.day("deceasedDateTime")
        patient = Patient(
            identifiers=elements.identifiers(node),
            name=elements.name(node),
            sex=node.choice("gender", _SEXES) or "unknown",
            born=born,
            born_exactly=exactly,
            deceased=node.value.get("deceasedBoolean") is True or died is not None,
            died=died,
            phone=next((one.text("value") for one in node.nodes("telecom") if one.text("system") == "phone"), ""),
            label=one.label,
        )
        if len(patient.name) > LONGEST_NAME:
            node.wrong("name", "too_long", longest=LONGEST_NAME)
        self._keep(patient, one)
        self.patients.append(patient)
        self.known.add(one, patient, elements.all_identifiers(node))
        if "link" in node.value:
            self.links.append((patient, one))

    def _keep(self, patient: Patient, one: Found) -> None:
        patient.entries.append(
            {"fullUrl": one.url, "resource": one.node.value} if one.url else {"resource": one.node.value}
        )

    def _follow_links(self) -> None:
        """Patient.link: a replaced record gives what it has to the one in use; `seealso` only where both agree."""
        for patient, one in self.links:
            for link in one.node.nodes("link"):
                kind, reference = link.text("type"), link.node("other").text("reference")
                others = self.known.find(reference, one) if reference else []
                if kind not in ("replaced-by", "replaces", "seealso", "refer"):
                    continue
                if len(others) > 1:
                    link.wrong("other.reference", "ambiguous_reference", value=reference)
                elif not others:
                    patient.notes.append(Mistake(place=one.label, code=f"linked_elsewhere_{kind.replace('-', '_')}"))
                else:
                    source, target = (others[0], patient) if kind == "replaces" else (patient, others[0])
                    self._merge(self._final(source), self._final(target), certain=kind in ("replaced-by", "replaces"))

    def _merge(self, source: Patient, target: Patient, *, certain: bool) -> None:
        if source is target:
            return
        if not certain and matching.conflicts(person_of(source), person_of(target)):
            source.notes.append(Mistake(place=source.label, code="linked_but_differs", params={"value": target.label}))
            return
        target.identifiers = tuple(dict.fromkeys([*target.identifiers, *source.identifiers]))
        target.entries = [*source.entries, *target.entries]
        target.notes.append(Mistake(place=source.label, code="linked", params={"value": target.label}))
        target.deceased = target.deceased or source.deceased
        target.died = target.died or source.died
        self.replaced[id(source)] = target
        self.patients = [one for one in self.patients if one is not source]

    def _final(self, patient: Patient) -> Patient:
        while id(patient) in self.replaced:
            patient = self.replaced[id(patient)]
        return patient

    def _owner(self, one: Found) -> Patient | None:
        """The patient that a resource is about; None if it is about a group. Notes a reference that leads nowhere."""
        node = one.node
        key = "subject" if "subject" in node.value or "patient" not in node.value else "patient"
        if key not in node.value:
            node.wrong("subject", "missing")
            return None
        subject = node.node(key)
        target = subject.text("reference")
        by_number = subject.node("identifier")
        if target:
            found = self.known.find(target, one)
        elif by_number.text("value"):
            target = f"{by_number.text('system')}|{by_number.text('value')}"
            found = self.known.numbered(target)
        else:
            subject.wrong("reference", "missing")
            return None
        unlike = list({id(final): final for final in map(self._final, found)}.values())
        if len(unlike) > 1:
            subject.wrong("reference", "ambiguous_reference", value=target)
            return None
        if not unlike and not re.search(r"(^|/)Group/", target):
            subject.wrong("reference", "unknown_patient", value=target)
        return unlike[0] if unlike else None

    # What belongs to them -----------------------------------------------------------------------------------------

    def _condition(self, one: Found) -> None:
        node = one.node
        codings, text = node.concept("code")
        onset, recorded = elements.moment(node, "onset"), node.day("recordedDate")[0] or node.day("dateRecorded")[0]
        abated = elements.moment(node, "abatement")
        clinical = elements.status(node, "clinicalStatus", _CLINICAL)
        verification = elements.status(node, "verificationStatus", tuple(VERIFICATION))
        stages = tuple(words for stage in elements.stage_nodes(node) for words in elements.words(stage, "summary"))
        patient = self._owner(one)
        if patient is None:
            return
        own = tuple(f"{system}|{value}" for system, value in elements.all_identifiers(node))
        if not own:
            own = (f"Condition/{one.id}",) if one.id else (f"{codings}|{text}|{onset or recorded}",)
        for name in one.names:
            self.condition_keys[name] = own
        for stage in elements.stage_nodes(node):
            for assessment in stage.nodes("assessment"):
                self.assessed[assessment.text("reference").split("/_history/")[0]] = own
        self._keep(patient, one)
        patient.conditions.append(
            Condition(
                keys=own,
                codings=codings,
                text=text,
                onset=onset,
                recorded=recorded,
                abated=abated,
                has_abated=elements.abated(node),
                clinical=clinical,
                verification=verification,
                stages=stages,
                label=one.label,
                deleted=one.deleted,
                cause_of_death=elements.is_cause_of_death(node),
                due_to=frozenset(elements.due_to(node)),
            )
        )

    def _resolve_due_to(self, patient: Patient) -> None:
        """The references of `dueTo` become the keys of the conditions that they mean."""
        patient.conditions = [
            replace(one, due_to=frozenset(key for name in one.due_to for key in self._keys_of(name)))
            for one in patient.conditions
        ]

    def _keys_of(self, reference: str) -> tuple[str, ...]:
        plain = reference.split("/_history/")[0]
        tail = "/".join(plain.split("/")[-2:])
        return self.condition_keys.get(plain) or self.condition_keys.get(tail, ())

    def _request(self, one: Found) -> None:
        """A request for a discussion: its reason counts as a condition; other requests are none of ours."""
        node = one.node
        codings, text = node.concept("code") if isinstance(node.value.get("code"), dict) else ((), "")
        about = [text, *(coding.display for coding in codings)]
        if not (any(_MDT.search(words) for words in about) or any(coding.code in _MDT_CODES for coding in codings)):
            return
        status, priority = node.text("status"), node.choice("priority", tuple(_URGENCY))
        patient = self._owner(one)
        if patient is None:
            return
        self._keep(patient, one)
        keys = {key for ref in elements.reason_references(node) for key in self._keys_of(ref)}
        recorded = node.day("authoredOn")[0]
        for number, (reasons, words) in enumerate(elements.reason_codes(node)):
            own = f"ServiceRequest/{one.id or one.node.place}" + (f"#{number}" if number else "")
            keys.add(own)
            patient.conditions.append(
                Condition(
                    keys=(own,), codings=reasons, text=words, recorded=recorded, label=one.label,
                    revoked=one.deleted or status not in _OPEN_REQUESTS,
                )
            )  # fmt: skip
        if status in _OPEN_REQUESTS and not one.deleted:
            asked = " ".join(note.text("text") for note in node.nodes("note")).strip()
            patient.requests.append(
                Request(
                    keys=frozenset(keys), urgency=_URGENCY.get(priority, ""), question=asked[:2000], label=one.label
                )
            )

    def _observation(self, one: Found) -> None:
        node = one.node
        if one.deleted or node.value.get("status") in _VOID:
            return
        assessed = {key for name in one.names for key in self.assessed.get(name, ())}
        parts = [node, *node.nodes("component")]
        day = elements.moment(node, "effective")
        focus = frozenset(
            key for other in node.nodes("focus") for key in self._keys_of(other.text("reference"))
        ) | frozenset(assessed)
        found = [
            Observation(
                codings=codings,
                day=day,
                number=elements.number(part),
                words=elements.words(part, "valueCodeableConcept"),
                focus=focus,
                label=one.label,
                comparator=part.node("valueQuantity").text("comparator") if "valueQuantity" in part.value else "",
                staging=bool(assessed),
                pathological=elements.is_pathological(codings, part.node("method") if "method" in part.value else None),
            )
            for part in parts
            if clinical_codes.is_observed(codings := part.concept("code")[0]) or assessed
        ]
        if found and ("subject" in node.value or "patient" in node.value):
            patient = self._owner(one)
            if patient is not None:
                self._keep(patient, one)
                patient.observations.extend(found)


def _own_number(patient: Patient) -> tuple[str, str]:
    """A number for a patient without one: an id is unique on its server only, so the person's own data keep two
    servers' patients apart; where there are none, all that came with the patient."""
    url = patient.entries[0].get("fullUrl") or patient.label
    if patient.name and patient.born:
        return "urn:mdt-portal:fhir-id", "|".join(
            [patient.label.partition("/")[2] or url, patient.name, str(patient.born)]
        )
    whole = json.dumps(patient.entries, sort_keys=True)
    return "urn:mdt-portal:fhir-id", f"{url}|{hashlib.sha256(whole.encode()).hexdigest()}"


def person_of(patient: Patient) -> matching.Person:
    return matching.Person(
        name=patient.name,
        sex=patient.sex,
        born=patient.born if patient.born_exactly else None,
        birth_year=patient.born.year if patient.born else None,
    )
