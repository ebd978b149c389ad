"""Actions on several cases of the queue at once. Each case is a transaction of its own; what was refused is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Case
from cases.services import reminders, workflow
from experts.models import Team
from mdt_portal import access
from mdt_portal.errors import DomainError, RuleError
from mdt_portal.i18n import phrases
from mdt_portal.models import User

MOST = 200


@dataclass(slots=True)
class Outcome:
    done: list[Case] = field(default_factory=list)
    refused: list[tuple[Case, str]] = field(default_factory=list)


def chosen(user: User, public_ids: Iterable[str]) -> list[Case]:
    """The cases behind these ids that the reader may see."""
    ids = list(public_ids)
    if not ids:
        raise RuleError(_("Tick at least one case."))
    if len(ids) > MOST:
        raise RuleError(_("At most %(n)d cases at once.") % {"n": MOST})
    rows = Case.objects.filter(public_id__in=ids).select_related("institution", "team__institution", "patient")
    return list(access.visible(user, rows).order_by("pk"))


def perform(action: str, cases: list[Case], *, by: User, team_id: str = "") -> tuple[str, str]:
    """One of `chase`, `evaluate`, `team` on all `cases`; the level and the words of what became of it."""
    if action == "remind":
        return _remind(cases, by=by)
    if action == "evaluate":
        return _summary(_each(cases, lambda case: workflow.reevaluate(case, by=by), by=by))
    if action == "team":
        team = teams(by).filter(public_id=team_id).first()
        if team is None:
            raise RuleError(_("Choose a team."), fields={"team": [_("Choose a team.")]})
        return _summary(_each(cases, lambda case: workflow.assign_team(case, by=by, team=team), by=by))
    raise RuleError(_("Choose what to do with the cases."))


def teams(user: User) -> QuerySet[Team]:
    return access.visible(user, Team.objects.filter(active=True).select_related("institution"))


def _each(cases: Iterable[Case], service: Callable[[Case], object], *, by: User) -> Outcome:
    outcome = Outcome()
    for case in cases:
        try:
            access.require(by, "case.triage", case)
            service(case)
            outcome.done.append(case)
        except DomainError as error:
            outcome.refused.append((case, error.message))
    return outcome


def _summary(outcome: Outcome) -> tuple[str, str]:
    done = len(outcome.done)
    text = ngettext("Done for %(n)d case.", "Done for %(n)d cases.", done) % {"n": done}
    if not outcome.refused:
        return "ok", text
    reasons = (
        _("%(case)s: %(reason)s") % {"case": case.number, "reason": reason} for case, reason in outcome.refused[:5]
    )
    left = ngettext("Not done for %(n)d case.", "Not done for %(n)d cases.", len(outcome.refused)) % {
        "n": len(outcome.refused)
    }
    return "warn", phrases.sentences(text, left, *reasons)


def _remind(cases: list[Case], *, by: User) -> tuple[str, str]:
    for case in cases:
        access.require(by, "case.triage", case)
    result = reminders.remind(cases, by=by)
    sent = len(result.sent)
    parts = [
        ngettext("The referrer of %(n)d case gets a mail.", "The referrers of %(n)d cases get a mail.", sent)
        % {"n": sent}
    ]
    if result.quiet:
        parts.append(
            _("%(cases)s: asked within the last 12 hours already.")
            % {"cases": phrases.listed(case.number for case in result.quiet)}
        )
    if result.complete:
        parts.append(
            _("%(cases)s: nothing is missing.") % {"cases": phrases.listed(case.number for case in result.complete)}
        )
    return ("ok" if sent else "info"), phrases.sentences(*parts)
