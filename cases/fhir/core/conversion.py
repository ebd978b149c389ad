"""A FHIR patient -> at most one referral per disease, with the catalogue's answer. Pure.

Active conditions of one disease become one referral; metastases join their primary as stage IV and findings. What
gives no referral is listed with the reason, so that an import can say what it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from cases.catalogue.core import evaluation
from cases.catalogue.core.evaluation import Answer, Facts, Rule, Undecided
from cases.catalogue.core.requirement import TIERS
from cases.core import days, icd10, rare_diseases, scores, staging
from cases.core.certainty import EXCLUDED, HISTORY, SUSPECTED
from cases.core.code_systems import CodeMap
from cases.core.mistake import Mistake
from cases.diagnoses.core import diseases
from cases.fhir.core import clinical_codes
from cases.fhir.core.clinical_codes import Diagnosis
from cases.fhir.core.reader import Condition, Observation, Patient, Request

_METASTASIS_FLAGS = {"C78.7": "liver_metastasis", "C79.3": "brain_metastasis", "C79.5": "bone_metastasis"}
_AT_ANY_TIME = ("BMI",)
"""Scores that describe the patient; all others describe one episode and do not count from before its onset."""

_PREGNANCY_LASTS = timedelta(days=300)
_STAGED_BEFORE = timedelta(days=180)
"""A tumour is staged while it is being found; an older stage is that of another one."""
_RECORDED_WITHIN = timedelta(days=30)
_ACUTE_LASTS = timedelta(days=365)
_ACUTE = "A00-A09 A39-A41 I21-I22 J00-J22 K35-K37 K65 K81.0 K85 N10 O00-O75 S00-T98"
"""Illnesses that are over, or somebody's death, long before: an open record of long ago was only never closed."""
_HISTORY, _OBSERVED = "Z85-Z88 Z92", "Z03"
_URGENCIES = ("", "routine", "urgent", "emergency")
TAKEN_BACK = ("not_confirmed", "resolved", "revoked", "deleted")
"""Reasons with which a source takes back what it has told before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """One disease for which the catalogue has an answer. `keys` are the identifiers of its conditions, `labels` what
    reports call them; `notes` say what was left out of the facts."""

    disease: str
    diagnosis: Diagnosis
    facts: Facts
    answer: Answer
    keys: tuple[str, ...]
    labels: tuple[str, ...] = ()
    urgency: str = ""
    question: str = ""
    notes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A condition that gives no referral, and why: resolved, not_confirmed, history, unmapped, no_rule, comorbidity,
    deceased, cause_of_death, long_ago, observed, revoked, deleted, before_since."""

    display: str
    why: str
    label: str = ""
    keys: tuple[str, ...] = ()
    code: str = ""


@dataclass(slots=True, kw_only=True)
class _Disease:
    name: str
    members: list[tuple[Condition, Diagnosis]] = field(default_factory=list)
    metastases: list[tuple[Condition, Diagnosis]] = field(default_factory=list)
    notes: list[Mistake] = field(default_factory=list)

    @property
    def is_tumour(self) -> bool:
        return any(one.code[0] == "C" or one.code[:2] == "D0" for _, one in self.members)

    @property
    def latest(self) -> date:
        return max((condition.day for condition, _ in self.members if condition.day), default=date.min)

    @property
    def onset(self) -> date | None:
        """When it began; where only the day is known on which it was recorded, some weeks before."""
        onsets = [condition.onset for condition, _ in self.members if condition.onset]
        recorded = [condition.recorded - _RECORDED_WITHIN for condition, _ in self.members if condition.recorded]
        return min(onsets or recorded, default=None)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for one, _ in [*self.members, *self.metastases] for key in one.keys))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.label for one, _ in [*self.members, *self.metastases] if one.label))


def propose(
    patient: Patient,
    rules: Sequence[Rule],
    *,
    today: date,
    maps: CodeMap | None = None,
    since: date | None = None,
    of_the_dead: bool = False,
) -> tuple[list[Referral], list[Passed]]:
    """The referrals of one patient, and the conditions that give none.

    `since`: what was recorded (else began) before gives none. The dead are referred only `of_the_dead`. `maps`: see
    clinical_codes.diagnosis.
    """
    found, passed = _diseases(patient, today, since, maps)
    if patient.deceased and not of_the_dead:
        passed.extend(_pass(*member, why="deceased") for disease in found for member in disease.members)
        return [], passed
    referrals = []
    for disease in found:
        notes: list[Mistake] = list(disease.notes)
        best = _best(disease, _facts(patient, disease, found, today, notes), rules)
        if best is None:
            passed.extend(_pass(*member, why="no_rule") for member in disease.members)
        elif _only_accompanies(disease, best) and not _requests_for(patient, disease):
            passed.extend(_pass(*member, why="comorbidity") for member in disease.members)
        else:
            referrals.append(_with_request(replace(best, notes=tuple(notes)), _requests_for(patient, disease)))
    return referrals, passed


def _pass(condition: Condition, diagnosis: Diagnosis | None, *, why: str) -> Passed:
    words = diagnosis.display if diagnosis else condition.text or _display(condition)
    code = diagnosis.code if diagnosis else next((one.code for one in condition.codings if one.code), "")
    return Passed(display=words, why=why, label=condition.label, keys=condition.keys, code=code)


def _requests_for(patient: Patient, disease: _Disease) -> list[Request]:
    """The requests for a discussion of this disease; one that names no reason is of the only disease there is."""
    return [one for one in patient.requests if one.keys & set(disease.keys)]


def _with_request(referral: Referral, requests: Sequence[Request]) -> Referral:
    """The most urgent request's urgency, and what all of them ask."""
    urgency = max((one.urgency for one in requests), key=_URGENCIES.index, default="")
    asked = "\n".join(dict.fromkeys(one.question for one in requests if one.question))
    return replace(referral, urgency=urgency, question=asked)


def _only_accompanies(disease: _Disease, referral: Referral) -> bool:
    """A chronic illness that needs no discussion (hypertension, diabetes): a fact about the patient, no question."""
    answer = referral.answer
    settled = (answer.could_be if isinstance(answer, Undecided) else answer.tier) == "none"
    return settled and not disease.is_tumour and not referral.facts.scores and diseases.is_chronic(referral.facts.code)


def _age(patient: Patient, today: date) -> int | None:
    """Full years, at the death where that is known; None where the date of birth is unknown or cannot be."""
    at = patient.died or today
    return days.age_on(patient.born, at) if patient.born and days.is_birth(days.Given(first=patient.born), at) else None


def _diseases(
    patient: Patient, today: date, since: date | None, maps: CodeMap | None
) -> tuple[list[_Disease], list[Passed]]:
    """The active diseases, metastases attached to their primary where there is one."""
    found: dict[str, _Disease] = {}
    passed = []
    for condition in patient.conditions:
        diagnosis = clinical_codes.diagnosis(condition.codings, condition.text, maps)
        why = _why_not(condition, diagnosis, today, since)
        if diagnosis is None or why:
            passed.append(_pass(condition, diagnosis, why=why or "unmapped"))
            continue
        name = diagnosis.disease or diseases.disease_of(diagnosis.code)
        found.setdefault(name, _Disease(name=name)).members.append((condition, diagnosis))
    _attach_metastases(found)
    return list(found.values()), passed


def _why_not(condition: Condition, diagnosis: Diagnosis | None, today: date, since: date | None) -> str:
    if condition.revoked or condition.deleted:
        return "revoked" if condition.revoked else "deleted"
    if condition.certainty == EXCLUDED:
        return "not_confirmed"
    if condition.cause_of_death:
        return "cause_of_death"
    if not condition.active(today):
        return "resolved"
    if since and (condition.recorded or condition.onset or since) < since:
        return "before_since"
    if diagnosis is None:
        return "unmapped"
    if diagnosis.role == EXCLUDED:
        return "not_confirmed"
    if diagnosis.role == HISTORY or diseases.covered(diagnosis.code, _HISTORY):
        return "history"
    if not diagnosis.disease and diseases.covered(diagnosis.code, _OBSERVED):
        return "observed"
    began = condition.onset or condition.recorded
    acute = diseases.covered(diagnosis.code, _ACUTE)
    return "long_ago" if acute and began and today - began > _ACUTE_LASTS else ""


def _display(condition: Condition) -> str:
    return next((coding.display or coding.code for coding in condition.codings), "")


def _attach_metastases(found: dict[str, _Disease]) -> None:
    """A metastasis joins the primary tumour that it names, else the only one there is.

    Without a primary it stands for itself; so it does where there are several and it names none, with a note: whose it
    is, somebody must say.
    """
    secondary = found.get(diseases.METASTASIS)
    primaries = [
        one for one in found.values() if any(diseases.is_primary_tumour(diagnosis.code) for _, diagnosis in one.members)
    ]
    if secondary is None or not primaries:
        return
    left = []
    for member in secondary.members:
        named = [one for one in primaries if member[0].due_to & set(one.keys)]
        owners = named or primaries
        if len(owners) == 1:
            owners[0].metastases.append(member)
        else:
            left.append(member)
            secondary.notes.append(Mistake(place=member[0].label, code="which_primary"))
    secondary.members = left
    if not left:
        del found[secondary.name]


def _facts(patient: Patient, disease: _Disease, found: Sequence[_Disease], today: date, notes: list[Mistake]) -> Facts:
    """What is known, except for the code, which `_best` chooses. What is left out is noted."""
    flags = {flag for _, one in disease.members for flag in one.flags}
    if any(condition.clinical in ("recurrence", "relapse") for condition, _ in disease.members):
        flags.add("recurrence")
    if all(SUSPECTED in (condition.certainty, one.role) for condition, one in disease.members):
        flags.add(SUSPECTED)
    spread = disease.members if disease.name == diseases.METASTASIS else disease.metastases
    flags |= {_METASTASIS_FLAGS[one.code] for _, one in spread if one.code in _METASTASIS_FLAGS}
    if any(_is_pregnancy(member, today) for one in found for member in one.members):
        flags.add("pregnant")
    others = [one for one in found if one is not disease and one.name != diseases.METASTASIS]
    chronic = [one for one in others if any(diseases.is_chronic(diagnosis.code) for _, diagnosis in one.members)]
    return Facts(
        code="",
        stage="IV" if spread else _stage(patient, disease, found, today, notes),
        scores=_scores(patient.observations, disease, today, notes),
        flags=frozenset(flags),
        age=_age(patient, today),
        comorbidities=len(chronic),
    )


def _is_pregnancy(member: tuple[Condition, Diagnosis], today: date) -> bool:
    condition, diagnosis = member
    recent = condition.day is None or today - condition.day <= _PREGNANCY_LASTS
    return diseases.is_pregnancy(diagnosis.code) and recent


def _stage(
    patient: Patient, disease: _Disease, found: Sequence[_Disease], today: date, notes: list[Mistake]
) -> str | None:
    """A pathological stage before a clinical one, then the newest; of several on one day the highest.

    A stage from long before the disease began, or from a day to come, is of something else.
    """
    if not disease.is_tumour:
        return None
    said: list[tuple[bool, date, str]] = []
    for condition, diagnosis in disease.members:
        stage = clinical_codes.stage(condition.stages) or diagnosis.stage
        if stage:
            said.append((False, condition.day or date.min, stage))
    only_tumour = sum(one.is_tumour for one in found) == 1
    for observation in patient.observations:
        about = observation.focus & set(disease.keys) if observation.focus else only_tumour
        names_one = observation.staging or clinical_codes.is_stage(observation.codings)
        stage = clinical_codes.stage(observation.words) if names_one and about else None
        if not stage:
            continue
        day = observation.day
        if day and (day > today or (disease.onset and day < disease.onset - _STAGED_BEFORE)):
            notes.append(Mistake(place=observation.label, code="stage_of_another_time", params={"value": stage}))
            continue
        said.append((observation.pathological, day or date.min, stage))
    return max(said, key=lambda one: (one[0], one[1], staging.order(one[2])))[2] if said else None


def _scores(
    observations: Iterable[Observation], disease: _Disease, today: date, notes: list[Mistake]
) -> dict[str, float]:
    """The last value of each score, and what a diagnosis says of a score that nobody measured.

    What no scale has, and a mere limit (`< 18`), is left out and noted: the score is asked for.
    """
    last: dict[str, tuple[date, float]] = {}
    for observation in observations:
        name = clinical_codes.score(observation.codings)
        day = observation.day or date.min
        if name is None or observation.number is None or day > today:
            continue
        if name not in _AT_ANY_TIME and disease.onset and observation.day and day < disease.onset:
            continue
        if observation.focus and not observation.focus & set(disease.keys):
            continue
        low, high = scores.limits(name)
        about = {"name": name, "value": f"{observation.comparator} {observation.number:g}".strip()}
        if observation.comparator:
            notes.append(Mistake(place=observation.label, code="score_is_a_limit", params=about))
        elif not low <= observation.number <= high:
            limits = about | {"low": low, "high": high}
            notes.append(Mistake(place=observation.label, code="score_out_of_range", params=limits))
        elif name not in last or day >= last[name][0]:
            last[name] = (day, round(observation.number, 2))
    implied = {name: value for _, one in disease.members for name, value in one.scores.items()}
    return implied | {name: value for name, (_, value) in last.items()}


def _best(disease: _Disease, facts: Facts, rules: Sequence[Rule]) -> Referral | None:
    """The referral with the code that the catalogue takes most seriously; None if no rule knows any of the codes.

    An unspecified code says less than a specified one of the same disease: it never decides in its place.
    """
    ranked = [_weighed(member, disease, facts, rules) for member in disease.members]
    weight, referral = max(ranked, key=lambda one: one[0])
    if not weight[0]:
        return None
    chosen = referral.diagnosis.code
    if _is_unspecified(chosen):
        certain = diseases.certainty(chosen)
        specified = [
            one
            for one in ranked
            if not _is_unspecified(one[1].diagnosis.code) and diseases.certainty(one[1].diagnosis.code) >= certain
        ]
        if specified:
            return max(specified, key=lambda one: one[0])[1]
    return referral


def _weighed(
    member: tuple[Condition, Diagnosis], disease: _Disease, facts: Facts, rules: Sequence[Rule]
) -> tuple[tuple[float, bool, int, bool, date, str, str], Referral]:
    """What the catalogue says to one of the codes, and how much that weighs."""
    condition, diagnosis = member
    asked = evaluation.wanted_facts(diagnosis.code, rules)
    values = {name: value for name, value in facts.scores.items() if f"score:{name}" in asked}
    rare_class = rare_diseases.class_of(diagnosis.code) or None
    told = replace(facts, code=diagnosis.code, scores=values, rare_class=rare_class)
    answer = evaluation.evaluate(told, rules)
    order = (
        _weight(answer),
        condition.certainty != SUSPECTED,
        diseases.certainty(diagnosis.code),
        not _is_unspecified(diagnosis.code),
        condition.day or date.min,
        diagnosis.code,
        diagnosis.raw,
    )
    referral = Referral(
        disease=disease.name,
        diagnosis=diagnosis,
        facts=told,
        answer=answer,
        keys=disease.keys,
        labels=disease.labels,
    )
    return order, referral


def _is_unspecified(code: str) -> bool:
    return icd10.exists(code) and "unspecified" in icd10.title(code).lower()


def _weight(answer: Answer) -> float:
    """0 where no rule matches, nor one for a subdivision that would ask for a discussion; a rule for `none` weighs a
    little; what is decided goes before what is not."""
    if isinstance(answer, Undecided):
        return TIERS.index(answer.could_be) + 0.25 if answer.could_be != "none" else 0
    if answer.tier == "none":
        return 0.1 if answer.rules else 0
    return TIERS.index(answer.tier) + 0.5
