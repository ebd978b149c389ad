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
from cases.core import staging
from cases.core.code_systems import CodeMap
from cases.diagnoses.core import diseases
from cases.fhir.core import clinical_codes
from cases.fhir.core.clinical_codes import Diagnosis
from cases.fhir.core.reader import Condition, Observation, Patient

_METASTASIS_FLAGS = {"C78.7": "liver_metastasis", "C79.3": "brain_metastasis", "C79.5": "bone_metastasis"}
_AT_ANY_TIME = ("BMI",)
"""Scores that describe the patient; all others describe one episode and do not count from before its onset."""

_PREGNANCY_LASTS = timedelta(days=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """One disease for which the catalogue has an answer. `keys` are the identifiers of its conditions."""

    disease: str
    diagnosis: Diagnosis
    facts: Facts
    answer: Answer
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A condition that gives no referral, and why: resolved, not_confirmed, history, unmapped, no_rule,
    comorbidity."""

    display: str
    why: str


@dataclass(slots=True, kw_only=True)
class _Disease:
    name: str
    members: list[tuple[Condition, Diagnosis]] = field(default_factory=list)
    metastases: list[tuple[Condition, Diagnosis]] = field(default_factory=list)

    @property
    def is_tumour(self) -> bool:
        return any(one.code[0] == "C" or one.code[:2] == "D0" for _, one in self.members)

    @property
    def latest(self) -> date:
        return max((condition.day for condition, _ in self.members if condition.day), default=date.min)

    @property
    def onset(self) -> date | None:
        return min((condition.day for condition, _ in self.members if condition.day), default=None)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for one, _ in [*self.members, *self.metastases] for key in one.keys))


def propose(
    patient: Patient, rules: Sequence[Rule], *, today: date, maps: CodeMap | None = None
) -> tuple[list[Referral], list[Passed]]:
    """The referrals of one patient, and the conditions that give none. `maps`: see clinical_codes.diagnosis."""
    found, passed = _diseases(patient, today, maps)
    referrals = []
    for disease in found:
        best = _best(disease, _facts(patient, disease, found, today), rules)
        if best is None:
            passed.extend(Passed(display=one.display, why="no_rule") for _, one in disease.members)
        elif _only_accompanies(disease, best):
            passed.extend(Passed(display=one.display, why="comorbidity") for _, one in disease.members)
        else:
            referrals.append(best)
    return referrals, passed


def _only_accompanies(disease: _Disease, referral: Referral) -> bool:
    """A chronic illness that needs no discussion (hypertension, diabetes): a fact about the patient, no question."""
    answer = referral.answer
    settled = not isinstance(answer, Undecided) and answer.tier == "none"
    return settled and not disease.is_tumour and not referral.facts.scores and diseases.is_chronic(referral.facts.code)


def age_on(born: date | None, day: date) -> int | None:
    """Full years; None where the date of birth is unknown or cannot be."""
    if born is None:
        return None
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return years if 0 <= years <= 130 else None


def _diseases(patient: Patient, today: date, maps: CodeMap | None) -> tuple[list[_Disease], list[Passed]]:
    """The active diseases, metastases attached to their primary where there is one."""
    found: dict[str, _Disease] = {}
    passed = []
    for condition in patient.conditions:
        diagnosis = clinical_codes.diagnosis(condition.codings, condition.text, maps)
        why = _why_not(condition, diagnosis, today)
        if diagnosis is None or why:
            words = diagnosis.display if diagnosis else condition.text or _display(condition)
            passed.append(Passed(display=words, why=why or "unmapped"))
            continue
        name = diagnosis.disease or diseases.disease_of(diagnosis.code)
        found.setdefault(name, _Disease(name=name)).members.append((condition, diagnosis))
    _attach_metastases(found)
    return list(found.values()), passed


def _why_not(condition: Condition, diagnosis: Diagnosis | None, today: date) -> str:
    if condition.verification in ("refuted", "entered-in-error"):
        return "not_confirmed"
    if not condition.active(today):
        return "resolved"
    if diagnosis is None:
        return "unmapped"
    return {"history": "history", "excluded": "not_confirmed"}.get(diagnosis.role, "")


def _display(condition: Condition) -> str:
    return next((coding.display or coding.code for coding in condition.codings), "")


def _attach_metastases(found: dict[str, _Disease]) -> None:
    """Metastases join the primary tumour; of several, the one recorded last. Without one they stand for themselves."""
    secondary = found.get(diseases.METASTASIS)
    primaries = [
        one for one in found.values() if any(diseases.is_primary_tumour(diagnosis.code) for _, diagnosis in one.members)
    ]
    if secondary is None or not primaries:
        return
    primary = max(primaries, key=lambda one: (one.latest, one.name))
    primary.metastases.extend(secondary.members)
    del found[secondary.name]


def _facts(patient: Patient, disease: _Disease, found: Sequence[_Disease], today: date) -> Facts:
    """What is known, except for the code, which `_best` chooses."""
    flags = {flag for _, one in disease.members for flag in one.flags}
    if any(condition.clinical in ("recurrence", "relapse") for condition, _ in disease.members):
        flags.add("recurrence")
    spread = disease.members if disease.name == diseases.METASTASIS else disease.metastases
    flags |= {_METASTASIS_FLAGS[one.code] for _, one in spread if one.code in _METASTASIS_FLAGS}
    if any(_is_pregnancy(member, today) for one in found for member in one.members):
        flags.add("pregnant")
    others = [one for one in found if one is not disease and one.name != diseases.METASTASIS]
    chronic = [one for one in others if any(diseases.is_chronic(diagnosis.code) for _, diagnosis in one.members)]
    return Facts(
        code="",
        stage="IV" if spread else _stage(patient, disease, found),
        scores=_scores(patient.observations, disease, today),
        flags=frozenset(flags),
        age=age_on(patient.born, patient.died or today),
        comorbidities=len(chronic),
    )


def _is_pregnancy(member: tuple[Condition, Diagnosis], today: date) -> bool:
    condition, diagnosis = member
    recent = condition.day is None or today - condition.day <= _PREGNANCY_LASTS
    return diseases.is_pregnancy(diagnosis.code) and recent


def _stage(patient: Patient, disease: _Disease, found: Sequence[_Disease]) -> str | None:
    """The stage that was recorded last; of several on one day the highest."""
    if not disease.is_tumour:
        return None
    said: list[tuple[date, str]] = []
    for condition, diagnosis in disease.members:
        stage = clinical_codes.stage(condition.stages) or diagnosis.stage
        if stage:
            said.append((condition.day or date.min, stage))
    only_tumour = sum(one.is_tumour for one in found) == 1
    for observation in patient.observations:
        about = observation.focus & set(disease.keys) if observation.focus else only_tumour
        stage = clinical_codes.stage(observation.words) if clinical_codes.is_stage(observation.codings) else None
        if about and stage:
            said.append((observation.day or date.min, stage))
    return max(said, key=lambda one: (one[0], staging.order(one[1])))[1] if said else None


def _scores(observations: Iterable[Observation], disease: _Disease, today: date) -> dict[str, float]:
    """The last value of each score, and what a diagnosis says of a score that nobody measured."""
    last: dict[str, tuple[date, float]] = {}
    for observation in observations:
        name = clinical_codes.score(observation.codings)
        day = observation.day or date.min
        if name is None or observation.number is None or day > today:
            continue
        if name not in _AT_ANY_TIME and observation.day and disease.onset and observation.day < disease.onset:
            continue
        if observation.focus and not observation.focus & set(disease.keys):
            continue
        if name not in last or day >= last[name][0]:
            last[name] = (day, round(observation.number, 2))
    implied = {name: value for _, one in disease.members for name, value in one.scores.items()}
    return implied | {name: value for name, (_, value) in last.items()}


def _best(disease: _Disease, facts: Facts, rules: Sequence[Rule]) -> Referral | None:
    """The referral with the code that the catalogue takes most seriously; None if no rule knows any of the codes."""
    ranked = []
    for condition, diagnosis in disease.members:
        asked = evaluation.wanted_facts(diagnosis.code, rules)
        scores = {name: value for name, value in facts.scores.items() if f"score:{name}" in asked}
        told = replace(facts, code=diagnosis.code, scores=scores)
        answer = evaluation.evaluate(told, rules)
        weight = _weight(answer)
        if weight:
            order = (
                weight,
                diseases.certainty(diagnosis.code),
                condition.day or date.min,
                diagnosis.code,
                diagnosis.raw,
            )
            ranked.append((order, diagnosis, told, answer))
    if not ranked:
        return None
    _, diagnosis, told, answer = max(ranked, key=lambda one: one[0])
    return Referral(disease=disease.name, diagnosis=diagnosis, facts=told, answer=answer, keys=disease.keys)


def _weight(answer: Answer) -> float:
    """0 where no rule matches; a rule for `none` weighs a little; what is decided goes before what is not."""
    if isinstance(answer, Undecided):
        return TIERS.index(answer.could_be) + 0.25
    if answer.tier == "none":
        return 0.1 if answer.rules else 0
    return TIERS.index(answer.tier) + 0.5
