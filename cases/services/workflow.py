"""The services of a case up to the planning pool: refer, edit, submit, supply facts, override, withdraw.

    refer ──▶ draft ──submit──▶ submitted ──(catalogue)──▶ waiting | listed | needs_facts
                                     └▶ to_decide: no rule, or an emergency that no rule wants discussed
                                              supply_facts, reevaluate, override settle the answer again
    ask_for_discussion ──▶ to_decide: of a listed case; override decides

The catalogue's answer is frozen on the case. A case for which no team exists is `submitted` and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.catalogue import rulebook, wording
from cases.catalogue.core import evaluation, requirement
from cases.catalogue.core.requirement import Answer, Reason, Requirement, SeatNeed, Undecided
from cases.core import code_systems, rare_diseases, scores, staging
from cases.core.certainty import NOT_PRESENT, SUSPECTED
from cases.core.code_systems import Resolved
from cases.diagnoses import code_maps
from cases.models import CareLevel, Case, Patient, Tier, Urgency
from cases.selectors import case_facts
from cases.services import materials, routing
from cases.states import EDITABLE, WITH_A_PLACE, CaseStatus
from experts.models import Institution, Team
from mdt_portal import audit, lifecycle
from mdt_portal.errors import RuleError, StaleState, TransitionNotAllowed
from mdt_portal.models import User

DETAILS = ("rare_reason", "diagnosis", "urgency", "question", "remote_ok", "equipment")


def evaluate(case: Case, *, at: datetime | None = None) -> Answer:
    """The catalogue's present answer, by the clock of the referring hospital; nothing is written."""
    zone = case.institution.zone if case.institution_id else None
    return evaluation.evaluate(case_facts.facts_of(case), rulebook.in_force(rulebook.today(zone, at=at)))


def checked_facts(*, code: str, **facts: Any) -> evaluation.Facts:
    """The facts as the catalogue wants them, without a case. Raises RuleError on impossible ones."""
    found = _diagnosis(code)
    case = Case(number="-", code=found.code)
    _set(case, facts, found)
    return case_facts.facts_of(case)


def evaluate_facts(*, code: str, institution: Institution | None = None, **facts: Any) -> Answer:
    """What the catalogue would say to these facts; nothing is written. Raises RuleError on impossible facts."""
    zone = institution.zone if institution else None
    return evaluation.evaluate(checked_facts(code=code, **facts), rulebook.in_force(rulebook.today(zone)))


def imagine(*, code: str, institution: Institution, at: datetime | None = None, **details: Any) -> Case:
    """The case as it would stand if it were handed in `at` (now); nothing is written. Raises RuleError as `refer`."""
    moment = at or timezone.now()
    found = _diagnosis(code)
    case = Case(number="-", institution=institution, code=found.code, submitted_at=moment)
    _set(case, details, found)
    answer = evaluate(case, at=moment)
    for name, value in _frozen(case, answer).items():
        setattr(case, name, value)
    case.status = _target(case, answer, has_team=case.team is not None)
    return case


@transaction.atomic
def refer(
    *,
    by: User | None,
    institution: Institution,
    patient: Patient,
    code: str,
    code_raw: str = "",
    code_system: str = "",
    previous: Case | None = None,
    **details: Any,
) -> Case:
    """A new draft. `code` is of any edition of ICD-10, or of `code_system` (a url, OID or name).

    `code_raw` is given where `code` is WHO's already, and is what the sender called it. `details` are the case's facts
    and DETAILS columns. Raises RuleError on an unknown code and on impossible facts.
    """
    found = _diagnosis(code, "" if code_raw else code_system)
    case = Case(
        institution=institution,
        patient=patient,
        referrer=by,
        code=found.code,
        code_raw=(code_raw or code)[:40],
        code_system=code_system[:80],
        previous=previous,
    )
    _set(case, details, found)
    case.save(force_insert=True)
    audit.record("case.referred", by=by, subject=case)
    return case


@transaction.atomic
def edit(
    case: Case,
    *,
    by: User | None,
    version: int | None = None,
    code: str | None = None,
    code_raw: str = "",
    code_system: str = "",
    **details: Any,
) -> Case:
    """Change facts or details; past the draft, the catalogue decides anew. A stale `version` raises StaleState."""
    case = _locked(case)
    if version is not None and version != case.version:
        raise StaleState(_("%(case)s was changed by somebody else while you were editing.") % {"case": case})
    if case.status not in EDITABLE:
        raise RuleError(
            _("%(case)s has a place in the plan; take it out before you change its facts.") % {"case": case}
        )
    found = None if code is None else _diagnosis(code, "" if code_raw else code_system)
    if code is not None and found is not None and found.code != case.code:
        if case.rare_class == rare_diseases.class_of(case.code) or rare_diseases.class_of(found.code):
            case.rare_class = ""  # it came with the code, or the new one brings its own
        case.rare_reason = ""
        case.code, case.code_raw, case.code_system = found.code, (code_raw or code)[:40], code_system[:80]
        if case.override is None:  # another disease may be another team's; the answer below names and writes it
            case.team = None
    urgency = case.urgency
    _set(case, details, found)
    if case.status == CaseStatus.LISTED and urgency != case.urgency == Urgency.EMERGENCY:
        case.override = None  # who put it on the list did not know that it is an emergency
    case.version += 1
    columns = ("code", "code_raw", "code_system", "version", "override", *case_facts.COLUMNS, *DETAILS)
    case.save(update_fields=columns)
    audit.record("case.edited", by=by, subject=case, fields=sorted(details))
    if case.status == CaseStatus.DRAFT:
        case.save(update_fields=["team"])
    elif case.override is None:
        _settle(case, evaluate(case), by=by, why="case.facts_changed")
    return case


supply_facts = edit


@transaction.atomic
def submit(case: Case, *, by: User | None, at: datetime | None = None) -> Case:
    """Hand the draft in; its limit runs from `at` (now). The catalogue's answer decides where it goes."""
    case = _locked(case)
    if case.status != CaseStatus.DRAFT:  # the arrow from other states is for a case that loses its team
        words = {"what": case, "old": case.get_status_display(), "new": CaseStatus.SUBMITTED.label}
        raise TransitionNotAllowed(_("%(what)s is “%(old)s” and cannot become “%(new)s”.") % words)
    moment = at or timezone.now()
    lifecycle.move(case, CaseStatus.SUBMITTED, by=by, why="case.submitted", submitted_at=moment)
    audit.record("case.submitted", by=by, subject=case)
    _settle(case, evaluate(case, at=moment), by=by, why="case.evaluated")
    return case


@transaction.atomic
def reevaluate(case: Case, *, by: User | None) -> Case:
    """Ask the present catalogue again, on purpose; an override ends, and the old answer stays in the record."""
    case = _locked(case)
    if case.status not in EDITABLE:
        raise RuleError(_("%(case)s has a place in the plan; take it out before you change its tier.") % {"case": case})
    audit.record("case.reevaluated", by=by, subject=case, before=case.requirement)
    case.override = None
    case.save(update_fields=["override"])
    _settle(case, evaluate(case), by=by, why="case.reevaluated")
    return case


@transaction.atomic
def override(
    case: Case,
    *,
    by: User,
    tier: str,
    reason: str,
    seats: Iterable[SeatNeed] = (),
    minutes: int | None = None,
    hours: int | None = None,
) -> Case:
    """Set the tier of one case against the catalogue, with a reason that is kept.

    Where the catalogue asks for no discussion, the seats, minutes and hours must be given. Also pulls a listed case in.
    """
    case = _locked(case)
    if case.status not in EDITABLE:
        raise RuleError(_("%(case)s has a place in the plan; take it out before you change its tier.") % {"case": case})
    if not reason.strip():
        raise RuleError(
            _("Please say why the catalogue does not fit."), fields={"reason": [_("This field is required.")]}
        )
    frozen = requirement.from_json(case.requirement) if case.requirement else evaluate(case)
    answer = _overridden(frozen, tier=tier, seats=tuple(seats), minutes=minutes, hours=hours)
    case.override = {"tier": tier, "reason": reason.strip(), "by": by.pk, "at": timezone.now().isoformat()}
    case.save(update_fields=["override"])
    audit.record("case.overridden", by=by, subject=case, tier=tier, reason=reason.strip())
    _settle(case, answer, by=by, why="case.overridden")
    if case.discussion_request:
        case.discussion_request = None
        case.save(update_fields=["discussion_request"])
    return case


@transaction.atomic
def ask_for_discussion(case: Case, *, by: User, reason: str, at: datetime | None = None) -> Case:
    """A clinician wants a listed case discussed all the same: it stands before the coordinators until one decides.

    Raises RuleError without a reason, or where the case is not listed.
    """
    case = _locked(case)
    if case.status != CaseStatus.LISTED:
        raise RuleError(_("%(case)s is not on the list; there is nothing to ask for.") % {"case": case})
    if not reason.strip():
        words = _("Please say why it shall be discussed all the same.")
        raise RuleError(words, fields={"reason": [words]})
    moment = at or timezone.now()
    asked = {"by": by.pk, "name": str(by), "at": moment.isoformat(), "reason": reason.strip()}
    audit.record("case.discussion_requested", by=by, subject=case, reason=reason.strip())
    due = moment + timedelta(hours=case.institution.emergency_limit_h) if _is_emergency(case) else None
    lifecycle.move(
        case, CaseStatus.TO_DECIDE, by=by, why="case.discussion_requested", params={"reason": reason.strip()},
        discussion_request=asked, due_at=due, version=case.version + 1,
    )  # fmt: skip
    return case


@transaction.atomic
def assign_team(case: Case, *, by: User | None, team: Team) -> Case:
    """Give the case to a team; one that had none enters the pool."""
    case = _locked(case)
    if case.status not in EDITABLE:
        raise RuleError(_("%(case)s has a place in the plan; take it out before you change its team.") % {"case": case})
    case.team = team
    case.save(update_fields=["team"])
    audit.record("case.team_assigned", by=by, subject=case, team=team.pk)
    if case.status == CaseStatus.SUBMITTED and case.requirement:
        _settle(case, requirement.from_json(case.requirement), by=by, why="case.team_assigned")
    return case


@transaction.atomic
def withdraw(case: Case, *, by: User | None, reason: str) -> Case:
    """Take back a case that has no place in the plan (`session_services.withdraw` frees a place first)."""
    case = _locked(case)
    if case.status in WITH_A_PLACE:
        raise RuleError(_("%(case)s has a place in the plan that must be freed first.") % {"case": case})
    lifecycle.move(case, CaseStatus.WITHDRAWN, by=by, why="case.withdrawn", params={"reason": reason})
    audit.record("case.withdrawn", by=by, subject=case, reason=reason)
    return case


def _locked(case: Case) -> Case:
    return Case.objects.select_for_update(of=("self",)).select_related("institution", "team").get(pk=case.pk)


def _settle(case: Case, answer: Answer, *, by: User | None, why: str) -> None:
    """Freeze the answer on the case and bring it where the answer says."""
    fields = _frozen(case, answer)
    target = _target(case, answer, has_team=fields["team"] is not None)
    if target == case.status:
        Case.objects.filter(pk=case.pk).update(**fields)
        for name, value in fields.items():
            setattr(case, name, value)
    else:
        lifecycle.move(case, target, by=by, why=why, **fields)
    if isinstance(answer, Requirement):
        materials.set_checklist(case, answer.materials)


def _target(case: Case, answer: Answer, *, has_team: bool) -> str:
    if isinstance(answer, Undecided):
        return CaseStatus.NEEDS_FACTS
    if answer.tier == Tier.NONE:
        return CaseStatus.TO_DECIDE if _wants_people(case, answer) else CaseStatus.LISTED
    return CaseStatus.WAITING if has_team else CaseStatus.SUBMITTED


def _wants_people(case: Case, answer: Requirement) -> bool:
    """Whether a person must say that a case is not discussed: no rule speaks of it, it is an emergency, or somebody
    has asked for its discussion."""
    return not answer.by_hand and (answer.without_rule or _is_emergency(case) or bool(case.discussion_request))


def _is_emergency(case: Case) -> bool:
    return case.urgency == Urgency.EMERGENCY


def _frozen(case: Case, answer: Answer) -> dict[str, Any]:
    """The columns that repeat the answer, for lists to sort and filter by."""
    decided = isinstance(answer, Requirement) and not answer.without_rule
    care_level = answer.care_level if isinstance(answer, Requirement) else _care_level(answer)
    team = case.team or routing.team_for(case.institution, disease_group=answer.disease_group, care_level=care_level)
    return {
        "requirement": answer.to_json(),
        "evaluated_at": timezone.now(),
        "tier": answer.tier if isinstance(answer, Requirement) and decided else "",
        "minutes": answer.minutes or None if isinstance(answer, Requirement) else None,
        "due_at": _due(case, answer),
        "team": team,
        "version": case.version + 1,  # the row is locked
    }


def _care_level(answer: Undecided) -> str:
    return answer.at_least.care_level if answer.at_least else CareLevel.PRIMARY


def _due(case: Case, answer: Answer) -> datetime | None:
    """Limits run in clock hours from submission, or from when somebody asked for the discussion of a listed case. An
    emergency on which people have to decide has its hospital's own limit."""
    hours = answer.hours
    if isinstance(answer, Requirement) and answer.tier == Tier.NONE and not _wants_people(case, answer):
        return None
    if not hours and _is_emergency(case):
        hours = case.institution.emergency_limit_h
    since = datetime.fromisoformat(case.discussion_request["at"]) if case.discussion_request else case.submitted_at
    return since + timedelta(hours=case.within(hours)) if since and hours else None


def _overridden(
    frozen: Answer, *, tier: str, seats: tuple[SeatNeed, ...], minutes: int | None, hours: int | None
) -> Requirement:
    certain = frozen if isinstance(frozen, Requirement) else frozen.at_least
    base = certain or Requirement(tier="none", disease_group=frozen.disease_group)
    answer = replace(
        base,
        tier=tier,  # type: ignore[arg-type]
        seats=seats or base.seats,
        minutes=minutes or base.minutes,
        hours=hours or base.hours or frozen.hours,
        reasons=(*base.reasons, Reason(code="overridden", params={"tier": tier})),
    )
    if tier == Tier.NONE:
        return replace(answer, seats=(), minutes=0, hours=0)
    lacking = [name for name in ("seats", "minutes", "hours") if not getattr(answer, name)]
    if lacking:
        required = _("The catalogue asks for no discussion here, so this is needed.")
        raise RuleError(
            _("Say which disciplines must come, for how many minutes, and by when."),
            fields={name: [required] for name in lacking},
        )
    return answer


def _diagnosis(code: str, system: str = "") -> Resolved:
    """What a code of ICD-10, or of the `system`, means. Raises RuleError, also where it says that the disease is over
    or was ruled out."""
    found = code_systems.resolve(code, system or None, maps=code_maps.present() if system else None)
    if found is not None and found.certainty in NOT_PRESENT:
        message = wording.not_present_text(code)
        raise RuleError(message, code="not_present", fields={"code": [message]})
    if found is None:
        message = (
            _("“%(code)s” of %(system)s lies in no code of ICD-10 that we know.") % {"code": code, "system": system}
            if system
            else _("“%(code)s” is not a code of ICD-10.") % {"code": code}
        )
        raise RuleError(message, code="unknown_code", fields={"code": [message]})
    return found


def _set(case: Case, details: Mapping[str, Any], found: Resolved | None = None) -> None:
    """Write details onto the case, normalised, with what its code says besides; refuse what cannot be, field by
    field."""
    unknown = set(details) - set(case_facts.COLUMNS) - set(DETAILS)
    if unknown:
        raise TypeError(f"not details of a case: {sorted(unknown)}")
    wrong = _set_rarity(case, details.get("rare_class"), details.get("rare_reason"))
    for name, value in details.items():
        if name not in ("rare_class", "rare_reason"):
            setattr(case, name, value)
    if case.stage:
        stage = staging.normalise(case.stage)
        if stage is None:
            wrong["stage"] = [_("“%(stage)s” is not a stage (0 to IVB).") % {"stage": case.stage}]
        else:
            case.stage = stage
    wrong_scores = _wrong_scores(case.scores)
    if wrong_scores:
        wrong["scores"] = wrong_scores
    if case.age is not None and not 0 <= case.age <= 130:
        wrong["age"] = [_("The age must lie between 0 and 130 years.")]
    if case.comorbidities is not None and case.comorbidities < 0:
        wrong["comorbidities"] = [_("The number of comorbidities cannot be negative.")]
    if case.surgery_level is not None and not 1 <= case.surgery_level <= 4:
        wrong["surgery_level"] = [_("The grade of operation lies between 1 and 4.")]
    if case.urgency not in Urgency.values:
        wrong["urgency"] = [_("Choose emergency, urgent or routine.")]
    if wrong:
        raise RuleError(next(iter(wrong.values()))[0], fields=wrong)
    said = {SUSPECTED} if found is not None and found.certainty == SUSPECTED else set()
    case.flags = sorted({*case.flags, *said})


def _set_rarity(case: Case, wanted: str | None, reason: str | None) -> dict[str, list[str]]:
    """Write the class of a rare disease and the reason for it; what is wrong, by field. None says nothing.

    Where a national list names the code its class counts by itself, and any other, "no" as well, needs a reason. Empty
    in a case that nobody has saved yet is what programs send for "nothing said".
    """
    by_list = rare_diseases.class_of(case.code)
    unsaid = case.rare_class == "" and case.rare_reason == "" and (case.pk is None or wanted is None)
    if not wanted and not (reason or "").strip() and unsaid:
        case.rare_class = by_list
        return {}
    if wanted is None:
        wanted = case.rare_class
    if reason is None:
        reason = case.rare_reason if wanted == case.rare_class else ""
    if by_list and wanted != by_list and not reason.strip():
        return {"rare_reason": [_("The national list says otherwise; please say why.")]}
    case.rare_class, case.rare_reason = wanted, "" if wanted == by_list else reason.strip()
    return {}


def _wrong_scores(given: Mapping[str, Any]) -> list[str]:
    wrong = []
    for name, value in given.items():
        low, high = scores.limits(name)
        if isinstance(value, str) or scores.number(value) is None:
            wrong.append(_("The score %(name)s must be a number.") % {"name": name})
        elif not scores.fits(name, value):
            limits = {"name": name, "low": f"{low:g}", "high": f"{high:g}"}
            wrong.append(_("The score %(name)s lies between %(low)s and %(high)s.") % limits)
    return wrong
