"""The page on which a meeting is recorded: when it was, who came, what became of each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from cases.catalogue import wording
from cases.models import Case, Outcome
from cases.selectors import case_queue
from cases.web.forms import want
from experts.availability.core.time_intervals import local_moment
from experts.web.pool_forms import time_field
from mdt_portal import access
from mdt_portal.errors import Conflict, RuleError
from mdt_portal.i18n import phrases
from mdt_portal.web.pages import SignedInRequest, add_errors, onward, page
from scheduling.models import AgendaItem, Attendance, Session
from scheduling.sessions import meetings, presence
from scheduling.states import LIVE_SESSIONS, InvitationStatus, SessionStatus

OUTCOMES = [
    (Outcome.DISCUSSED.value, Outcome.DISCUSSED.label),
    (
        gettext_lazy("Not discussed"),
        [(one.value, one.label) for one in Outcome if one != Outcome.DISCUSSED],
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCaseRow:
    """One case of the form: its place on the agenda, and the two fields about it."""

    number: int
    item: AgendaItem
    title: str
    outcome: forms.BoundField
    note: forms.BoundField
    missing: forms.BoundField


class RecordForm(forms.Form):
    """Prefilled with the plan: its times, those who accepted, every case discussed; or with the record there is."""

    start = time_field(pgettext_lazy("meeting", "Began"))
    end = time_field(pgettext_lazy("meeting", "Ended"))
    version = forms.IntegerField(widget=forms.HiddenInput)
    came = forms.MultipleChoiceField(required=False)
    quorum_reason = forms.CharField(
        label=pgettext_lazy("meeting", "Why it counts all the same"),
        required=False,
        max_length=meetings.QUORUM_REASON,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, session: Session, items: Sequence[AgendaItem],
        people: Sequence[Attendance], now: datetime,
    ) -> None:  # fmt: skip
        super().__init__(data)
        self.session, self.items, self.people = session, items, people
        want(self, "quorum_reason")
        self.fields["came"].choices = [(str(one.pk), str(one.expert)) for one in people]  # type: ignore[attr-defined]
        zone = session.institution.tz
        self.initial = {
            "start": (session.actual_start or session.start).astimezone(zone).time(),
            "end": (session.actual_end or min(session.end, now)).astimezone(zone).time().replace(second=0),
            "version": session.version,
            "came": [str(one.pk) for one in people if _came(one)],
            "quorum_reason": session.quorum_reason,
        }
        for item in items:
            label = _("What became of %(case)s") % {"case": item.case}
            select = forms.Select(attrs={"class": "form-select", "aria-label": label})
            self.fields[f"outcome_{item.case_id}"] = forms.ChoiceField(label=label, choices=OUTCOMES, widget=select)
            self.fields[f"note_{item.case_id}"] = forms.CharField(
                label=_("Note on %(case)s") % {"case": item.case}, required=False, max_length=200
            )
            self.fields[f"missing_{item.case_id}"] = forms.MultipleChoiceField(
                label=_("What was missing for %(case)s") % {"case": item.case},
                required=False,
                choices=[(one.code, wording.material_text(one.code)) for one in item.case.materials.all()],
                widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
            )
            self.initial[f"outcome_{item.case_id}"] = item.outcome or Outcome.DISCUSSED
            self.initial[f"note_{item.case_id}"] = item.note

    def rows(self) -> list[RecordedCaseRow]:
        return [
            RecordedCaseRow(
                number=number,
                item=item,
                title=case_queue.about(item.case),
                outcome=self[f"outcome_{item.case_id}"],
                note=self[f"note_{item.case_id}"],
                missing=self[f"missing_{item.case_id}"],
            )
            for number, item in enumerate(self.items, start=1)
        ]

    def ticks(self) -> list[tuple[Attendance, bool]]:
        """Who may have come, and whether the tick is set."""
        ticked = set(self["came"].value() or ())
        return [(one, str(one.pk) in ticked) for one in self.people]

    def presence(self) -> presence.Presence:
        """Who is ticked against what the cases need that are called discussed, right or wrong otherwise."""
        known = {str(one.pk): one.pk for one in self.people}
        came = {known[value] for value in self["came"].value() or () if value in known}
        discussed = {
            item.case_id for item in self.items if self[f"outcome_{item.case_id}"].value() == Outcome.DISCUSSED
        }
        return presence.of(self.session, came=came, discussed=discussed)

    def moment(self, name: str) -> datetime:
        """The time that was typed, on the day of the session by the hospital's clock."""
        zone = self.session.institution.tz
        clock: time = self.cleaned_data[name]
        return local_moment(self.session.start.astimezone(zone).date(), clock, zone)

    def outcome_of(self) -> dict[int, meetings.CaseOutcome]:
        data = self.cleaned_data
        return {
            item.case_id: meetings.CaseOutcome(
                outcome=Outcome(data[f"outcome_{item.case_id}"]),
                note=data[f"note_{item.case_id}"],
                missing=frozenset(data[f"missing_{item.case_id}"]),
            )
            for item in self.items
        }


def _came(one: Attendance) -> bool:
    return one.invitation.status == InvitationStatus.ACCEPTED if one.came is None else one.came


@page
@require_http_methods(["GET", "POST"])
def record(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Where somebody else was faster, the form comes back as it was typed, with the way to what they did."""
    found = _find(request, public_id)
    form = _form(found, request.POST if request.method == "POST" else None)
    stale, status = "", 200
    if form.is_bound and form.is_valid():
        try:
            _save(form, request)
        except RuleError as error:
            add_errors(form, error)
        except Conflict as error:
            stale, status = error.message, error.status
            found.refresh_from_db()
            form = _form(found, _fresh(request, found))
        else:
            return redirect(onward(request, reverse("session", args=[found.public_id])))
    elif not form.is_bound and not meetings.may_be_recorded(found, timezone.now()):
        raise RuleError(_("This session cannot be recorded now: it has not begun, or its record is closed."))
    if form.is_bound and not stale:
        status = 422
    return render(request, "scheduling/sessions/record.html", _context(request, found, form, stale), status=status)


@page
@require_POST
def quorum(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The part of the page that says whether those who are ticked are enough; nothing is written."""
    form = _form(_find(request, public_id), request.POST)
    return render(request, "scheduling/sessions/_record_quorum.html", {"present": form.presence()})


def _find(request: SignedInRequest, public_id: str) -> Session:
    rows = Session.objects.select_related("team__chair", "institution", "room")
    found = get_object_or_404(access.visible(request.user, rows), public_id=public_id)
    access.require(request.user, "session.record", found)
    return found


def _context(request: SignedInRequest, found: Session, form: RecordForm, stale: str) -> dict[str, Any]:
    live = found.status in LIVE_SESSIONS
    return {
        "nav": "sessions",
        "session": found,
        "form": form,
        "rows": form.rows(),
        "present": form.presence(),
        "stale": stale,
        "again": found.status == SessionStatus.HELD,
        "open": meetings.may_be_recorded(found, timezone.now()),
        "readable": _readable(request, found),
        "may_cancel": live and access.can(request.user, "session.change", found),
        "hospital_zone": found.institution.zone,
    }


def _readable(request: SignedInRequest, found: Session) -> set[int]:
    """The cases that the reader may open."""
    cases = access.visible(request.user, Case.objects.filter(items__session=found))
    return set(cases.values_list("pk", flat=True))


def _form(found: Session, data: Mapping[str, Any] | None) -> RecordForm:
    items, people = list(meetings.agenda(found).prefetch_related("case__materials")), list(meetings.invited(found))
    return RecordForm(data, session=found, items=items, people=people, now=timezone.now())


def _fresh(request: SignedInRequest, found: Session) -> Mapping[str, Any]:
    """What was typed, on top of the session as it is now: saving once more means it."""
    data = request.POST.copy()
    data["version"] = str(found.version)
    for item in meetings.agenda(found):
        data.setdefault(f"outcome_{item.case_id}", item.outcome or Outcome.DISCUSSED)
    return data


def _save(form: RecordForm, request: SignedInRequest) -> None:
    outcomes = form.outcome_of()
    meetings.record(
        form.session,
        by=request.user,
        start=form.moment("start"),
        end=form.moment("end"),
        came=[int(pk) for pk in form.cleaned_data["came"]],
        cases=outcomes,
        quorum_reason=form.cleaned_data["quorum_reason"],
        version=form.cleaned_data["version"],
    )
    n = sum(one.outcome == Outcome.DISCUSSED for one in outcomes.values())
    wanted = ngettext("%(n)d recommendation is to be written.", "%(n)d recommendations are to be written.", n) % {
        "n": n
    }
    messages.success(request, phrases.sentences(_("The record is kept."), wanted if n else ""))
