"""Words that no template says: choices, messages of forms and of the API, what code says directly, scripts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.db import models
from django.utils import translation
from rest_framework import exceptions, serializers, validators

from mdt_portal import errors
from mdt_portal.i18n import translations

CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMES = re.compile(r"[A-Z][A-Z0-9-]*")  # CSV, ICD-10, or a grade
SPOKEN_BY = ("label", "help_text", "verbose_name", "verbose_name_plural", "empty_label")
NOT_SAID = {"FloatField.overflow", "BigIntegerField.invalid"}  # DRF's own, in fields that the API does not have
SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
SELECTOR = re.compile(r"[.#\[\]>:=<]|use strict|tbody tr")
STATIC = Path(settings.BASE_DIR) / "static"


def below(kind: type) -> Iterator[type]:
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def in_chinese(words: object) -> bool:
    text = str(words)
    return not text or bool(CHINESE.search(text) or NAMES.fullmatch(text))


def test_every_choice_has_a_chinese_label() -> None:
    with translation.override("zh-hans"):
        english = {
            f"{kind.__name__}.{value}": str(label)
            for kind in below(models.Choices)
            if kind.__module__.partition(".")[0] in translations.PACKAGES
            for value, label in kind.choices  # type: ignore[attr-defined]
            if not in_chinese(label)
        }
    assert english == {}


@pytest.mark.parametrize("kind", [forms.Field, serializers.Field])
def test_the_messages_of_fields_are_chinese(kind: type) -> None:
    """Django's and DRF's own catalogues know them; a field of ours must bring its words."""
    with translation.override("zh-hans"):
        english = {
            f"{one.__name__}.{code}": str(words)
            for one in {kind, *below(kind)}
            if not one.__module__.startswith(("django_filters", "drf_spectacular"))
            for code, words in getattr(one, "default_error_messages", {}).items()
            if not in_chinese(words) and f"{one.__name__}.{code}" not in NOT_SAID
        }
    assert english == {}


def test_the_refusals_of_the_api_are_chinese() -> None:
    with translation.override("zh-hans"):
        refusals = {
            one.__name__: one.default_detail for one in {exceptions.APIException, *below(exceptions.APIException)}
        }
        refusals |= {
            one.__name__: one.message for one in (validators.UniqueValidator, validators.UniqueTogetherValidator)
        }
        english = {name: str(words) for name, words in refusals.items() if not in_chinese(words)}
    assert english == {}


# What code says -------------------------------------------------------------------------------------------------------


def bare(source: str) -> list[str]:
    """Words that a module says to people without a translation function around them."""
    return [
        words.value for call in ast.walk(ast.parse(source)) if isinstance(call, ast.Call) for words in _spoken(call)
    ]


def _spoken(call: ast.Call) -> Iterator[ast.Constant]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = ast.unparse(call.func).partition(".")[0]
    said: list[ast.expr] = [one.value for one in call.keywords if one.arg in SPOKEN_BY]
    if name in REFUSALS:
        said += call.args[:1]
    elif place == "messages":
        said += call.args[1:2]
    yield from (
        one
        for given in said
        for one in _constants(given)
        if isinstance(one.value, str) and re.search(r"[a-z]{2}", one.value)
    )


def _constants(given: ast.expr) -> Iterator[ast.Constant]:
    """The words themselves, also where a condition chooses between them; not those in a call."""
    if isinstance(given, ast.Constant):
        yield given
    elif isinstance(given, ast.IfExp | ast.BinOp | ast.JoinedStr | ast.BoolOp):
        for part in ast.iter_child_nodes(given):
            if isinstance(part, ast.expr):
                yield from _constants(part)


REFUSALS = {one.__name__ for one in {errors.DomainError, *below(errors.DomainError)}} | {"ValidationError"}


def test_no_module_speaks_without_translation() -> None:
    """The help of the API's fields is its description, which is in English like its names."""
    found = {
        f"{path.relative_to(translations.ROOT)}": words
        for path in translations.sources()
        if path.suffix == ".py"
        and not re.search("api|serializers", str(path))
        and (words := bare(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        'raise RuleError("This is not allowed.")',
        'raise errors.StaleState("Too late.", code="late")',
        'messages.success(request, "It is saved.")',
        'messages.success(request, "It is saved." if done else word)',
        'forms.CharField(label="Name")',
        'models.CharField(verbose_name="name")',
    ],
)
def test_bare_words_are_found(line: str) -> None:
    assert bare(line)
    assert not bare(re.sub(r'("[A-Zn][^"]*")', r"_(\1)", line, count=1))


# What scripts say -----------------------------------------------------------------------------------------------------


def sentences(script: str) -> list[str]:
    """Strings of a script that look like words for people. All its words come from the page, in data attributes."""
    code = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", script, flags=re.DOTALL)
    strings = [found[1] for found in re.findall(r"""(["'`])((?:(?!\1)[^\\\n]|\\.)*)\1""", code)]
    return [text for text in strings if SENTENCE.search(text) and not SELECTOR.search(text)]


def test_scripts_hold_no_words() -> None:
    scripts = [path for path in STATIC.rglob("*.js") if "vendor" not in path.parts]
    assert scripts
    found = {path.name: words for path in scripts if (words := sentences(path.read_text(encoding="utf-8")))}
    assert found == {}


def test_words_in_a_script_are_found() -> None:
    assert sentences("/* Not this one */ say('info', 'The week was saved'); find('main a[href]'); \"use strict\";") == [
        "The week was saved"
    ]
