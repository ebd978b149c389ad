"""The form of one person, and people from a file after a dry run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from experts.models import Expert
from experts.roster import card_text, people_import, person_cards
from experts.roster.core.people_table import COLUMNS
from experts.roster.person_cards import Card
from experts.web import common
from experts.web.pool_forms import PersonForm
from mdt_portal import access, audit
from mdt_portal.errors import DomainError
from mdt_portal.tables import downloads
from mdt_portal.tables.forms import ACCEPTED, TableForm
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page


@page
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.edit")
    return _form(request, None, Card())


@page
@require_http_methods(["GET", "POST"])
def edit(request: SignedInRequest, public_id: str) -> HttpResponse:
    rows = access.visible(request.user, Expert.objects.all())
    expert = get_object_or_404(rows, public_id=public_id)
    access.require(request.user, "pool.edit", expert)
    return _form(request, expert, person_cards.card_of(expert))


def _form(request: SignedInRequest, expert: Expert | None, card: Card) -> HttpResponse:
    form = PersonForm(request.POST or None, card=card, hospitals=common.kept(request))
    if form.is_bound and form.is_valid():
        try:
            row = person_cards.save(expert, form.filled(), by=request.user)
        except DomainError as error:
            pages.add_errors(form, error)
        else:
            messages.success(request, _("%(who)s is saved.") % {"who": row.name})
            return redirect("person", row.public_id)
    context = {"nav": "people", "tab": "people", "expert": expert, "form": form}
    return render(request, "experts/pools/person_edit.html", context, status=422 if form.is_bound else 200)


# Files ----------------------------------------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "POST"])
def import_people(request: SignedInRequest) -> HttpResponse:
    """Dry run first: every mistake, or what would change; the confirmation writes."""
    access.require(request.user, "pool.edit")
    form = TableForm(request.POST, request.FILES) if request.method == "POST" else TableForm()
    context: dict[str, Any] = {
        "nav": "people",
        "tab": "people",
        "form": form,
        "columns": _columns(),
        "accepted": ACCEPTED,
    }
    if not form.is_bound:
        return render(request, "experts/pools/import.html", context | {"hospitals": common.kept(request)})
    try:
        given = form.given()
        if "confirm" in request.POST:
            done = people_import.take_in(given, by=request.user)
            words = {"new": len(done.new), "changed": len(done.changed)}
            messages.success(request, _("Taken in: %(new)d new people, %(changed)d changed.") % words)
            return redirect("people")
        found = people_import.read(given, by=request.user, encoding=form.encoding_wanted)
        context |= {"found": found, "text": found.sheet.text, "imported": card_text.imported(found)}
    except DomainError as error:
        pages.add_errors(form, error)
    status = 422 if form.errors or context["found"].mistakes else 200
    context["hospitals"] = common.kept(request)
    return render(request, "experts/pools/import.html", context, status=status)


def _columns() -> Iterator[dict[str, Any]]:
    for one in COLUMNS:
        yield {"en": one.en, "zh": one.zh, "needed": one.needed, "says": card_text.COLUMN_HELP[one.key]}


@page
@require_GET
def template(request: SignedInRequest, kind: str) -> HttpResponse:
    """The headings alone, in the reader's language."""
    access.require(request.user, "pool.edit")
    return downloads.table(kind, people_import.template(chinese=_chinese()), name="people-template")


@page
@require_GET
def export(request: SignedInRequest, public_id: str, kind: str) -> HttpResponse:
    """The people of one hospital, with how to reach them: for whoever keeps it."""
    at = common.hospital(request, public_id)
    access.require(request.user, "pool.edit", at)
    work = person_cards.present(at.affiliations.all())  # type: ignore[attr-defined]
    rows = person_cards.with_work(Expert.objects.filter(pk__in=work.values("expert")))
    answer = downloads.table(kind, people_import.export(rows, at, chinese=_chinese()), name="people", title=at.name)
    audit.record("experts.exported", by=request.user, subject=at, kind=kind)
    return answer


def _chinese() -> bool:
    return (translation.get_language() or "").startswith("zh")
