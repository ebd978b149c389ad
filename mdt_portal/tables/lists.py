"""A list that people work with: its columns, declared once, by which it is sorted and taken away as a file.

    PEOPLE = Listing(name="people", default="name", columns=(
        Column(key="name", label=_("Name"), order=(Named(),), cell=lambda row: row.expert),
        ...
    ))

    shown = PEOPLE.of(request)
    rows = shown.ordered(found)
    if shown.wanted:  # ?file=csv or ?file=xlsx: all pages of what is filtered
        return shown.file(people_rows(shown.whole(rows)))
    page = Paginator(rows, ROWS).get_page(...)

In the template: {% headings listing %}, {% sorts listing %} for small screens, {% pagination page listing=listing %}.

The order stands in the address (`?ordering=-name`), so that it is kept with the filters. A file holds what its reader
sees on the page and is written down in the audit log. Orders the list does not know are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from pypinyin import lazy_pinyin

from mdt_portal import audit, shell
from mdt_portal.errors import RuleError
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from mdt_portal.tables import downloads, orders
from mdt_portal.tables.core import writing

ORDERING, FILE = "ordering", "file"
NOT_KEPT = (ORDERING, FILE, "page")
"""Parameters that say where one is in a list, not what is in it."""
MOST = 20_000
"""So many lines a file holds at most: a request has its time."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `key` is the order's name in the address and in the API.

    `order`: terms for the database, or for rows in memory a function of the row (None stands last); without, nobody
    can sort by it. `cell`: what stands in a file, any plain value, a named row, moments, or several of them; without,
    the column is on the page only. `on_page` False: in the file only. `quiet`: its heading is only read out.
    """

    key: str
    label: str | Promise
    order: orders.Order | Callable[[Any], Any] | None = None
    cell: Callable[[Any], Any] | None = None
    css: str = ""
    on_page: bool = True
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column's heading on a page. `sort`: the value of aria-sort, empty if the list stands in another order."""

    key: str
    label: str
    address: str
    sort: str
    css: str
    quiet: bool


@dataclass(frozen=True, kw_only=True)
class Listing:
    """`name` stands in the file's name and in the audit log; `default` is the order without a wish."""

    name: str
    columns: tuple[Column, ...]
    default: str

    @cached_property
    def by_key(self) -> dict[str, Column]:
        return {one.key: one for one in self.columns if one.order is not None}

    def of(self, request: HttpRequest, *, default: str = "") -> Shown:
        """The list as this request wants it."""
        default = default or self.default
        wish = request.GET.get(ORDERING, "")
        ordering = wish if wish.removeprefix("-") in self.by_key else default
        kind = request.GET.get(FILE, "")
        return Shown(
            listing=self,
            default=default,
            ordering=ordering,
            wanted=kind if kind in writing.KINDS else "",
            params=request.GET,
            user=request.user,  # type: ignore[arg-type]
        )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A list in the order that its reader has chosen; `wanted` is the kind of file that was asked for, or empty."""

    listing: Listing
    default: str
    ordering: str
    wanted: str
    params: QueryDict
    user: User

    # Rows -------------------------------------------------------------------------------------------------------------

    def ordered(self, rows: Any) -> Any:
        """The rows in the chosen order: a query set, or a list of rows in memory, which keeps its order in ties."""
        order = self.listing.by_key[self.ordering.removeprefix("-")].order
        descending = self.ordering.startswith("-")
        if callable(order):
            return in_memory(rows, order, descending=descending)
        assert order is not None
        return orders.ordered(rows, order, descending=descending)

    def whole(self, rows: QuerySet | Iterable[Row]) -> list[Any]:
        """All rows. Raises RuleError where a file cannot hold them."""
        found = list(rows[: MOST + 1] if isinstance(rows, QuerySet) else rows)
        if len(found) > MOST:
            words = _("A file holds at most %(most)d lines. Filter the list, then take it away in parts.")
            raise RuleError(words % {"most": MOST}, code="too_many_rows")
        return found

    def file(self, rows: Iterable[Any]) -> HttpResponse:
        """The rows as the file that was asked for, in the reader's language and by their clock."""
        columns = [one for one in self.listing.columns if one.cell is not None]
        zone = clock.zone(getattr(shell.home(self.user), "zone", None))
        lines: list[list[Any]] = [[str(one.label) for one in columns]]
        lines += ([written(one.cell(row), zone) for one in columns if one.cell] for row in rows)
        audit.record("list.exported", by=self.user, list=self.listing.name, kind=self.wanted, rows=len(lines) - 1)
        day = datetime.now(zone).date().isoformat()
        return downloads.table(self.wanted, lines, name=f"{self.listing.name}-{day}", title=self.listing.name)

    # For templates ----------------------------------------------------------------------------------------------------

    @property
    def headings(self) -> Iterator[Heading]:
        key, descending = self.ordering.removeprefix("-"), self.ordering.startswith("-")
        for one in self.listing.columns:
            if not one.on_page:
                continue
            here = one.key == key and one.order is not None
            wish = f"-{one.key}" if here and not descending else one.key
            yield Heading(
                key=one.key,
                label=str(one.label),
                address=self._address(**{ORDERING: wish}) if one.order is not None else "",
                sort=("descending" if descending else "ascending") if here else "",
                css=one.css,
                quiet=one.quiet,
            )

    @property
    def kept_ordering(self) -> str:
        """What a filter must hand on: the order, unless it is the usual one."""
        return "" if self.ordering == self.default else self.ordering

    @property
    def csv(self) -> str:
        return self._address(**{ORDERING: self.kept_ordering, FILE: "csv"})

    @property
    def xlsx(self) -> str:
        return self._address(**{ORDERING: self.kept_ordering, FILE: "xlsx"})

    def _address(self, **wishes: str) -> str:
        params = self.params.copy()
        for name in NOT_KEPT:
            params.pop(name, None)
        for name, wish in wishes.items():
            if wish:
                params[name] = wish
        return f"?{params.urlencode()}"


def in_memory(rows: Iterable[Row], key: Callable[[Row], Any], *, descending: bool = False) -> list[Row]:
    """Rows by a function of each; those without a value at the end, whichever way."""
    keyed = [(key(row), row) for row in rows]
    with_value = [pair for pair in keyed if pair[0] is not None and pair[0] != ""]
    without = [row for value, row in keyed if value is None or value == ""]
    with_value.sort(key=lambda pair: pair[0], reverse=descending)
    return [row for _value, row in with_value] + without


def name_of(value: Any) -> str:
    """A named row, or a text, in the reader's language; in the other one where it has no name in this."""
    if not hasattr(value, "name_zh"):
        return "" if value is None else str(value)
    first, second = value.name_en, value.name_zh
    return str((second or first) if orders.is_chinese() else (first or second))


def sound(value: Any) -> tuple[str, ...] | None:
    """The key that puts a name or a text in the reader's order: in any case of letters, Chinese by pinyin."""
    text = name_of(value).casefold()
    if not text:
        return None
    return tuple(lazy_pinyin(text)) if orders.is_chinese() else (text,)


def written(value: Any, zone: tzinfo) -> Any:
    """A value as a cell of a file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, list | tuple | QuerySet | Iterator):
        return phrases.listed(str(written(one, zone)) for one in value)
    return name_of(value)
