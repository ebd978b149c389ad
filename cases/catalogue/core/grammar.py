"""The closed grammar of a catalogue rule: a plain dict -> Rule, with every mistake and its place. Pure.

Mistakes are codes with parameters; `catalogue.wording.mistake_text` puts them into words. A rule without
`disease_group` or `materials` takes what fits its first code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from cases.catalogue.core.condition import Condition
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.core.requirement import CARE_LEVELS, TIERS, URGENCIES, SeatNeed
from cases.catalogue.core.vocabulary import Vocabulary
from cases.core import icd10, staging
from cases.core.mistake import Mistake
from mdt_portal.tables.core import cells

MAX_MINUTES = 30
MAX_RANK = 4
MAX_HOURS = 24 * 366
RARE_CLASSES = ("A", "B", "C")

_KEY = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,23}", re.IGNORECASE)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NO_LINK = re.compile(r"\s*(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SCORE = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,19}")
NEEDED = ("id", "name_zh", "icd10", "condition", "tier", "care_level", "required", "hours", "minutes")
_ALLOWED = (
    *NEEDED, "name_en", "optional", "disease_group", "materials", "evidence", "source", "source_url", "note",
    "review_by", "hours_from_source",
)  # fmt: skip
_CONDITION_KEYS = tuple(field for field in Condition.__dataclass_fields__)
_FLAG_KEYS = ("flags_any", "flags_all", "flags_none", "or_flags")


class _Reader:
    """Reads one rule and gathers mistakes instead of stopping at the first."""

    def __init__(self, place: str, vocabulary: Vocabulary, rule: str = "") -> None:
        self.place = place
        self.rule = rule
        self.vocabulary = vocabulary
        self.mistakes: list[Mistake] = []

    def wrong(self, where: str, code: str, **params: Any) -> None:
        place = self.place + where if where.startswith("[") or not where else f"{self.place}.{where}".lstrip(".")
        self.mistakes.append(Mistake(place=place, code=code, rule=self.rule, params=params))

    def text(self, raw: Mapping[str, Any], key: str, *, needed: bool = True, longest: int = 400) -> str:
        value = raw.get(key, "")
        if not isinstance(value, str):
            self.wrong(key, "not_text")
            return ""
        if needed and not value.strip():
            self.wrong(key, "empty")
        if len(value) > longest:
            self.wrong(key, "too_long", longest=longest)
        self.readable(key, value)
        return value

    def readable(self, where: str, value: str) -> None:
        """A character that no database keeps and nobody sees is a mistake of its place."""
        if code := cells.unwritable(value):
            self.wrong(where, code, cell=cells.shown(value))

    def choice(self, raw: Mapping[str, Any], key: str, allowed: Sequence[str]) -> str:
        value = raw.get(key)
        if value not in allowed:
            self.wrong(key, "not_one_of", value=value, allowed=list(allowed))
            return allowed[0]
        return str(value)

    def whole(self, value: Any, where: str, low: int, high: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(where, "not_a_whole_number", value=value)
            return low
        if not low <= value <= high:
            self.wrong(where, "out_of_range", value=value, low=low, high=high)
            return low
        return value

    def texts(self, raw: Mapping[str, Any], key: str) -> list[tuple[str, str]]:
        """The texts of a list, each with its place; a text that comes twice is a mistake."""
        values = raw.get(key, [])
        if not isinstance(values, list):
            self.wrong(key, "not_a_list")
            return []
        found: list[tuple[str, str]] = []
        for number, value in enumerate(values):
            where = f"{key}[{number}]"
            if not isinstance(value, str):
                self.wrong(where, "not_text")
            elif any(value == earlier for _, earlier in found):
                self.wrong(where, "twice", value=value)
            elif cells.unwritable(value):
                self.readable(where, value)
            else:
                found.append((where, value))
        return found

    def known(self, raw: Mapping[str, Any], key: str, known: Iterable[str], code: str) -> tuple[str, ...]:
        fine = []
        for where, value in self.texts(raw, key):
            if value in known:
                fine.append(value)
            else:
                self.wrong(where, code, value=value)
        return tuple(fine)


def read_rule(
    raw: Any, vocabulary: Vocabulary, *, place: str = "", version: int = 1
) -> tuple[Rule | None, list[Mistake]]:
    """The rule, or None with all its mistakes. `place` is where the rule stands, such as `rules[12]`."""
    if not isinstance(raw, dict):
        return None, [Mistake(place=place, code="not_an_object")]
    name = raw.get("id")
    reader = _Reader(place, vocabulary, name if isinstance(name, str) else "")
    for key in raw:
        if key not in _ALLOWED:
            reader.wrong(str(key), "unknown_key", known=list(_ALLOWED))
    for key in NEEDED:
        if key not in raw:
            reader.wrong(key, "missing")
    present = {key: value for key, value in raw.items() if key in _ALLOWED}
    rule = _assemble(reader, present, version)
    absent = {mistake.place for mistake in reader.mistakes if mistake.code == "missing"}
    mistakes = [one for one in reader.mistakes if one.code == "missing" or one.place not in absent]
    return (None, mistakes) if mistakes else (rule, [])


def as_far_as_it_goes(raw: Mapping[str, Any], vocabulary: Vocabulary) -> Rule:
    """What can be made out of a rule that somebody is still writing; what is wrong is left out."""
    return _assemble(_Reader("", vocabulary), {key: value for key, value in raw.items() if key in _ALLOWED}, 1)


def _assemble(reader: _Reader, raw: dict[str, Any], version: int) -> Rule:
    key = reader.text(raw, "id", longest=24)
    if key and not _KEY.fullmatch(key):
        reader.wrong("id", "bad_key", value=key)
    name_en, name_zh = (
        reader.text(raw, name, needed=name == "name_zh", longest=120) for name in ("name_en", "name_zh")
    )
    for name in ("source", "source_url", "note"):
        reader.text(raw, name, needed=False, longest=4000 if name == "note" else 400)
    if isinstance(link := raw.get("source_url"), str) and _NO_LINK.match(link):
        reader.wrong("source_url", "not_a_link", value=link)
    _review_by(reader, raw)
    _evidence(reader, raw)
    tier = reader.choice(raw, "tier", TIERS)
    ranges = _ranges(reader, raw)
    group = _group(reader, raw, ranges)
    materials: tuple[str, ...] = ()
    if "materials" in raw:
        materials = reader.known(raw, "materials", reader.vocabulary.materials, "unknown_material")
    elif tier != "none":
        materials = reader.vocabulary.materials_of_group.get(group, ())
    seats = _seats(reader, raw, tier)
    return Rule(
        key=key,
        version=version,
        tier=tier,  # type: ignore[arg-type]
        ranges=ranges,
        condition=_condition(reader, raw),
        seats=seats,
        optional=reader.known(raw, "optional", reader.vocabulary.disciplines, "unknown_discipline"),
        minutes=reader.whole(raw.get("minutes"), "minutes", 0 if tier == "none" else 1, MAX_MINUTES),
        hours=_hours(reader, raw, tier),
        care_level=reader.choice(raw, "care_level", CARE_LEVELS),
        disease_group=group,
        materials=materials,
        name_en=name_en,
        name_zh=name_zh,
    )


def _review_by(reader: _Reader, raw: Mapping[str, Any]) -> None:
    """The day of the next look, as `2027-03-01`; empty for none."""
    value = raw.get("review_by", "")
    if value and not (isinstance(value, str) and day(value)):
        reader.wrong("review_by", "not_a_day", value=cells.shown(str(value)))


def day(text: str) -> date | None:
    """A day of this century or the next that is written as `2027-03-01`, else None."""
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
    return found if found and 2000 <= found.year < 2200 else None


def _evidence(reader: _Reader, raw: Mapping[str, Any]) -> None:
    evidence = raw.get("evidence", {})
    if not isinstance(evidence, dict) or not all(isinstance(value, str) for value in evidence.values()):
        reader.wrong("evidence", "not_texts_by_name")
    else:
        for name, value in evidence.items():
            reader.readable("evidence", name + value)
    for where, value in reader.texts(raw, "hours_from_source"):
        if value not in URGENCIES:
            reader.wrong(where, "not_one_of", value=value, allowed=list(URGENCIES))


def _ranges(reader: _Reader, raw: Mapping[str, Any]) -> tuple[icd10.CodeRange, ...]:
    found = []
    for where, text in reader.texts(raw, "icd10"):
        try:
            found.append(icd10.parse_range(text))
        except icd10.UnknownCodeError as error:
            reader.wrong(where, "unknown_icd10", value=str(error))
        except ValueError:
            reader.wrong(where, "range_backwards", value=text)
    if raw.get("icd10") == []:
        reader.wrong("icd10", "empty")
    return tuple(found)


def _group(reader: _Reader, raw: Mapping[str, Any], ranges: Sequence[icd10.CodeRange]) -> str:
    if "disease_group" not in raw:
        return reader.vocabulary.group_of(ranges[0]) if ranges else ""
    group = raw["disease_group"]
    if not isinstance(group, str) or group not in reader.vocabulary.groups:
        reader.wrong("disease_group", "unknown_group", value=group)
        return ""
    return group


def _seats(reader: _Reader, raw: Mapping[str, Any], tier: str) -> tuple[SeatNeed, ...]:
    values = raw.get("required", [])
    if not isinstance(values, list):
        reader.wrong("required", "not_a_list")
        return ()
    if not values and tier != "none":
        reader.wrong("required", "no_seat")
    seats: list[SeatNeed] = []
    for number, value in enumerate(values):
        where = f"required[{number}]"
        if not isinstance(value, dict):
            reader.wrong(where, "not_an_object")
            continue
        seat = _seat(reader, value, where)
        if any((seat.discipline, seat.sub_specialty) == (one.discipline, one.sub_specialty) for one in seats):
            reader.wrong(f"{where}.discipline", "twice", value=seat.discipline)
        seats.append(seat)
    return tuple(seats)


def _seat(reader: _Reader, raw: Mapping[str, Any], where: str) -> SeatNeed:
    for key in raw:
        if key not in ("discipline", "count", "min_rank", "sub_specialty"):
            reader.wrong(f"{where}.{key}", "unknown_key", known=["discipline", "count", "min_rank", "sub_specialty"])
    discipline = raw.get("discipline")
    if not isinstance(discipline, str) or discipline not in reader.vocabulary.disciplines:
        reader.wrong(f"{where}.discipline", "unknown_discipline", value=discipline)
    sub_specialty = raw.get("sub_specialty", "")
    if not isinstance(sub_specialty, str):
        reader.wrong(f"{where}.sub_specialty", "not_text")
    else:
        reader.readable(f"{where}.sub_specialty", sub_specialty)
    return SeatNeed(
        discipline=str(discipline),
        count=reader.whole(raw.get("count", 1), f"{where}.count", 1, 9),
        min_rank=reader.whole(raw.get("min_rank"), f"{where}.min_rank", 0, MAX_RANK),
        sub_specialty=str(sub_specialty),
    )


def _hours(reader: _Reader, raw: Mapping[str, Any], tier: str) -> dict[str, int]:
    hours = raw.get("hours")
    if tier == "none" and not hours:
        return {}
    if not isinstance(hours, dict):
        reader.wrong("hours", "not_an_object")
        return {}
    for key in hours:
        if key not in URGENCIES:
            reader.wrong(f"hours.{key}", "unknown_key", known=list(URGENCIES))
    for key in URGENCIES:
        if key not in hours:
            reader.wrong(f"hours.{key}", "missing")
    before = len(reader.mistakes)
    read = {key: reader.whole(hours[key], f"hours.{key}", 1, MAX_HOURS) for key in URGENCIES if key in hours}
    if len(reader.mistakes) == before and len(read) == len(URGENCIES):
        for slower, faster in (("urgent", "emergency"), ("routine", "urgent")):
            if read[slower] < read[faster]:
                reader.wrong(f"hours.{slower}", "hours_not_rising", faster=faster, slower=slower)
    return read


def _condition(reader: _Reader, raw: Mapping[str, Any]) -> Condition:
    value = raw.get("condition", {})
    if not isinstance(value, dict):
        reader.wrong("condition", "not_an_object")
        return Condition()
    inner = _Reader(f"{reader.place}.condition".lstrip("."), reader.vocabulary, reader.rule)
    for key in value:
        if key not in _CONDITION_KEYS:
            inner.wrong(str(key), "unknown_key", known=list(_CONDITION_KEYS))
    fields = _stages(inner, value) | _score(inner, value) | _flags(inner, value) | _rest(inner, value)
    reader.mistakes.extend(inner.mistakes)
    return Condition(**fields)


def _stages(reader: _Reader, raw: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key in ("stage_min", "stage_max"):
        if key in raw:
            if raw[key] in staging.STAGES:
                found[key] = raw[key]
            else:
                reader.wrong(key, "unknown_stage", value=raw[key], allowed=list(staging.STAGES))
    if len(found) == 2 and not staging.at_least(found["stage_max"], found["stage_min"]):
        reader.wrong("stage_max", "max_below_min", low=found["stage_min"], high=found["stage_max"])
    if raw.get("or_flags") and not {"stage_min", "stage_max"} & raw.keys():
        reader.wrong("or_flags", "or_flags_without_stage")
    return found


def _score(reader: _Reader, raw: Mapping[str, Any]) -> dict[str, Any]:
    limits = [key for key in ("score_min", "score_max") if key in raw]
    if "score" not in raw:
        for key in limits:
            reader.wrong(key, "limit_without_score")
        return {}
    if not isinstance(raw["score"], str) or not _SCORE.fullmatch(raw["score"]):
        reader.wrong("score", "bad_name", value=raw["score"])
    if not limits:
        reader.wrong("score", "score_without_limit")
    return {"score": str(raw["score"])} | _limits(reader, raw, "score", _number)


def _flags(reader: _Reader, raw: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for key in _FLAG_KEYS:
        fine = []
        for where, flag in reader.texts(raw, key):
            if _WORD.fullmatch(flag):
                fine.append(flag)
            else:
                reader.wrong(where, "bad_name", value=flag)
        found[key] = frozenset(fine)
        if raw.get(key) == []:
            reader.wrong(key, "empty")
    never = found["flags_none"] & found["flags_all"]
    if never:
        reader.wrong("flags_none", "never_true", value=sorted(never))
    elif found["flags_any"] and found["flags_any"] <= found["flags_none"]:
        reader.wrong("flags_any", "never_true", value=sorted(found["flags_any"]))
    return found


def _rest(reader: _Reader, raw: Mapping[str, Any]) -> dict[str, Any]:
    def years(reader: _Reader, value: Any, where: str) -> int:
        return reader.whole(value, where, 0, 130)

    def count(reader: _Reader, value: Any, where: str) -> int:
        return reader.whole(value, where, 0, 50)

    found = _limits(reader, raw, "age", years) | _limits(reader, raw, "comorbidities", count)
    if "rare_class" in raw:
        found["rare_class"] = reader.choice(raw, "rare_class", RARE_CLASSES)
    if "surgery_level_min" in raw:
        found["surgery_level_min"] = reader.whole(raw["surgery_level_min"], "surgery_level_min", 1, 4)
    return found


def _number(reader: _Reader, value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value or abs(value) == float("inf"):
        reader.wrong(where, "not_a_number", value=value)
        return 0
    return value


def _limits(
    reader: _Reader, raw: Mapping[str, Any], name: str, read: Callable[[_Reader, Any, str], float]
) -> dict[str, Any]:
    before = len(reader.mistakes)
    found = {key: read(reader, raw[key], key) for key in (f"{name}_min", f"{name}_max") if key in raw}
    if len(found) == 2 and len(reader.mistakes) == before and found[f"{name}_min"] > found[f"{name}_max"]:
        reader.wrong(f"{name}_max", "max_below_min", low=found[f"{name}_min"], high=found[f"{name}_max"])
    return found
