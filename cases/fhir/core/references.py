"""Which resources a FHIR file holds, each once, and which of them a reference means. Pure.

FHIR's rule (https://hl7.org/fhir/R4/bundle.html#references): a relative reference counts from the server of the entry
in which it stands, so `Patient/1` of two servers are two people. Only where an entry's fullUrl does not say its server
is the id alone asked, and it must be the only one.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from cases.core.mistake import Mistake
from cases.fhir.core.json_fields import Node

MOST_NESTED = 5
_RESTFUL = re.compile(r"(?P<base>https?://.+/)(?P<tail>[A-Z]\w+/[^/?#]+)")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A resource of the file, the fullUrl of its entry (or the place of a contained one), and what kind of bundle."""

    url: str
    node: Node
    history: bool = False
    deleted: bool = False

    @property
    def kind(self) -> str:
        return str(self.node.value.get("resourceType"))

    @property
    def id(self) -> str:
        found = self.node.value.get("id")
        return found if isinstance(found, str) else ""

    @property
    def label(self) -> str:
        """`Condition/c1`, by which people and reports name it; its place where it has no id."""
        return f"{self.kind}/{self.id}" if self.id else self.node.place

    @property
    def names(self) -> frozenset[str]:
        """The ways in which the file itself may name it."""
        own = {f"{self.kind}/{self.id}", f"urn:uuid:{self.id}"} if self.id and "#" not in self.url else set()
        return frozenset({self.url.split("/_history/")[0], *own} - {""})


@dataclass(slots=True)
class Resources:
    """All resources of a file, and those that it says were deleted: by name, the moment (None if not told)."""

    found: list[Found] = field(default_factory=list)
    deleted: dict[str, datetime | None] = field(default_factory=dict)

    def take(self, top: Node, url: str = "", *, history: bool = False, depth: int = 0) -> None:
        """Add a resource, or those of a bundle, nested ones too; contained patients count."""
        if top.value.get("resourceType") != "Bundle":
            for contained in top.nodes("contained"):
                if contained.value.get("resourceType") == "Patient":
                    self.found.append(Found(url=f"{top.place}#{contained.text('id')}", node=contained))
            self.found.append(Found(url=url, node=top, history=history))
            return
        if depth > MOST_NESTED:
            top.wrong("", "too_deep")
            return
        for entry in top.nodes("entry"):
            full_url = entry.text("fullUrl")
            if "resource" not in entry.value:
                self._deletion(entry, full_url)
                continue
            resource = entry.node("resource")
            if resource.value and not resource.text("resourceType"):
                resource.wrong("resourceType", "missing")
            self.take(resource, full_url, history=top.value.get("type") == "history", depth=depth + 1)

    def _deletion(self, entry: Node, full_url: str) -> None:
        request = entry.node("request")
        if request.text("method") == "DELETE":
            when = moment(entry.node("response").text("lastModified"))
            for name in (full_url, request.text("url")):
                if name:
                    self.deleted[name.split("/_history/")[0]] = when

    def latest(self) -> Iterator[Found]:
        """Each resource once, a deleted one as well: of several versions the one that was updated last.

        Notes what stands there twice.
        """
        groups: dict[tuple[str, str], list[Found]] = defaultdict(list)
        for one in self.found:
            groups[one.kind, one.url.split("/_history/")[0] or one.id or one.node.place].append(one)
        for versions in groups.values():
            if not _are_versions(versions):
                versions[1].node.wrong("", "resource_twice", value=versions[1].label)
            newest = max(versions, key=lambda one: _updated(one) or _LONG_AGO)
            yield replace(newest, deleted=self.is_deleted(newest))

    def is_deleted(self, one: Found) -> bool:
        """Whether the file says that the resource was deleted after this version of it."""
        for name in one.names & self.deleted.keys():
            when, updated = self.deleted[name], _updated(one)
            if when is None or updated is None or when >= updated:
                return True
        return False


def _are_versions(found: list[Found]) -> bool:
    """Whether resources under one name are versions of it or copies, and not two resources; two patients without a
    number in common are never one."""
    if len(found) == 1:
        return True
    values = [one.node.value for one in found]
    numbers = [
        {str(each.get("value")) for each in value.get("identifier") or () if isinstance(each, dict)}
        for value in values
        if value.get("resourceType") == "Patient" and isinstance(value.get("identifier"), list)
    ]
    if numbers and not set.intersection(*numbers):
        return False
    if all(one.history for one in found) or len({json.dumps(value, sort_keys=True) for value in values}) == 1:
        return True
    metas = [value["meta"] for value in values if isinstance(value.get("meta"), dict)]
    return any(
        len({str(meta[key]) for meta in metas if meta.get(key)}) == len(found) for key in ("versionId", "lastUpdated")
    )


def _updated(one: Found) -> datetime | None:
    meta = one.node.value.get("meta")
    return moment(meta.get("lastUpdated")) if isinstance(meta, dict) else None


def moment(text: object) -> datetime | None:
    """An instant in UTC, which is meant where no zone is given; None where it cannot be read."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


class Index(Generic[T]):
    """What the resources of one kind became, by every way in which the file may name them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._by_url: dict[str, T] = {}
        self._by_id: dict[str, list[tuple[str, T]]] = defaultdict(list)
        self._by_number: dict[str, list[T]] = defaultdict(list)

    def add(self, one: Found, value: T, numbers: Iterable[tuple[str, str]] = ()) -> None:
        url = one.url.split("/_history/")[0]
        if url:
            self._by_url[url] = value
        if one.id and "#" not in url:
            self._by_id[one.id].append((url, value))
        for system, number in numbers:
            self._by_number[f"{system}|{number}"].append(value)

    def find(self, reference: str, at: Found) -> list[T]:
        """What a reference in `at` means: nothing, one, or several where it is ambiguous."""
        plain = reference.split("/_history/")[0]
        if plain.startswith("#"):
            return self._one(f"{at.node.place}{plain}")
        if "?identifier=" in plain:
            return self.numbered(plain.partition("?identifier=")[2])
        if plain in self._by_url:
            return [self._by_url[plain]]
        absolute = _RESTFUL.fullmatch(plain)
        if absolute or plain.startswith("urn:"):
            # another server's, unless the entries do not say which server is theirs
            key = (absolute["tail"] if absolute else plain.rpartition(":")[2]).rpartition("/")[2]
            return _unlike([value for url, value in self._by_id.get(key, ()) if not _RESTFUL.fullmatch(url)])
        kind, _slash, key = plain.rpartition("/")
        if kind and kind != self.kind:
            return []
        server = _RESTFUL.fullmatch(at.url.split("/_history/")[0])
        if server:
            there = f"{server['base']}{self.kind}/{key}"
            if there in self._by_url:
                return [self._by_url[there]]
            return _unlike([value for url, value in self._by_id.get(key, ()) if not _RESTFUL.fullmatch(url)])
        return _unlike([value for _url, value in self._by_id.get(key, ())])

    def numbered(self, number: str) -> list[T]:
        """Those with an identifier, written `system|value`."""
        return _unlike(self._by_number.get(number, ()))

    def _one(self, url: str) -> list[T]:
        return [self._by_url[url]] if url in self._by_url else []


def _unlike(values: Iterable[T]) -> list[T]:
    """Each value once, by what it is and not by what it says."""
    return list({id(one): one for one in values}.values())


def version_of(found: Iterable[Found]) -> str:
    """The version of FHIR that a file is seen to be written in, if it is not R4: `DSTU2`, `STU3`, `R5`; else empty."""
    for one in found:
        keys, kind = one.node.value.keys(), one.kind
        if kind in ("MedicationOrder", "DiagnosticOrder") or (
            kind == "Condition" and {"patient", "dateRecorded"} & keys
        ):
            return "DSTU2"
        if kind in ("ProcedureRequest", "ReferralRequest") or (kind == "Condition" and "assertedDate" in keys):
            return "STU3"
        if kind == "Condition" and ("participant" in keys or isinstance(one.node.value.get("recorder"), list)):
            return "R5"
        if kind == "Encounter" and isinstance(one.node.value.get("class"), list):
            return "R5"
        if kind == "ServiceRequest" and isinstance(one.node.value.get("reason"), list):
            return "R5"
    return ""


def named_version(mistakes: list[Mistake], found: Iterable[Found]) -> list[Mistake]:
    """The mistakes of a file; where it is written in another version, that first."""
    version = version_of(found) if mistakes else ""
    return [Mistake(place="", code="other_version", params={"value": version}), *mistakes] if version else mistakes
