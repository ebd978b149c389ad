"""Which pages a person can reach by links, found without a browser: one address of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.conf import settings
from django.test import Client
from django.urls import Resolver404, resolve

from mdt_portal.models import User

FILES = (".csv", ".xlsx", ".json", ".pdf", ".ics")  # are downloaded, not shown
TELLING = ("by", "names")  # parameters whose value makes another page; of the others, the name does
SAME_PAGE = ("institution", "hospital", "week", "code", "page", "again", "ordering")  # and these make none
VOID = ("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
Kind = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page that answered 200. Pages of one `shape` are built of the same elements and classes.

    `asks` names the addresses that its forms, buttons and scripts ask.
    """

    address: str
    name: str
    shape: frozenset[str]
    asks: frozenset[str]


class Reader(HTMLParser):
    """The links of a page, and the ways to its elements below <main>."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ways: set[str] = set()
        self.asks: set[str] = set()
        self.loads: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href") and "download" not in given:
            self.links.append(given["href"] or "")
        self.asks.update(name for value in given.values() if value and value[0] == "/" and (name := name_of(value)))
        if "load" in (given.get("hx-trigger") or ""):
            self.loads.append(given.get("hx-get") or "")
        if tag == "main" or self._open:
            self._open.append(" ".join((tag, given.get("class") or "", given.get("role") or "")))
            self.ways.add(">".join(self._open))
            if tag in VOID:
                self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if any(one.startswith(f"{tag} ") for one in self._open):
            while not self._open.pop().startswith(f"{tag} "):
                pass


@lru_cache(maxsize=8192)
def name_of(address: str) -> str:
    """The name of an address of the portal's own; nothing for others."""
    try:
        return str(resolve(urlsplit(address).path).view_name)
    except Resolver404:
        return ""


def kind(address: str) -> Kind | None:
    """What pages have in common that differ in their rows only; None for what is no page of the portal's own."""
    parts = urlsplit(address)
    if parts.netloc or parts.path.endswith(FILES):
        return None
    name = name_of(parts.path)
    if not name or name.startswith(("admin:", "api-")):
        return None
    asked = [(key, value) for key, value in parse_qsl(parts.query) if key not in SAME_PAGE]
    return (name, *sorted({f"{key}={value}" if key in TELLING else key for key, value in asked}))


def reachable(session: str) -> list[Seen]:
    """One page of each kind to which links lead from the start page on; none that is linked may be refused."""
    client, found, queue = _client(session), dict[Kind, Seen](), ["/"]
    while queue:
        address = queue.pop(0)
        what = kind(address)
        if what is None or what in found:
            continue
        answer = client.get(address)
        if answer.status_code == HTTPStatus.FOUND:
            queue.append(answer["Location"])
            continue
        assert answer.status_code == HTTPStatus.OK, f"{address}: {answer.status_code}"
        found[what], links = _seen(client, address, answer.content.decode())
        if what[0] != "mails":  # links in somebody else's mail are not this reader's
            queue += links
    return list(found.values())


def visible(session: str, addresses: Iterable[str]) -> Iterator[Seen]:
    """Those of the pages that the person may see."""
    client = _client(session)
    for address in addresses:
        answer = client.get(address)
        if answer.status_code == HTTPStatus.OK:
            yield _seen(client, address, answer.content.decode())[0]


def _seen(client: Client, address: str, html: str) -> tuple[Seen, list[str]]:
    """The page, and where its links lead."""
    reader = Reader()
    reader.feed(html)
    links = [urljoin(address, link).partition("#")[0] for link in reader.links]
    for part in filter(None, list(reader.loads)):  # what the page fetches as soon as it is there
        reader.feed(client.get(part, headers={"HX-Request": "true"}).content.decode())
    seen = Seen(address=address, name=name_of(address), shape=frozenset(reader.ways), asks=frozenset(reader.asks))
    return seen, links


def shape(part: str) -> frozenset[str]:
    """What a part of a page is built of."""
    reader = Reader()
    reader.feed(f"<main>{part}</main>")
    return frozenset(reader.ways)


def _client(session: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    return client


def session_of(user: User) -> str:
    """The cookie of somebody who signs in."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
