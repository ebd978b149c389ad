"""Kept mails: what would have been sent, readable in the portal. Only where nothing leaves the machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from experts.models import Expert
from mdt_portal import access
from mdt_portal.models import KeptMail, User
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web.pages import SignedInRequest, page

ROWS = 20
LIST = Listing(
    name="mails",
    default="-sent_at",
    columns=(
        Column(key="sent_at", label=_("Sent"), order=("sent_at",), cell=lambda row: row.mail.sent_at),
        Column(key="to", label=_("Address"), order=("to", "sent_at"), cell=lambda row: row.mail.to),
        Column(key="person", label=_("Person"), cell=lambda row: row.person, on_page=False),
        Column(key="subject", label=_("Subject"), order=("subject", "sent_at"), cell=lambda row: row.mail.subject),
    ),
)
ADDRESS = re.compile(r"(?<!\S)(?:https?://|/)\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    """A mail, whom it is for as far as they are known, and its text with working links."""

    mail: KeptMail
    person: User | Expert | None
    text: SafeString


def mails(request: HttpRequest) -> HttpResponse:
    """Where mails are sent there is no such page, whoever asks."""
    if not settings.LOCAL:
        raise Http404
    return _kept(request)


@page
@require_GET
def _kept(request: SignedInRequest) -> HttpResponse:
    """`?q=` finds the mails to a person by name or address."""
    rows = access.visible(request.user, KeptMail.objects.select_related("user"))
    query = request.GET.get("q", "").strip()
    if query:
        experts = Expert.objects.filter(Q(name_en__icontains=query) | Q(name_zh__icontains=query))
        rows = rows.filter(
            Q(to__icontains=query)
            | Q(user__name_en__icontains=query)
            | Q(user__name_zh__icontains=query)
            | Q(to__in=experts.exclude(email="").values("email"))
        )
    listing = LIST.of(request)
    rows = listing.ordered(rows)
    if listing.wanted:
        return listing.file(_rows(listing.whole(rows)))
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {"nav": "mails", "page": shown, "listing": listing, "rows": _rows(list(shown)), "query": query}
    return render(request, "scheduling/mails.html", context)


def _rows(mails: list[KeptMail]) -> list[MailRow]:
    names = {one.email: one for one in Expert.objects.filter(email__in=[mail.to for mail in mails])}
    return [MailRow(mail=one, person=one.user or names.get(one.to), text=linked(one.body)) for one in mails]


def linked(body: str) -> SafeString:
    """The text of a mail with its links into this portal clickable, as paths; any other address stays text."""
    parts, last = [], 0
    for found in ADDRESS.finditer(body):
        path = _own_path(found[0])
        if path:
            parts += [escape(body[last : found.start()]), format_html('<a href="{}">{}</a>', path, found[0])]
            last = found.end()
    parts.append(escape(body[last:]))
    return mark_safe("".join(parts))  # noqa: S308  every part is escaped above


def _own_path(address: str) -> str:
    """The path of an address of this portal, or nothing."""
    own = settings.MDT_PUBLIC_URL + "/"
    path = address.removeprefix(settings.MDT_PUBLIC_URL) if address.startswith(own) else address
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else ""
