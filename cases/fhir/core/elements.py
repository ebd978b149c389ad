"""What single elements of FHIR's resources say: identifiers, names, statuses, stages, numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from cases.fhir.core.json_fields import Coding, Node

_DUE_TO = ("http://hl7.org/fhir/StructureDefinition/condition-dueTo",)
_CAUSE_OF_DEATH = ("16100001", "419620001", "79378-6", "69453-9", "cause-of-death", "death")
_PATHOLOGICAL = ("261023001", "21902-2", "399588009", "pathologic")
LONGEST_SYSTEM, LONGEST_NUMBER = 200, 500


def is_cause_of_death(node: Node) -> bool:
    found = node.value.get("category")
    concepts = found if isinstance(found, list) else [found]
    codings = [coding for one in concepts if isinstance(one, dict) for coding in one.get("coding") or ()]
    return any(
        isinstance(coding, dict)
        and (coding.get("code") in _CAUSE_OF_DEATH or "cause of death" in str(coding.get("display") or "").lower())
        for coding in codings
    )


def due_to(node: Node) -> Iterator[str]:
    for one in node.nodes("extension"):
        if one.text("url") in _DUE_TO:
            yield one.node("valueReference").text("reference")


def reason_references(node: Node) -> Iterator[str]:
    """What a request is about, by reference (R4; R5 has one list for both)."""
    for one in node.nodes("reasonReference"):
        yield one.text("reference")
    for one in node.nodes("reason"):
        yield one.node("reference").text("reference")


def reason_codes(node: Node) -> Iterator[tuple[tuple[Coding, ...], str]]:
    wanted = [
        *node.nodes("reasonCode"),
        *(one.node("concept") for one in node.nodes("reason") if "concept" in one.value),
    ]
    for one in wanted:
        codings = tuple(
            Coding(system=coding.text("system"), code=coding.text("code"), display=coding.text("display"))
            for coding in one.nodes("coding")
        )
        if codings or one.text("text"):
            yield codings, one.text("text")


def is_pathological(codings: Iterable[Coding], method: Node | None) -> bool:
    said = [part for coding in codings for part in (coding.code, coding.display.lower())]
    if method is not None:
        said += [
            part for coding in method.nodes("coding") for part in (coding.text("code"), coding.text("display").lower())
        ]
    return any(word in part for part in said for word in _PATHOLOGICAL)


def all_identifiers(node: Node) -> list[tuple[str, str]]:
    """Every identifier with a value, each once."""
    pairs = [
        (one.short("system", LONGEST_SYSTEM), one.short("value", LONGEST_NUMBER))
        for one in node.nodes("identifier")
        if one.text("value")
    ]
    return list(dict.fromkeys(pairs))


def identifiers(node: Node) -> tuple[tuple[str, str], ...]:
    """The numbers that tell patients apart: medical record numbers, else what is not an official paper, else all."""
    papers = {"SS", "DL", "PPN", "NI", "SB", "TAX"}
    record, other, rest = [], [], []
    for one in node.nodes("identifier"):
        pair = (one.text("system"), one.text("value"))
        if not pair[1] or one.text("use") in ("old", "temp"):
            continue
        kinds = {coding.code for coding in one.concept("type")[0]} if "type" in one.value else set()
        (record if "MR" in kinds else rest if kinds & papers else other).append(pair)
    return tuple(dict.fromkeys(record or other or rest))


def name(node: Node) -> str:
    """The name in use: official, else usual, else any that is neither old nor a maiden name, nor has ended."""
    order = {"official": 0, "usual": 1, "": 2, "nickname": 3, "anonymous": 4, "temp": 5, "maiden": 6, "old": 7}
    names = sorted(
        node.nodes("name"), key=lambda one: ("end" in (one.value.get("period") or {}), order.get(one.text("use"), 3))
    )
    for name in names:
        family, given = name.text("family"), " ".join(name.texts("given"))
        chinese = re.fullmatch(r"[\u3400-\u9fff·]+", family + given.replace(" ", ""))
        written = family + given.replace(" ", "") if chinese else f"{given} {family}".strip()
        if name.text("text") or written:
            return name.text("text") or written
    return ""


def moment(node: Node, stem: str) -> date | None:
    """The day of `onset[x]`, `abatement[x]`, `effective[x]`, where it is a point in time or a period."""
    day = node.day(f"{stem}DateTime")[0] or node.day(f"{stem}Instant")[0]
    period = node.node(f"{stem}Period")
    return day or period.day("end" if stem == "abatement" else "start")[0]


def abated(node: Node) -> bool:
    """Whether an abatement is given; a Boolean (before R4) counts as what it says, a period without an end does not."""
    for key, value in node.value.items():
        if not key.startswith("abatement") or value is False or value is None:
            continue
        if key == "abatementPeriod" and isinstance(value, dict) and "end" not in value:
            continue
        return True
    return False


def status(node: Node, key: str, allowed: tuple[str, ...]) -> str:
    """The code of a status; empty if none is given, or only why it is not. Beside FHIR's a house may write its own."""
    codings, _text = node.concept(key)
    codes = [coding.code for coding in codings if coding.code and "data-absent-reason" not in coding.system]
    own = [coding.code for coding in codings if re.search(r"/condition-(clinical|ver-status)$", coding.system)]
    for code in [*own, *codes]:
        if code in allowed:
            return code
    if codes:
        node.wrong(key, "not_one_of", value=codes[0], allowed=list(allowed))
    return ""


def stage_nodes(node: Node) -> Iterator[Node]:
    """Condition.stage is a list in R4 and was one object before; a pathological stage comes before a clinical one."""
    if isinstance(node.value.get("stage"), dict):
        yield node.node("stage")
        return
    stages = list(node.nodes("stage"))
    yield from sorted(
        stages, key=lambda one: not ("type" in one.value and is_pathological(one.concept("type")[0], None))
    )


def words(node: Node, key: str) -> tuple[str, ...]:
    """All that a concept says: its text, its displays, its codes."""
    if key not in node.value:
        text = node.text("valueString")
        return (text,) if text else ()
    codings, text = node.concept(key)
    said = [text, *(coding.display for coding in codings), *(coding.code for coding in codings)]
    return tuple(word for word in said if word)


def number(node: Node) -> float | None:
    """The value as a number, from a quantity, an integer, or digits in text."""
    quantity = node.value.get("valueQuantity")
    value = quantity.get("value") if isinstance(quantity, dict) else node.value.get("valueInteger")
    if value is None:
        value = node.value.get("valueString")
    if isinstance(value, str):
        text = value.strip()
        return float(text) if re.fullmatch(r"-?\d{1,12}(\.\d{1,12})?", text) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
