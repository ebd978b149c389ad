"""The agenda for the table: the page that prints, and the PDF; with the patients' names only when asked for."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases.services import patients
from mdt_portal import access
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.models import Session
from scheduling.selectors import quorum, session_table
from scheduling.sessions import documents, presence


@page
@require_GET
def agenda(request: SignedInRequest, public_id: str) -> HttpResponse:
    return render(request, "scheduling/sessions/agenda.html", _context(request, public_id))


@page
@require_GET
def agenda_pdf(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The same sheet as a file. Refused in words where this machine cannot make it."""
    if not documents.can_make_pdf():
        raise documents.NoPdf(_("This server cannot make a PDF (it lacks the Pango library). Print the page instead."))
    context = _context(request, public_id)
    document = documents.pdf(render_to_string("scheduling/sessions/agenda_pdf.html", context, request))
    session: Session = context["session"]
    start = session.start.astimezone(session.institution.tz)
    name = f"agenda-{start:%Y-%m-%d-%H%M}-{slugify(session.team.name_en) or session.public_id}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(document, content_type="application/pdf", headers=headers)


def _context(request: SignedInRequest, public_id: str) -> dict[str, Any]:
    rows = access.visible(request.user, quorum.with_agenda(Session.objects.select_related("team__chair")))
    session = get_object_or_404(rows, public_id=public_id)
    shown = session_table.of(session, request.user)
    cases = [line.case for line in shown.lines if line.case]
    named = patients.who_may_be_named(request.user, cases)
    names = request.GET.get("names") == "1" and bool(named)
    if names:
        who = patients.identities(named, by=request.user, page="agenda")
        for case in cases:
            case.who = who.get(case.patient_id)  # type: ignore[attr-defined]
    return {
        "nav": "sessions",
        "session": session,
        "quorum": quorum.of([session], now=timezone.now())[session.pk],
        "table": shown,
        "present": presence.on_record(session),
        "hospital_zone": session.institution.zone,
        "can_make_pdf": documents.can_make_pdf(),
        "may_name": bool(named),
        "names": names,
    }
