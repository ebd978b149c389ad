"""The dialog in which a coordinator says when somebody leaves a hospital, with the sessions that this hits."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from experts.models import Affiliation, Expert
from experts.roster import person_cards
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.i18n import clock, phrases
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.resources import impact
from scheduling.web.pools.forms import LeavingForm
from scheduling.web.pools.impact import shown


@page
@require_http_methods(["GET", "POST"])
def leave(request: SignedInRequest, public_id: str, hospital: str) -> HttpResponse:
    work = _kept(request, public_id, hospital)
    form = LeavingForm(request.POST if request.method == "POST" else None, initial={"until": work.until})
    if form.is_bound and form.is_valid():
        try:
            person_cards.end_work(work, until=form.cleaned_data["until"], by=request.user)
        except DomainError as error:
            pages.add_errors(form, error)
        else:
            _say(request, work, form.cleaned_data["until"])
            return pages.go(reverse("person", args=[work.expert.public_id]))
    found = impact.of_departure(work, work.until) if work.until and not form.is_bound else None
    context = {"work": work, "form": form, "leaver": work.expert} | shown(request, found)
    return render(request, "scheduling/pools/_leaving.html", context, status=422 if form.is_bound else 200)


def _kept(request: SignedInRequest, public_id: str, hospital: str) -> Affiliation:
    """Somebody's present work at a hospital whose pool the reader keeps; else 404, or no permission."""
    people = access.visible(request.user, Expert.objects.filter(public_id=public_id))
    work = get_object_or_404(person_cards.work_at(people, hospital)[:1])
    access.require(request.user, "pool.edit", work.institution)
    return work


def _say(request: SignedInRequest, work: Affiliation, until: date | None) -> None:
    words = {"who": work.expert.name, "hospital": work.institution.name}
    if until is None:
        messages.success(request, _("%(who)s stays at %(hospital)s.") % words)
        return
    said = _("%(who)s leaves %(hospital)s; the last day is %(day)s.") % (words | {"day": clock.day(until)})
    count = len(impact.of_departure(work, until).sessions)
    if not count:
        messages.success(request, said)
        return
    hit = ngettext(
        "%(n)d published session needs another person: see the list below.",
        "%(n)d published sessions need another person: see the list below.",
        count,
    )
    messages.warning(request, phrases.sentences(said, hit % {"n": count}))
