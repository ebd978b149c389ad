"""Where a case stands and what comes next, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.catalogue import wording
from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import Requirement, Undecided
from cases.models import Case
from cases.selectors import material_state
from cases.states import AWAITING_FACTS, FOLLOWED_UP, CaseStatus
from experts import roles
from experts.models import Role
from mdt_portal.i18n import clock, phrases

MOST_NAMES = 4
WAY = (
    (gettext_lazy("Referred"), (CaseStatus.DRAFT,)),
    (gettext_lazy("Evaluated"), (*AWAITING_FACTS, CaseStatus.TO_DECIDE)),
    (gettext_lazy("Waiting for a place"), (CaseStatus.WAITING,)),
    (gettext_lazy("Planned"), (CaseStatus.PLANNED,)),
    (gettext_lazy("Confirmed"), (CaseStatus.CONFIRMED,)),
    (gettext_lazy("Discussed"), (CaseStatus.DISCUSSED,)),
    (gettext_lazy("Followed up"), FOLLOWED_UP),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    label: str
    state: str  # done, now, open


def way(case: Case) -> list[Step]:
    """The steps of a case with the one at which it stands; none for a case that goes no further."""
    here = next((place for place, (_label, states) in enumerate(WAY) if case.status in states), None)
    if case.status == CaseStatus.CLOSED:
        here = len(WAY)
    if here is None:
        return []
    return [
        Step(label=str(label), state="done" if place < here else "now" if place == here else "open")
        for place, (label, _states) in enumerate(WAY)
    ]


def next_step(case: Case) -> str:
    """What happens next, and who has to do it; empty where the page itself says it."""
    if case.status == CaseStatus.DRAFT:
        return _("This is a draft. Nobody works on it, and no limit runs, until it is submitted.")
    if case.status == CaseStatus.NEEDS_FACTS:
        answer = requirement.from_json(case.requirement) if case.requirement else None
        missing = wording.missing_text(answer.missing) if isinstance(answer, Undecided) else ""
        return _("The catalogue cannot decide yet. %(missing)s. The limit runs meanwhile.") % {"missing": missing}
    if case.status == CaseStatus.SUBMITTED:
        return _("No team looks after this disease here. A coordinator has to choose one; the limit runs meanwhile.")
    if case.status == CaseStatus.TO_DECIDE:
        return phrases.sentences(to_decide(case), who_decides(case))
    if case.status == CaseStatus.LISTED:
        return _("It is on the list of its team and is not planned. Who thinks otherwise can ask for a discussion.")
    if case.status == CaseStatus.WAITING:
        return _waits(case)
    if case.status == CaseStatus.DISCUSSED and case.recommend_by and case.team:
        day = clock.day(case.recommend_by.astimezone(case.team.institution.tz).date())
        return _("The team writes its recommendation by the end of %(day)s; the referrer is then told.") % {"day": day}
    return ""


def to_decide(case: Case) -> str:
    """Why a person has to say whether the case is discussed."""
    if case.discussion_request:
        who = _("%(who)s asks for a discussion") % {"who": case.discussion_request["name"]}
        return phrases.labelled(who, case.discussion_request["reason"])
    answer = requirement.from_json(case.requirement) if case.requirement else None
    if isinstance(answer, Requirement) and answer.without_rule:
        return _("The catalogue has no rule for %(code)s with these facts: decide by hand.") % {"code": case.code}
    return _("The catalogue asks for no discussion, but this is an emergency: decide by hand.")


def who_decides(case: Case) -> str:
    """`A coordinator decides: Zhang Wei, Li Na.` Those of the hospital that refers, and of the team's."""
    places = {case.institution_id, *([case.team.institution_id] if case.team else [])}
    names = [str(one) for one in roles.holders(Role.COORDINATOR, at=places)[:MOST_NAMES]]
    if not names:
        return _("A coordinator decides; nobody is entered as one yet.")
    return _("A coordinator decides: %(names)s.") % {"names": phrases.listed(names)}


def _waits(case: Case) -> str:
    """A routine case is not planned before its materials are complete; any other gets its place next."""
    if material_state.holds_back(case, len(material_state.missing(case))):
        return _("It is planned once its materials are complete: see the checklist. The limit runs meanwhile.")
    return _("It waits for %(team)s and gets its place with the next plan.") % {"team": case.team}
