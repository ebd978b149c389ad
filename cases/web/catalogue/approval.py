"""A second person looks at drafts before they count: what they change, whom that hits; then approves or sends back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases.catalogue import approvals, rule_text
from cases.models import RuleApproval
from cases.selectors import catalogue_preview
from cases.web.catalogue import common
from cases.web.catalogue.publish import listed, load_rows, since_text
from cases.web.forms import ReasonForm
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.web.pages import add_errors, page


@page
@require_http_methods(["GET", "POST"])
def approval(request: HttpRequest, public_id: str) -> HttpResponse:
    """What was asked for, with its effect; POST approves, sends back with a reason, or takes back."""
    access.require(request.user, "catalogue.preview")
    asked = get_object_or_404(RuleApproval.objects.select_related("requested_by", "decided_by"), public_id=public_id)
    form = ReasonForm()
    if request.method == "POST":
        access.require(request.user, "catalogue.edit")
        form = ReasonForm(request.POST)
        try:
            _decide(request, asked, request.POST.get("action", ""))
        except DomainError as error:
            add_errors(form, error)
        else:
            return redirect("catalogue")
        asked.refresh_from_db()
    return render(
        request, "cases/catalogue/approval.html", _context(request, asked, form), status=422 if form.is_bound else 200
    )


def _decide(request: HttpRequest, asked: RuleApproval, action: str) -> None:
    by, on = request.user, common.today(request)
    if action == "approve":
        done = approvals.approve(asked, by=by, not_before=on)  # type: ignore[arg-type]
        messages.success(request, since_text(done, max(asked.valid_from, on)))
    elif action == "take_back":
        approvals.take_back(asked, by=by)  # type: ignore[arg-type]
        messages.success(request, _("The approval is not asked for any more. The drafts are still there."))
    else:
        approvals.send_back(asked, by=by, reason=request.POST.get("reason", ""))  # type: ignore[arg-type]
        messages.success(request, _("Sent back. Who asked reads why on Today."))


def _context(request: HttpRequest, asked: RuleApproval, form: ReasonForm) -> dict[str, object]:
    rows, known, on = list(asked.rules.order_by("key")), rule_text.names(), common.today(request)
    found = None
    if not asked.decision:
        since = max(asked.valid_from, on)
        found = catalogue_preview.of_drafts(rows, on=since, now=timezone.now(), reader=request.user)  # type: ignore[arg-type]
    own = asked.requested_by_id == request.user.pk
    may = common.permissions(request)
    return {
        "asked": asked,
        "drafts": listed(rows, rows, known, on, asked={}),
        "preview": found,
        "loads": load_rows(found, known) if found else [],
        "form": form,
        "may": may,
        "may_decide": may["edit"] and not own and not asked.decision,
        "may_take_back": may["edit"] and own and not asked.decision,
        "alone": own and not asked.decision and not common.another_administrator(request),
        "late": asked.valid_from < on and not asked.decision,
        "nav": "catalogue",
    }
