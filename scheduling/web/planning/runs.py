"""Planning runs: the list, a new plan, and the page that follows one run while it is computed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import F, Func, IntegerField, Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from experts.models import Institution
from mdt_portal import access, shell
from mdt_portal.errors import RuleError
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.models import PlanningRun, Proposal
from scheduling.planning import comparison, runs
from scheduling.selectors import list_orders, progress, weeks
from scheduling.selectors.weeks import Week
from scheduling.states import RunStatus
from scheduling.web import scope
from scheduling.web.cases import placement_constraints

ROWS = 20
WEEKS_AHEAD = 12
LENGTHS = (7, 14, 21, 28)
STOP_POLLING = 286  # htmx's own status: take this answer, then ask no more


# The list -------------------------------------------------------------------------------------------------------------

LIST = Listing(
    name="plans",
    default="-created_at",
    columns=(
        Column(key="number", label=gettext_lazy("Number"), cell=lambda row: str(row["run"]), on_page=False),
        Column(
            key="horizon_start",
            label=gettext_lazy("Plan"),
            order=list_orders.RUNS["horizon_start"],
            cell=lambda row: row["weeks"],
        ),
        Column(
            key="status",
            label=gettext_lazy("State"),
            order=list_orders.RUNS["status"],
            cell=lambda row: row["state"].label,
        ),
        Column(key="hospitals", label=gettext_lazy("Hospitals"), cell=lambda row: list(row["run"].institutions.all())),
        Column(key="placed", label=gettext_lazy("Cases placed")),
        Column(
            key="required_placed",
            label=gettext_lazy("Required cases placed"),
            cell=lambda row: _share(row["placed"], "required"),
            on_page=False,
        ),
        Column(
            key="suggested_placed",
            label=gettext_lazy("Suggested cases placed"),
            cell=lambda row: _share(row["placed"], "suggested"),
            on_page=False,
        ),
        Column(key="quality", label=gettext_lazy("Result"), cell=lambda row: row["quality"]),
        Column(
            key="created_at",
            label=gettext_lazy("Requested"),
            order=list_orders.RUNS["created_at"],
            cell=lambda row: row["run"].created_at,
        ),
        Column(
            key="requested_by",
            label=gettext_lazy("Requested by"),
            cell=lambda row: row["run"].requested_by,
            on_page=False,
        ),
    ),
)


@page
@require_GET
def run_list(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "plan.view")
    rows = (
        access.visible(request.user, PlanningRun.objects.all())
        .defer("problem", "progress")
        .select_related("requested_by")
        .prefetch_related("institutions", Prefetch("proposals", Proposal.objects.defer("plan")))
    )
    listing = LIST.of(request)
    rows = listing.ordered(rows)
    if listing.wanted:
        return listing.file(_row(one) for one in listing.whole(rows))
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "nav": "runs",
        "listing": listing,
        "page": shown,
        "rows": [_row(one) for one in shown],
        "may_plan": access.can(request.user, "plan.request"),
    }
    return render(request, "scheduling/planning/runs.html", context)


def _row(found: PlanningRun) -> dict[str, Any]:
    return {
        "run": found,
        "state": RunStatus(found.status),
        "weeks": weeks.span_title(found.horizon_start, found.horizon_days),
        "quality": progress.quality(found),
        "placed": progress.placed(found),
    }


def _share(placed: progress.Placed | None, tier: str) -> str:
    """`12 of 14`; nothing where there is no plan."""
    if placed is None:
        return ""
    words = {"part": getattr(placed, f"{tier}_placed"), "whole": getattr(placed, tier)}
    return _("%(part)d of %(whole)d") % words


# A new plan -----------------------------------------------------------------------------------------------------------


class PlanForm(forms.Form):
    """What a plan is asked for. `token` is new for each form, so that a second click finds the first run."""

    institutions = forms.ModelMultipleChoiceField(Institution.objects.none(), widget=forms.CheckboxSelectMultiple)
    first_week = forms.TypedChoiceField(coerce=Week.parse)
    horizon_days = forms.TypedChoiceField(coerce=int)
    seconds = forms.IntegerField(min_value=1, max_value=runs.MAX_SECONDS)
    token = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        this = _this_week(user)
        fields = self.fields
        fields["institutions"].queryset = scope.planned_by(user)  # type: ignore[attr-defined]
        fields["institutions"].label = _("Hospitals")
        fields["institutions"].help_text = _("Several hospitals are planned together: shared experts, no clashes.")
        fields["first_week"].label = _("First week")
        fields["first_week"].choices = [  # type: ignore[attr-defined]
            (str(week), phrases.labelled(week.title, weeks.span(week.day(0), week.day(6))))
            for week in (this.plus(n) for n in range(WEEKS_AHEAD))
        ]
        fields["horizon_days"].label = _("Length")
        fields["horizon_days"].choices = [  # type: ignore[attr-defined]
            (days, ngettext("%(n)d week", "%(n)d weeks", days // 7) % {"n": days // 7}) for days in LENGTHS
        ]
        fields["seconds"].label = _("Time limit in seconds")
        fields["seconds"].help_text = _("The computation ends sooner when nothing better is possible.")


@page
def new(request: SignedInRequest) -> HttpResponse:
    """Ask for a plan; `?week=…&institution=…` or `?again=<run>` fill the form in beforehand."""
    access.require(request.user, "plan.request")
    if request.method != "POST":
        form = PlanForm(initial=_initial(request), user=request.user)
        return render(request, "scheduling/planning/run_new.html", {"nav": "runs", "form": form})
    form = PlanForm(request.POST, user=request.user)
    if form.is_valid():
        asked = form.cleaned_data
        access.require(request.user, "plan.request", list(asked["institutions"]))
        try:
            run = runs.request_run(
                by=request.user,
                institutions=asked["institutions"],
                horizon_start=asked["first_week"].monday,
                horizon_days=asked["horizon_days"],
                seconds=asked["seconds"],
                alternatives=True,
                idempotency_key=asked["token"],
            )
        except RuleError as error:
            pages.add_errors(form, error)
        else:
            return redirect("run", run.public_id)
    return render(request, "scheduling/planning/run_new.html", {"nav": "runs", "form": form}, status=422)


def _this_week(user: User) -> Week:
    zone = clock.zone(getattr(shell.home(user), "zone", None))
    return Week.around(timezone.now().astimezone(zone).date())


def _initial(request: SignedInRequest) -> dict[str, Any]:
    hospitals = list(scope.planned_by(request.user))
    asked = [one for one in hospitals if one.public_id == request.GET.get("institution")]
    chosen = asked or hospitals[:1]
    initial = {
        "token": get_random_string(24),
        "institutions": chosen,
        "first_week": str(Week.parse(request.GET.get("week", "")) or _this_week(request.user)),
        "horizon_days": 14,
        "seconds": max((one.solve_seconds for one in chosen), default=30),
    }
    again = access.visible(request.user, PlanningRun.objects.filter(public_id=request.GET.get("again", ""))).first()
    if again is not None:
        initial |= {
            "institutions": list(again.institutions.all()),
            "first_week": str(Week.around(again.horizon_start)),
            "horizon_days": again.horizon_days,
            "seconds": again.seconds,
        }
    return initial


# One run --------------------------------------------------------------------------------------------------------------


@page
@require_GET
def run(request: SignedInRequest, public_id: str) -> HttpResponse:
    found = _find(request, public_id)
    return render(request, "scheduling/planning/run.html", _context(request, found))


@page
@require_GET
def run_progress(request: SignedInRequest, public_id: str) -> HttpResponse:
    """What the run page asks for every two seconds, until the run has ended."""
    found = _find(request, public_id)
    answer = render(request, "scheduling/planning/_run_live.html", _context(request, found) | {"swapped": True})
    if not found.finished:
        return answer
    answer.status_code = STOP_POLLING
    if found.status == RunStatus.PROPOSED:
        return pages.say(answer, "ok", _("The plan is ready."))
    return pages.say(answer, "info", _("The computation has ended: %(state)s.") % {"state": found.get_status_display()})


@page
@require_POST
def run_stop(request: SignedInRequest, public_id: str) -> HttpResponse:
    found = _find(request, public_id)
    access.require(request.user, "run.control", found)
    runs.request_stop(found, by=request.user)
    return redirect("run", found.public_id)


@page
@require_POST
def run_again(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Plan once more as before, with the pins and bans of now."""
    found = _find(request, public_id)
    access.require(request.user, "run.control", found)
    return redirect("run", runs.request_again(found, by=request.user).public_id)


def _find(request: SignedInRequest, public_id: str) -> PlanningRun:
    every = PlanningRun.objects.defer("problem").select_related("based_on").prefetch_related("institutions")
    rows = access.visible(request.user, every)
    return get_object_or_404(rows, public_id=public_id)


def _context(request: SignedInRequest, found: PlanningRun) -> dict[str, Any]:
    hospital = found.institutions.first()
    return {
        "nav": "runs",
        "size": _size(found),
        "run": found,
        "state": RunStatus(found.status),
        "weeks": weeks.span_title(found.horizon_start, found.horizon_days),
        "live": progress.of(found, now=timezone.now()),
        "proposal": found.proposals.defer("plan").first(),
        "table": comparison.of(found) if found.finished else None,
        "placement_constraints": placement_constraints.of_run(request.user, found),
        "may_control": access.can(request.user, "run.control", found),
        "hospital_zone": hospital.zone if hospital else clock.DEFAULT_ZONE,
    }


def _size(found: PlanningRun) -> dict[str, Any] | None:
    """How many cases, experts and rooms the run looks at, counted by the database: the problem may be large."""
    parts = {
        part: Func(F(f"problem__{part}"), function="jsonb_array_length", output_field=IntegerField())
        for part in ("cases", "experts", "rooms")
    }
    counts = PlanningRun.objects.filter(pk=found.pk).exclude(problem=None).values(**parts).first()
    return dict(counts) if counts else None
