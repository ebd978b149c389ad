"""The frame of every page: what the navigation shows, and whose clock it follows.

An entry whose deed the reader may not do is left out. Lower layers know nothing of hospitals, so the apps hand in what
they know, once, in `apps.ready`:

    shell.home_of(function)            user -> their institution (name_en, name_zh, zone) or None
    shell.counts(function)             user -> the numbers beside the entries, by name; None shows none
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mdt_portal import access


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the navigation. `name` is both the url name and the key by which a page says where it is."""

    name: str
    label: str | Promise
    icon: str
    deed: str = ""  # what one must be allowed to do to see it; empty: whoever is signed in
    staff: bool = False  # only for those who may open the administration's pages
    local: bool = False  # its page exists only where mails are kept in the portal (settings.LOCAL)
    alert: bool = False  # its number is shown as an alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    entry: Entry
    url: str
    count: int | None


DAILY = (
    Entry(name="today", label=_("Today"), icon="today", alert=True),
    Entry(name="queue", label=_("Queue"), icon="queue", deed="plan.look"),
    Entry(name="board", label=_("Week"), icon="board", deed="plan.look"),
    Entry(name="runs", label=_("Plans"), icon="run", deed="plan.look"),
    Entry(name="sessions", label=_("Sessions"), icon="sessions", deed="plan.look"),
    Entry(name="refer", label=_("Refer"), icon="refer", deed="case.refer"),
    Entry(name="my_seats", label=_("My seats"), icon="person", deed="seat.mine"),
)
DESK = (
    Entry(name="catalogue", label=_("Catalogue"), icon="catalogue"),
    Entry(name="people", label=_("People"), icon="pools", deed="pool.look"),
    Entry(name="mails", label=_("Mails"), icon="mail", local=True),
    Entry(name="admin:index", label=_("Reference data"), icon="catalogue", staff=True),
)

_home: Callable[[Any], Any] = lambda user: None  # noqa: E731  replaced by home_of
_counts: list[Callable[[Any], Mapping[str, int | None]]] = []


def home_of(function: Callable[[Any], Any]) -> None:
    global _home
    _home = function


def counts(function: Callable[[Any], Mapping[str, int | None]]) -> None:
    _counts.append(function)


def home(user: Any) -> Any:
    """The institution whose name and clock this reader sees, or None; asked for once for each object `user`."""
    if not user.is_authenticated:
        return None
    if not hasattr(user, "_home"):
        user._home = _home(user)
    return user._home


def numbers(user: Any) -> dict[str, int | None]:
    """What stands beside the entries, by their names."""
    return {name: number for function in _counts for name, number in function(user).items()}


def entries(user: Any, group: tuple[Entry, ...], beside: Mapping[str, int | None]) -> Iterator[Shown]:
    """The entries that this reader may see; `beside` are their `numbers`."""
    for entry in group:
        if (entry.local and not settings.LOCAL) or (entry.staff and not user.is_staff):
            continue
        if entry.deed and not access.can(user, entry.deed):
            continue
        yield Shown(entry=entry, url=reverse(entry.name), count=beside.get(entry.name))
