"""The case page: what the case needs, who sits on its seats, what is missing, where it stands and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cases.catalogue import answer_text, wording
from cases.models import Case, diagnosis_names
from cases.selectors import case_queue, history, patient_notes, steps
from cases.states import BEFORE_DISCUSSION, EDITABLE, PLANNABLE, WITH_A_LIMIT, CaseStatus
from cases.web import aftercare
from cases.web.common import ahead, checklist, visible_case
from cases.web.forms import ReasonForm
from experts import titles
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.i18n import phrases
from mdt_portal.web.pages import add_errors, go, page
from scheduling.explain import unplaced
from scheduling.models import AgendaItem, AttendanceMode, Seat, Session
from scheduling.publishing import earliest_slots
from scheduling.sessions import session_services
from scheduling.states import InvitationStatus
from scheduling.web.cases import placement_constraints as constraint_list

EVENTS_SHOWN = 8


@page
@require_GET
def case(request: HttpRequest, public_id: str) -> HttpResponse:
    row = visible_case(request, public_id)
    item = place_of(row)
    events = history.of(row)
    title = case_queue.about(row)
    reads = item is not None and _sits(request, item)
    context = (
        checklist(row)
        | {
            **ahead(row),
            "title": _titled(title, row.stage),
            "facts": facts(row),
            "whom": case_queue.whom(row),
            "patient_notes": patient_notes.of(row, request.user),  # type: ignore[arg-type]
            "steps": steps.way(row),
            "sheet": answer_text.of(row),
            "item": item,
            **(seats(item) if item else {}),
            "events": events[:EVENTS_SHOWN],
            "older": events[EVENTS_SHOWN:],
            "why": unplaced.why([row]).get(row.pk) if row.status == CaseStatus.WAITING else None,
            "limit_runs": row.status in WITH_A_LIMIT,
            "promised": earliest_slots.asks_for_a_time(row),
            "reads": reads,
            "neighbours": neighbours(request, item) if item else None,
            "session_seen": item is not None and _can_see(request, item),
            "placement_constraints": constraint_list.of_cases(request.user, [row.pk]),
            "may": _permissions(request, row) | _may_plan(request, row, item),
            "nav": "my_seats" if reads else "queue",
            **aftercare.shown(request, row),
        }
    )
    return render(request, "scheduling/cases/case.html", context)


def _titled(disease: str, stage: str) -> str:
    return _("%(disease)s, %(stage)s") % {"disease": disease, "stage": wording.stage_text(stage)} if stage else disease


def _permissions(request: HttpRequest, row: Case) -> dict[str, bool]:
    """Which buttons the page shows: what this reader may do, and what the state of the case allows."""
    edits = access.can(request.user, "case.edit", row)
    leads = access.can(request.user, "case.triage", row)
    editable = row.status in EDITABLE
    return {
        "edit": edits and editable,
        "materials": edits and row.status in BEFORE_DISCUSSION,
        "withdraw": edits and row.status in BEFORE_DISCUSSION,
        "ask": row.status == CaseStatus.LISTED and access.can(request.user, "case.ask", row),
        "lead": leads and editable and row.status != CaseStatus.DRAFT,
        "identity": access.can(request.user, "case.identity", row),
        "look_at_plan": access.can(request.user, "plan.view", None),
    }


def _may_plan(request: HttpRequest, row: Case, item: AgendaItem | None) -> dict[str, bool]:
    """Whether there is something to explain (no place, or a late one), whether the case may be pinned, and moved."""
    waits = row.status == CaseStatus.WAITING
    at = [row.team.institution] if row.team else []
    return {
        "move": bool(at) and row.status in PLANNABLE and access.can(request.user, "plan.request", at),
        "explain": access.can(request.user, "plan.view", None) and (waits or (bool(item) and row.overdue(item.start))),
        "plan": row.status in PLANNABLE and access.can(request.user, "case.plan", row),
    }


def _can_see(request: HttpRequest, item: AgendaItem) -> bool:
    return access.visible(request.user, Session.objects.filter(pk=item.session_id)).exists()


def _sits(request: HttpRequest, item: AgendaItem) -> bool:
    """Whether the reader has a seat at this case: then the file comes in reading order, the question first."""
    seated = [seat.attendance.expert.user_id for seat in item.seats.all() if seat.attendance]
    return request.user.pk in seated


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Where a case stands among those of its session that the reader may see."""

    number: int
    count: int
    before: Case | None
    after: Case | None


def neighbours(request: HttpRequest, item: AgendaItem) -> Neighbours | None:
    """The cases before and after; None where there is no other one to go to."""
    seen = access.visible(request.user, Case.objects.all()).values("pk")
    items = AgendaItem.objects.filter(session=item.session_id, active=True, case__in=seen)
    cases = [one.case for one in items.select_related("case").order_by("start", "pk")]
    at = next((index for index, one in enumerate(cases) if one.pk == item.case_id), None)
    if at is None or len(cases) < 2:
        return None
    return Neighbours(
        number=at + 1,
        count=len(cases),
        before=cases[at - 1] if at else None,
        after=cases[at + 1] if at + 1 < len(cases) else None,
    )


def place_of(row: Case) -> AgendaItem | None:
    """Where the case stands in the published plan, with its people."""
    return (
        AgendaItem.objects.filter(case=row, active=True)
        .select_related("session__room", "session__team", "session__institution")
        .prefetch_related(
            "seats__discipline",
            "seats__attendance__invitation",
            "seats__attendance__expert__affiliations__title",
        )
        .first()
    )


def seats(item: AgendaItem) -> dict[str, Any]:
    """Who sits where and what is lacking; who would be welcome and does not come is no lack."""
    rows = list(item.seats.all())
    spare = [seat.discipline.name for seat in rows if seat.optional and seat.attendance is None]
    return {
        "seats": [seat_row(seat) for seat in rows if not seat.optional or seat.attendance],
        "spare": phrases.listed(spare),
    }


def seat_row(seat: Seat) -> dict[str, Any]:
    """A seat as the part `seats` shows it."""
    wants = titles.lowest(seat.min_rank) if not seat.optional else _("welcome, not required")
    found: dict[str, Any] = {"discipline": seat.discipline, "wants": wants, "expert": None, "note": _("Seat open")}
    if seat.attendance is None:
        return found
    affiliation = next(iter(seat.attendance.expert.affiliations.all()), None)
    return found | {
        "expert": seat.attendance.expert,
        "second": affiliation.title.name if affiliation else "",
        "remote": seat.attendance.mode == AttendanceMode.REMOTE,
        "status": InvitationStatus(seat.attendance.invitation.status),
    }


def facts(row: Case) -> list[tuple[str, str]]:
    """What is known of the case, as label and value."""
    title = diagnosis_names.title(row.code, raw=row.code_raw)
    found = [(_("ICD-10"), row.code if title == row.code else f"{row.code} {title}")]
    found += [(_("Stage"), row.stage)] if row.stage else []
    found += [(wording.score_text(name), f"{value:g}") for name, value in sorted(row.scores.items())]
    if row.flags:
        found.append((_("Findings"), phrases.listed(wording.flag_text(flag) for flag in row.flags)))
    if row.age is not None:
        found.append((_("Age"), str(row.age)))
    if row.comorbidities is not None:
        found.append((_("Comorbidities"), str(row.comorbidities)))
    if row.rare_class:
        found.append((_("Rare disease"), row.get_rare_class_display()))
    if row.surgery_level:
        found.append((_("Grade of operation"), str(row.surgery_level)))
    return found


@page
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """The dialog that takes a case back, wherever it stands; a place in the plan is given up first."""
    row = visible_case(request, public_id)
    access.require(request.user, "case.withdraw", row)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            row = session_services.withdraw(row, by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
        except DomainError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("%(case)s is withdrawn.") % {"case": row})
            return go(reverse("case", args=[row.public_id]))
    context = {"case": row, "form": form, "item": place_of(row)}
    return render(request, "scheduling/cases/_withdraw.html", context, status=422 if form.is_bound else 200)
