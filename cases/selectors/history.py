"""What happened to a case, in words: its moves and the actions that moved nothing. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.catalogue import wording
from cases.core.mistake import Mistake
from cases.models import Case, FollowUpOutcome, Outcome, Tier
from cases.states import CaseStatus
from experts.models import Team
from mdt_portal.i18n import phrases
from mdt_portal.models import AuditEvent, StatusEvent, User

MOVES = {
    "case.submitted": gettext_lazy("Submitted"),
    "case.evaluated": gettext_lazy("The catalogue answered: %(new)s"),
    "case.facts_changed": gettext_lazy("The catalogue answered anew: %(new)s"),
    "case.reevaluated": gettext_lazy("The catalogue was asked again: %(new)s"),
    "case.overridden": gettext_lazy("Now: %(new)s"),
    "case.discussion_requested": gettext_lazy("A discussion was asked for: %(reason)s"),
    "case.by_hand": gettext_lazy("Put before the coordinators: an emergency is not only listed"),
    "case.team_assigned": gettext_lazy("Now: %(new)s"),
    "case.planned": gettext_lazy("Got a place in a published session"),
    "case.unplaced": gettext_lazy("Lost its place when the plan was changed"),
    "case.all_accepted": gettext_lazy("All required seats accepted"),
    "case.seat_lost": gettext_lazy("A required seat was lost"),
    "case.session_cancelled": gettext_lazy("The session was called off: %(reason)s"),
    "case.withdrawn": gettext_lazy("Withdrawn: %(reason)s"),
    "case.discussed": gettext_lazy("Discussed by the team"),
    "case.not_discussed": gettext_lazy("Not discussed: %(reason)s"),
    "case.record_corrected": gettext_lazy("The record of the meeting was corrected"),
    "case.concluded": gettext_lazy("The recommendation was signed"),
    "case.followed_up": gettext_lazy("Now: %(new)s"),
    "case.loop_closed": gettext_lazy("Closed: the plan was looked after to its end"),
}
ACTIONS = {
    "case.referred": gettext_lazy("Referred"),
    "case.edited": gettext_lazy("Facts or details were changed"),
    "case.reevaluated": gettext_lazy("The catalogue was asked again"),
    "case.overridden": gettext_lazy("Tier set by hand to “%(tier)s”: %(reason)s"),
    "case.team_assigned": gettext_lazy("Given to %(team)s"),
    "case.left_out": gettext_lazy("Not taken from the file: %(note)s"),
    "case.discussion_requested": gettext_lazy("A discussion was asked for: %(reason)s"),
    "case.reminded": gettext_lazy("The referrer was asked for what is missing"),
    "case.held": gettext_lazy("A time was held"),
    "case.booked": gettext_lazy("A promised time was booked"),
    "case.limit_extended": gettext_lazy("The limit was extended: %(reason)s"),
    "case.relaxed": gettext_lazy("A demand was relaxed: %(reason)s"),
    "recommendation.drafted": gettext_lazy("A recommendation was drafted"),
    "recommendation.addendum": gettext_lazy("An addendum to the recommendation was signed"),
    "follow_up.recorded": gettext_lazy("A look was taken: %(outcome)s"),
    "placement_constraint.added": gettext_lazy("A pin or ban was set"),
    "placement_constraint.withdrawn": gettext_lazy("A pin or ban was withdrawn"),
    "material.received": gettext_lazy("%(material)s received"),
    "material.waived": gettext_lazy("%(material)s is not needed"),
    "material.missing": gettext_lazy("%(material)s is missing again"),
    "looked": gettext_lazy("Looked at who the patient is"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime
    by: User | None
    text: str


def of(case: Case) -> list[Event]:
    """Everything that is on record, the newest first; looks at the patient count too. Three queries."""
    moves = StatusEvent.objects.filter(subject_type="cases.case", subject_id=case.pk).select_related("by")
    own = Q(subject_type="cases.case", subject_id=case.pk)
    seen = Q(subject_type="cases.patient", subject_id=case.patient_id, action="looked")
    actions = AuditEvent.objects.filter(own | seen, action__in=ACTIONS).select_related("by")
    found = [Event(at=one.at, by=one.by, text=_move_text(one)) for one in moves]
    rows = list(actions)
    teams = Team.objects.in_bulk([one.params["team"] for one in rows if "team" in one.params])
    found += [Event(at=one.at, by=one.by, text=_action_text(one, teams)) for one in rows]
    return sorted(found, key=lambda event: event.at, reverse=True)


def _move_text(event: StatusEvent) -> str:
    words = {"old": CaseStatus(event.old).label, "new": CaseStatus(event.new).label, "reason": "", **event.params}
    if event.code == "case.withdrawn" and event.new == CaseStatus.WAITING:
        return _("Taken off the agenda")
    if "outcome" in words:
        words["reason"] = phrases.labelled(Outcome(words["outcome"]).label, words["note"])
    return str(MOVES.get(event.code, "%(old)s → %(new)s")) % words


def _action_text(event: AuditEvent, teams: Mapping[int, Team]) -> str:
    words: dict[str, Any] = {"tier": "", "reason": "", **event.params}
    if words["tier"]:
        words["tier"] = Tier(words["tier"]).label
    if "outcome" in words:
        words["outcome"] = FollowUpOutcome(words["outcome"]).label
    if "team" in words:
        words["team"] = teams.get(words["team"], "?")
    if event.action == "case.left_out":
        words["note"] = wording.mistake_text(Mistake(place="", code=words["mistake"], params=words["about"]))
    if "code" in words:
        words["material"] = wording.material_text(words["code"])
    return str(ACTIONS[event.action]) % words
