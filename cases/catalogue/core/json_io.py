"""A whole catalogue file: text -> rules, with every mistake of every rule at once. Pure.

This reads and writes JSON; `cases.catalogue.core.csv_io` does the same for a table (CSV, XLSX).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cases.catalogue.core import grammar, vocabulary
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.core.vocabulary import Vocabulary
from cases.core import icd10
from cases.core.mistake import Mistake
from mdt_portal.tables.core.columns import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """What a file holds. `rules` and `raw` run in parallel and are empty if there is a mistake; hints do no harm.

    `sheet` is the table as it was read; JSON has none.
    """

    rules: tuple[Rule, ...] = ()
    raw: tuple[Mapping[str, Any], ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[Mistake, ...] = ()
    sheet: Sheet | None = None


def read(text: str, known: Vocabulary) -> RuleFile:
    """Read `{"meta": ..., "rules": [...]}`. All mistakes come together, each with its place."""
    try:
        top = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_no_key_twice)
    except json.JSONDecodeError as error:
        params = {"line": error.lineno, "column": error.colno, "problem": error.msg}
        return RuleFile(mistakes=(Mistake(place="", code="not_json", params=params, line=error.lineno),))
    except _KeyTwiceError as error:
        return RuleFile(mistakes=(Mistake(place=str(error), code="key_twice"),))
    except RecursionError:
        return RuleFile(mistakes=(Mistake(place="", code="too_deep"),))
    except ValueError as error:  # a number of thousands of digits
        return RuleFile(mistakes=(Mistake(place="", code="not_json", params=_at_the_head(error), line=1),))
    if not isinstance(top, dict) or not isinstance(top.get("rules"), list):
        return RuleFile(mistakes=(Mistake(place="rules", code="no_rules"),))
    mistakes = [
        Mistake(place=key, code="unknown_key", params={"known": ["meta", "rules"]})
        for key in top.keys() - {"meta", "rules"}
    ]
    return judge(top["rules"], known, lines=_lines(text), mistakes=mistakes)


def write(raws: Iterable[Mapping[str, Any]]) -> str:
    """The file that holds these rules; `read` gives them back."""
    return json.dumps({"rules": list(raws)}, ensure_ascii=False, indent=1) + "\n"


def judge(
    raw_rules: Sequence[Any], known: Vocabulary, *, lines: Sequence[int] = (), mistakes: Iterable[Mistake] = ()
) -> RuleFile:
    """What a file's rules are worth together. `lines` says where each begins; `mistakes` were found before."""
    found = list(mistakes)
    rules: dict[int, Rule] = {}
    for number, raw in enumerate(raw_rules):
        rule, wrong = grammar.read_rule(raw, known, place=f"rules[{number}]")
        found.extend(wrong)
        if rule is not None:
            rules[number] = rule
    found.extend(_ids_twice(raw_rules))
    found.extend(contradictions(rules))
    if found:
        return RuleFile(mistakes=tuple(_on_line(one, lines) for one in found))
    hints = tuple(_on_line(one, lines) for one in _hints(rules))
    return RuleFile(rules=tuple(rules.values()), raw=tuple(raw_rules), hints=hints)


def _on_line(mistake: Mistake, lines: Sequence[int]) -> Mistake:
    number = re.match(r"rules\[(\d+)\]", mistake.place)
    if mistake.line or number is None or int(number[1]) >= len(lines):
        return mistake
    return replace(mistake, line=lines[int(number[1])])


def _lines(text: str) -> list[int]:
    """The line on which each rule of a well-formed file begins."""
    starts = []
    depth, line, in_rules = 0, 1, False
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}\n]', text):
        word = token[0]
        line += word == "\n"
        if word == '"rules"' and depth == 1:
            in_rules = True
        elif word in "[{":
            depth += 1
            if in_rules and word == "{" and depth == 3:
                starts.append(line)
        elif word in "]}":
            depth -= 1
            in_rules = in_rules and depth > 1
    return starts


def contradictions(rules: Mapping[int, Rule]) -> list[Mistake]:
    """Rules that say different tiers of exactly the same codes under exactly the same condition."""
    said: dict[tuple[Any, ...], Rule] = {}
    found = []
    for number, rule in rules.items():
        codes = frozenset(code for one in rule.ranges for code in icd10.expand(one))
        earlier = said.setdefault((codes, rule.condition), rule)
        if earlier.tier != rule.tier:
            params = {"other": earlier.key, "tier": rule.tier, "other_tier": earlier.tier}
            found.append(Mistake(place=f"rules[{number}].tier", code="contradiction", rule=rule.key, params=params))
    return found


def _ids_twice(raw_rules: Sequence[Any]) -> list[Mistake]:
    first: dict[str, int] = {}
    found = []
    for number, raw in enumerate(raw_rules):
        key = raw.get("id") if isinstance(raw, dict) else None
        if isinstance(key, str) and first.setdefault(key, number) != number:
            params = {"value": key, "first": f"rules[{first[key]}]"}
            found.append(Mistake(place=f"rules[{number}].id", code="id_twice", rule=key, params=params))
    return found


def _hints(rules: Mapping[int, Rule]) -> list[Mistake]:
    """Flags and scores that the portal has no words for: allowed, but perhaps misspelt."""
    found = []
    for number, rule in rules.items():
        for name in rule.condition.named():
            kind, _, value = name.partition(":")
            words = {"flag": vocabulary.FLAGS, "score": vocabulary.SCORES}.get(kind, ())
            if words and value not in words:
                near = difflib.get_close_matches(value, words, n=1)
                params = {"value": value, "near": near[0] if near else "—"}
                place = f"rules[{number}].condition"
                found.append(Mistake(place=place, code=f"new_{kind}", rule=rule.key, params=params))
    return found


def _at_the_head(error: ValueError) -> dict[str, Any]:
    return {"line": 1, "column": 1, "problem": str(error)}


class _KeyTwiceError(ValueError):
    pass


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _KeyTwiceError(key)
        found[key] = value
    return found
