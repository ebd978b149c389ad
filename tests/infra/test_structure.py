"""What keeps the house in order: small packages, imports at the top of a module, and the agreed words in every name.

The layers and the absence of import circles are import-linter's (`make check`, [tool.importlinter] of pyproject.toml).
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

ROOT = Path(__file__).parents[2]
PRODUCT = ("mdt_portal", "experts", "cases", "scheduling")

# Packages -------------------------------------------------------------------------------------------------------------
MOST_LOOSE = {"scheduling": 12, "cases": 12, "experts": 10, "mdt_portal": 25}
MOST_FILES = 20
MAY_BE_LARGER = re.compile(r"scheduling/solver/\w+$|\w+/models$")
MOST_INNER_IMPORTS = 10


@pytest.mark.parametrize("app", MOST_LOOSE)
def test_an_app_has_few_modules_outside_its_packages(app: str) -> None:
    loose = [path.name for path in (ROOT / app).glob("*.py") if path.name != "__init__.py"]
    assert len(loose) <= MOST_LOOSE[app], sorted(loose)


def test_a_package_can_be_read_at_one_glance() -> None:
    counted = Counter(path.parent.relative_to(ROOT).as_posix() for path in sources(*PRODUCT))
    roots = {app: counted.pop(app) for app in PRODUCT}  # their limit stands above
    large = {package: count for package, count in counted.items() if count > MOST_FILES}
    assert roots and not {package for package in large if not MAY_BE_LARGER.fullmatch(package)}, large


def test_an_import_inside_a_function_gives_its_reason() -> None:
    inner = [
        (f"{path.relative_to(ROOT)}:{node.lineno}", path.read_text().splitlines()[node.lineno - 1])
        for path in sources(*PRODUCT)
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert len(inner) <= MOST_INNER_IMPORTS, inner
    assert not [where for where, line in inner if not re.search(r"# noqa: PLC0415 - \w", line)]


# Words ----------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """An earlier word of ours and the one to use. `whole`: as part of a longer name it is plain English; `kinds`: where
    it means what it meant, as elsewhere it is plain English too."""

    old: str
    use: str
    whole: bool = False
    kinds: frozenset[str] = frozenset()

    @property
    def pattern(self) -> str:
        return self.old if self.whole else rf"(?:.*_)?(?:{self.old})(?:_.*)?"


TYPES = frozenset({"module", "class", "table"})
WORDS = (
    Word(old="verbs?", use="service"),
    Word(old="deeds?", use="action"),
    Word(old="may", use="permissions, allowed_actions", whole=True),
    Word(old="sees", use="visibility_rule, can_see"),
    Word(old="wish(es)?", use="placement_constraint"),
    Word(old="looks?", use="follow_up", whole=True, kinds=TYPES | {"field", "API field", "URL"}),
    Word(old="(next|take|all|last|due)_looks?|looks?_(by|late|due)", use="follow_up"),
    Word(old="carried", use="follow_up_outcome", whole=True),
    Word(old="placing", use="what_if_week"),
    Word(old="desks?", use="what_if_week, channel, rule_list, client: what it is"),
    Word(old="trials?", use="dry_run, rule_test"),
    Word(old="judging", use="severity"),
    Word(old="shading", use="cell_availability"),
    Word(old="byhand", use="editable_week"),
    Word(old="hand", use="editable_week", whole=True),
    Word(old="frozen", use="fixed_sessions", whole=True, kinds=TYPES),
    Word(old="spread", use="distributed_crew", whole=True, kinds=TYPES | {"function"}),
    Word(old="porter", use="helper_gateway"),
    Word(old="course", use="search_progress", whole=True),
    Word(old="pulse", use="heartbeat"),
    Word(old="seal(ed|s)?", use="fingerprint"),
    Word(old="needs_a_word", use="needs_acknowledgement"),
    Word(old="chas(e|ed|es|ing)", use="remind, reminders"),
    Word(old="telling", use="notifications"),
    Word(old="notices?", use="notification", whole=True, kinds=TYPES | {"URL"}),
    Word(old="told", use="notified"),
    Word(old="lack(ed|s)?", use="mark_missing"),
    Word(old="said", use="case_outcome; else what it is: text, message"),
    Word(old="asked", use="invited; else requested, required"),
    Word(old="killers?", use="blocker"),
    Word(old="extra_time", use="time_requests"),
    Word(old="typed_rule", use="rule_form"),
    Word(old="bench", use="rule_tester"),
    Word(old="findings?", use="search, move_warnings", whole=True, kinds=TYPES),  # findings of a patient are flags
    Word(old="promises", use="earliest_slots"),
    Word(old="standing_times?", use="recurring_blocks"),
    Word(old="standing", use="recurring_blocks; else published", whole=True, kinds=TYPES | {"function", "API field"}),
    Word(old="rule_?files?", use="catalogue json_io", whole=True, kinds=frozenset({"module"})),
    Word(old="rule_?sheets?", use="catalogue csv_io"),
)
CLASSES_THAT_SAY_OF_WHAT = ("Row", "Line", "Change", "Seat", "Load", "Place")
FIXTURES = {"desk": "client", "w": "world", "ward": "hospital"}


def better_name(kind: str, name: str) -> str:
    """What to call it instead; empty where the name is fine."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]", "_", name).lower().strip("_")
    meant = (word for word in WORDS if not word.kinds or kind in word.kinds)
    return next((word.use for word in meant if re.fullmatch(word.pattern, plain)), "")


def check(kind: str, names: Iterable[tuple[str, str]]) -> None:
    """`names`: where it stands, and the name."""
    names = set(names)
    assert len(names) > 20
    found = sorted(f"{where}: {name} -> {use}" for where, name in names if (use := better_name(kind, name)))
    assert not found, "\n".join((f"earlier words in the name of a {kind}:", *found))


def test_no_module_has_an_earlier_word_as_its_name() -> None:
    check("module", ((place(path), path.stem) for path in sources(*PRODUCT, "tests", "benchmarks")))


def test_no_template_or_static_file_has_an_earlier_word_as_its_name() -> None:
    files = [path for top in ("templates", "static") for path in (ROOT / top).rglob("*") if path.is_file()]
    ours = (path for path in files if "vendor" not in path.parts)
    check("file", ((place(path), path.name.split(".")[0]) for path in ours))


def test_no_class_has_an_earlier_word_in_its_name() -> None:
    check("class", defined(ast.ClassDef))


def test_no_function_has_an_earlier_word_in_its_name() -> None:
    check("function", defined(ast.FunctionDef))


def test_no_field_or_constant_has_an_earlier_word_in_its_name() -> None:
    check("field", fields())


def test_no_address_has_an_earlier_word() -> None:
    parts = [(path, part) for name, path in urls() for part in (name, *re.split(r"[/<>:?()|\\^$]+", path)) if part]
    check("URL", parts)


def test_no_field_of_the_api_has_an_earlier_word() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    check("API field", api_names(schema))


def test_no_table_or_column_has_an_earlier_word() -> None:
    names = [
        (model.__name__, name)
        for model in apps.get_models()
        if model.__module__.split(".")[0] in PRODUCT
        for name in (
            model._meta.db_table.partition("_")[2],
            *(field.column for field in model._meta.concrete_fields),
            *(constraint.name for constraint in (*model._meta.constraints, *model._meta.indexes)),
        )
    ]
    check("table", names)


def test_what_is_named_like_many_others_says_of_what_it_is() -> None:
    """`Seat` and the like may stand in models and in the solver's own terms, and once elsewhere."""
    found = Counter(
        node.name
        for path in sources(*PRODUCT)
        if "models" not in path.parts and not place(path).startswith("scheduling/solver/core")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and node.name in CLASSES_THAT_SAY_OF_WHAT
    )
    assert not {name: count for name, count in found.items() if count > 1}


def test_fixtures_and_variables_of_tests_have_plain_names() -> None:
    found = {
        f"{place(path)}:{node.lineno}: {name} -> {FIXTURES[name]}"
        for path in sources("tests")
        for node in ast.walk(tree(path))
        for name in bound(node)
        if name in FIXTURES
    }
    assert not found, "\n".join(sorted(found))


# What is looked at ----------------------------------------------------------------------------------------------------
def sources(*tops: str) -> list[Path]:
    found = [path for top in tops for path in sorted((ROOT / top).rglob("*.py")) if "migrations" not in path.parts]
    assert len(found) > 5
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def defined(kind: type[ast.ClassDef] | type[ast.FunctionDef]) -> Iterator[tuple[str, str]]:
    for path in sources(*PRODUCT, "tests", "benchmarks"):
        for node in ast.walk(tree(path)):
            if isinstance(node, kind) and not node.name.startswith("test_"):
                yield f"{place(path)}:{node.lineno}", node.name


def fields() -> Iterator[tuple[str, str]]:
    """The fields of classes, and what stands at the top of a module."""
    for path in sources(*PRODUCT, "benchmarks"):
        for scope in ast.walk(tree(path)):
            if isinstance(scope, ast.ClassDef | ast.Module):
                for node in scope.body:
                    if isinstance(node, ast.Assign | ast.AnnAssign):
                        for name in bound(node):
                            yield f"{place(path)}:{node.lineno}", name


def bound(node: ast.AST) -> Iterator[str]:
    """The names to which this piece of code gives something."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def urls(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, str]]:
    """Name and path of every address but those of Django's administration."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield pattern.name or "", path
        elif pattern.namespace != "admin":
            yield from urls(pattern, path)


def api_names(part: Any) -> Iterator[tuple[str, str]]:
    """The components, fields and parameters of the schema, each with where it stands."""
    if isinstance(part, list):
        for one in part:
            yield from api_names(one)
    if isinstance(part, dict):
        yield from (("schemas", name) for name in part.get("schemas", {}))
        properties = part.get("properties")
        if isinstance(properties, dict):
            yield from (("properties", name) for name in properties)
        yield from (("parameters", one["name"]) for one in part.get("parameters", ()) if isinstance(one, dict))
        for one in part.values():
            yield from api_names(one)


def test_the_words_are_found_where_they_stand() -> None:
    assert better_name("function", "take_look") == better_name("API field", "look_by") == "follow_up"
    assert better_name("class", "WishKind") == better_name("URL", "wishes") == "placement_constraint"
    assert better_name("function", "looked_at") == better_name("field", "carried_out") == ""
