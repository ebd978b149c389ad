"""The frame of every page: what the navigation shows, and whose clock it follows.

An entry whose permission the reader lacks is left out. Lower layers know nothing of hospitals, so the apps hand in what
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
    permission: str = ""  # what one must be allowed to do to see it; empty: whoever is signed in
    staff: bool = False  # only for those who may open the administration's pages
    local: bool = False  # its page answers only where mails are kept in the portal (settings.LOCAL)
    alert: bool = False  # its number is shown as an alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    entry: Entry
    url: str
    count: int | None


DAILY = (
    Entry(name="today", label=_("Today"), icon="today", alert=True),
    Entry(name="queue", label=_("Queue"), icon="queue", permission="plan.view"),
    Entry(name="board", label=_("Week"), icon="board", permission="plan.view"),
    Entry(name="runs", label=_("Plans"), icon="run", permission="plan.view"),
    Entry(name="sessions", label=_("Sessions"), icon="sessions", permission="sessions.view"),
    Entry(name="refer", label=_("Refer"), icon="refer", permission="case.refer"),
    Entry(name="my_seats", label=_("My seats"), icon="person", permission="seat.mine"),
)
SET_UP = (
    Entry(name="catalogue", label=_("Catalogue"), icon="catalogue"),
    Entry(name="people", label=_("People"), icon="pools", permission="pool.view"),
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
        if entry.permission and not access.can(user, entry.permission):
            continue
        yield Shown(entry=entry, url=reverse(entry.name), count=beside.get(entry.name))
