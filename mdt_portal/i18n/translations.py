"""The portal's own words in Chinese: gather them, check them, compile them. No gettext programs are needed.

Nothing here needs Django's settings, so that set-up can call `compile_all` before Django starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template.base import Lexer, TokenType
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
LOCALE = "zh_Hans"
PO = ROOT / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
PACKAGES = ("mdt_portal", "experts", "cases", "scheduling")
TEMPLATES = ROOT / "templates"
HEADER = r"""msgid ""
msgstr ""
"Language: zh_Hans\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=1; plural=0;\n"

"""

_PLAIN = {"_": None, "gettext": None, "gettext_noop": None, "gettext_lazy": None}
_PLURAL = {"ngettext": (1, 2), "ngettext_lazy": (1, 2)}
_CONTEXT = {"pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2)}
_BOTH = {"npgettext": ((1, "c"), 2, 3), "npgettext_lazy": ((1, "c"), 2, 3)}
KEYWORDS = {**_PLAIN, **_PLURAL, **_CONTEXT, **_BOTH}

PLACEHOLDER = re.compile(r"%\((\w+)\)[#0\- +]*[\d.]*[sdfr]|\{(\w*)[^{}]*\}|(?<!%)(?:%%)*%(?!%|\()[\d.]*([sdfr])")
# What a template may say outside a translation tag: our name, and words of no language.
NEUTRAL = re.compile(r"MDT Portal|ICD-10|UTC|EN|PDF|CSV|JSON|XLSX|FHIR|OR-Tools|CP-SAT|A4")
WORD = re.compile(r"[^\W\d_]{2,}")
SPOKEN_ATTRIBUTE = re.compile(r"\b(?:aria-label|title|placeholder|alt|data-confirm[\w-]*)\s*=\s*\"([^\"]*)\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend in the catalogue, with its place in the source."""

    place: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}: {self.text!r}"


# Gathering ----------------------------------------------------------------------------------------
def sources() -> Iterator[Path]:
    """The files that may hold words of ours, in a stable order."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path
    yield from templates()


def templates() -> Iterator[Path]:
    for pattern in ("*.html", "*.txt"):
        yield from sorted(TEMPLATES.rglob(pattern))


def gather() -> Catalog:
    """Every message of the source, with its places."""
    catalog = Catalog()
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = _as_python(text, path)
        for line, message, __, context in extract(
            "python", BytesIO(text.encode()), KEYWORDS, [], {"encoding": "utf-8"}
        ):
            catalog.add(message, locations=[(str(path.relative_to(ROOT)), line)], context=context)
    return catalog


def _as_python(text: str, path: Path) -> str:
    """A template as the calls that its translation tags stand for, line for line."""
    # Python's tokenizer is strict about indentation, which means nothing here.
    return "\n".join(line.strip() for line in templatize(text, origin=str(path)).split("\n"))


# Reading and writing ------------------------------------------------------------------------------
def load() -> Catalog:
    if not PO.exists():
        return Catalog(locale=LOCALE)
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE)


def merge() -> Catalog:
    """Bring the catalogue up to date with the source, keeping what is translated; write and compile it."""
    catalog = load()
    catalog.update(gather(), no_fuzzy_matching=True)
    write(catalog)
    compile_all()
    return catalog


def write(catalog: Catalog) -> None:
    """Write the .po: sorted, with files but no lines and no dates, so that two people's additions seldom meet."""
    buffer = BytesIO()
    write_po(buffer, catalog, width=110, sort_output=True, ignore_obsolete=True, omit_header=True, include_lineno=False)
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_text(HEADER + buffer.getvalue().decode(), encoding="utf-8")


def compile_all() -> list[Path]:
    """Write the .mo beside each .po; Django reads nothing else."""
    done = []
    for po in sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po")):
        with po.open("rb") as file:
            catalog = read_po(file, locale=po.parent.parent.name)
        mo = po.with_suffix(".mo")
        with mo.open("wb") as file:
            write_mo(file, catalog)
        done.append(mo)
    return done


# Checking -----------------------------------------------------------------------------------------
def missing() -> list[Problem]:
    """What is not translated, only guessed, or translated with other placeholders than the original has."""
    known = load()
    problems = []
    for message in gather():
        if not message.id:
            continue
        text = _forms(message.id)[0]
        if what := _wrong(message, known.get(text, message.context)):
            problems.append(Problem(place="{}:{}".format(*message.locations[0]), what=what, text=text))
    return problems


def _wrong(source: Message, found: Message | None) -> str:
    if found is None or not all(form.strip() for form in _forms(found.string)):
        return "not translated"
    if found.fuzzy:
        return "only guessed (fuzzy)"
    if isinstance(source.id, str) != isinstance(found.id, str):
        return "plural in one place only"
    differing = _differing(source, found)
    return f"placeholders differ ({differing})" if differing else ""


def _forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """The singular, or all forms of a plural."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def placeholders(text: str) -> set[str]:
    """The names in a text, or the kind of a placeholder that has no name."""
    return {next(group for group in match if group) if any(match) else "{}" for match in PLACEHOLDER.findall(text)}


def _differing(source: Message, found: Message) -> str:
    # The plural holds all placeholders; the singular may say "one" in words.
    wanted = placeholders(_forms(source.id)[-1])
    for form in _forms(found.string):
        if placeholders(form) != wanted:
            return ", ".join(sorted(placeholders(form) ^ wanted))
    return ""


def bare() -> list[Problem]:
    """Words that a template says outside any translation tag, in its text or in an attribute that is read aloud."""
    problems = []
    for path in templates():
        skip_until = ""
        kept = []
        for token in Lexer(path.read_text(encoding="utf-8")).tokenize():
            if skip_until:
                skip_until = (
                    "" if token.contents.strip() == skip_until and token.token_type == TokenType.BLOCK else skip_until
                )
            elif token.token_type == TokenType.BLOCK:
                tag = token.contents.split()[0]
                skip_until = f"end{tag}" if tag in ("blocktranslate", "blocktrans", "comment", "verbatim") else ""
            elif token.token_type == TokenType.TEXT:
                kept.append(token.contents)
                continue
            kept.append("\n" * token.contents.count("\n"))
        for line, text in enumerate(_visible("".join(kept)).split("\n"), start=1):
            if WORD.search(NEUTRAL.sub("", text)):
                place = f"{path.relative_to(ROOT)}:{line}"
                problems.append(Problem(place=place, what="outside a translation tag", text=text.strip()))
    return problems


def _visible(html: str) -> str:
    """The words of a page that people read or hear; lines stay where they are."""

    def lines(match: re.Match[str]) -> str:
        spoken = "".join(f"{words} " for words in SPOKEN_ATTRIBUTE.findall(match[0]))
        return spoken + "\n" * match[0].count("\n")

    html = re.sub(
        r"<!--.*?-->|<(script|style|code|pre|kbd)\b.*?</\1>", lambda m: "\n" * m[0].count("\n"), html, flags=re.DOTALL
    )
    return re.sub(r"&\w+;", " ", re.sub(r"<[^>]*>", lines, html, flags=re.DOTALL))
