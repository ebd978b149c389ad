"""The one place where the codes of the catalogue become words, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.catalogue.core import vocabulary
from cases.catalogue.core.requirement import Reason
from cases.core.mistake import Mistake
from cases.models import Tier
from mdt_portal.i18n import phrases
from mdt_portal.tables import wording as tables

FLAGS = {
    "anaplastic": gettext_lazy("Anaplastic tumour"),
    "biopsy_considered": gettext_lazy("Biopsy or lavage considered"),
    "biopsy_done": gettext_lazy("Biopsy or lavage done"),
    "bone_metastasis": gettext_lazy("Bone metastasis"),
    "brain_metastasis": gettext_lazy("Brain metastasis"),
    "complicated": gettext_lazy("Complicated course"),
    "cord_compression": gettext_lazy("Spinal cord compression"),
    "diagnosis_unclear": gettext_lazy("Diagnosis unclear"),
    "difficult": gettext_lazy("Difficult case"),
    "drug_resistant": gettext_lazy("Drug resistant"),
    "fistula": gettext_lazy("Fistula"),
    "immunosuppressed": gettext_lazy("Immunosuppressed"),
    "intervention_considered": gettext_lazy("Intervention considered"),
    "liver_metastasis": gettext_lazy("Liver metastasis"),
    "low_grade": gettext_lazy("Low grade"),
    "low_risk": gettext_lazy("Low risk"),
    "lvad_candidate": gettext_lazy("Candidate for a ventricular assist device"),
    "medullary": gettext_lazy("Medullary tumour"),
    "neuro_deficit": gettext_lazy("Neurological deficit"),
    "neurovascular": gettext_lazy("Nerve or vessel injured"),
    "oligometastatic": gettext_lazy("Oligometastatic"),
    "open_fracture": gettext_lazy("Open fracture"),
    "organ_failure": gettext_lazy("Organ failure"),
    "portal_vein_thrombus": gettext_lazy("Tumour thrombus in the portal vein"),
    "pregnant": gettext_lazy("Pregnant"),
    "prosthetic_valve": gettext_lazy("Prosthetic valve"),
    "recurrence": gettext_lazy("Recurrence"),
    "refractory": gettext_lazy("Refractory to treatment"),
    "surgery_considered": gettext_lazy("Surgery considered"),
    "suspected": gettext_lazy("Suspected, not confirmed"),
    "transplant_candidate": gettext_lazy("Candidate for a transplant"),
    "treatment_failure": gettext_lazy("Previous treatment failed"),
}
SCORES = {
    "NIHSS": gettext_lazy("NIHSS (stroke, 0–42)"),
    "GCS": gettext_lazy("GCS (coma, 3–15)"),
    "SYNTAX": gettext_lazy("SYNTAX (coronary disease)"),
    "BMI": gettext_lazy("BMI (kg/m²)"),
    "ISS": gettext_lazy("ISS (injury, 0–75)"),
}
_FACTS = {
    "code": gettext_lazy("a more exact diagnosis"),
    "stage": gettext_lazy("stage"),
    "age": gettext_lazy("age"),
    "comorbidities": gettext_lazy("number of comorbidities"),
    "rare_class": gettext_lazy("rare disease class"),
    "surgery_level": gettext_lazy("grade of operation"),
}
_REASONS = {
    "rule_matched": gettext_lazy("%(name)s (%(rule)s, version %(version)s)"),
    "major_stage_compared": gettext_lazy(
        "No sub-stage was given: stage %(stage)s counts for “%(name)s”, which names a sub-stage."
    ),
    "missing_fact": gettext_lazy("“%(name)s” cannot be judged without the %(fact)s."),
    "possible_addition": gettext_lazy("“%(name)s” may add to this once the %(facts)s is known."),
    "no_rule": gettext_lazy("The catalogue has no rule for %(code)s with these facts."),
    "overridden": gettext_lazy("The tier was set by hand: %(tier)s."),
}
_MISTAKES = {
    "missing": gettext_lazy("is missing"),
    "unknown_key": gettext_lazy("is not a known key (known: %(known)s)"),
    "key_twice": gettext_lazy("the same key stands twice in one object"),
    "not_text": gettext_lazy("must be text"),
    "empty": gettext_lazy("must not be empty"),
    "too_long": gettext_lazy("is longer than %(longest)s characters"),
    "not_one_of": gettext_lazy("“%(value)s” is not one of: %(allowed)s"),
    "not_a_whole_number": gettext_lazy("“%(value)s” is not a whole number"),
    "not_a_number": gettext_lazy("“%(value)s” is not a number"),
    "out_of_range": gettext_lazy("%(value)s lies outside %(low)s to %(high)s"),
    "not_a_list": gettext_lazy("must be a list"),
    "not_an_object": gettext_lazy("must be an object"),
    "not_texts_by_name": gettext_lazy("must be an object of texts"),
    "twice": gettext_lazy("“%(value)s” stands here twice"),
    "bad_key": gettext_lazy("“%(value)s” must be letters, digits, points and hyphens, at most 24"),
    "bad_name": gettext_lazy("“%(value)s” is not a name (small letters, digits, underscore)"),
    "unknown_icd10": gettext_lazy("“%(value)s” is not a code of WHO ICD-10"),
    "range_backwards": gettext_lazy("“%(value)s” ends before it begins"),
    "unknown_discipline": gettext_lazy("there is no discipline “%(value)s”"),
    "unknown_group": gettext_lazy("there is no disease group “%(value)s”"),
    "unknown_material": gettext_lazy("there is no material “%(value)s”"),
    "unknown_stage": gettext_lazy("“%(value)s” is not a stage (%(allowed)s)"),
    "no_seat": gettext_lazy("a discussion needs at least one seat"),
    "max_below_min": gettext_lazy("the upper limit %(high)s lies below the lower limit %(low)s"),
    "hours_not_rising": gettext_lazy("is shorter than “%(faster)s”; emergency ≤ urgent ≤ routine"),
    "or_flags_without_stage": gettext_lazy("stands in for a stage, but the rule asks for none"),
    "limit_without_score": gettext_lazy("limits a score, but the rule names none"),
    "score_without_limit": gettext_lazy("needs score_min or score_max"),
    "never_true": gettext_lazy("can never be met, because of %(value)s"),
    "contradiction": gettext_lazy(
        "says “%(tier)s” where %(other)s says “%(other_tier)s” of the same codes and condition"
    ),
    "not_a_day": gettext_lazy("“%(value)s” is no day; write it as 2027-03-01"),
    "not_a_link": gettext_lazy("“%(value)s” is no link of the web (http or https)"),
    "clause_twice": gettext_lazy("asks the same thing a second time"),
    "two_scores": gettext_lazy("a rule looks at one score; this one already looks at %(value)s"),
    "unreadable_clause": gettext_lazy("“%(value)s” is not understood; write for example: stage >= IIIB"),
    "unreadable_seat": gettext_lazy("“%(value)s” is not understood; write for example: RADIOL 3, or SURG 4 x2"),
    "no_names": gettext_lazy("there is no name in the file"),
    "nameless": gettext_lazy("a code needs a name in one language at least"),
    "no_lines": gettext_lazy("there is no rule in the file"),
    "morphology": gettext_lazy("“%(value)s” is a code of morphology (ICD-O), which says nothing of the diagnosis"),
    "column_missing": gettext_lazy("this column is missing"),
    "column_ignored": gettext_lazy("the column “%(value)s” means nothing here and is passed over"),
    "unknown_system": gettext_lazy("“%(value)s” is no system of codes that needs a map; name SNOMED CT or ICD-11"),
    "placed_otherwise": gettext_lazy("“%(value)s” lies in %(placed)s by its own edition, and needs no map"),
    "not_a_score": gettext_lazy("“%(value)s” is not a score such as NIHSS=12"),
    "id_twice": gettext_lazy("“%(value)s” is already the id of %(first)s"),
    "no_rules": gettext_lazy("the file must be an object with a list “rules”"),
    "not_json": gettext_lazy("not JSON: %(problem)s at line %(line)s, column %(column)s"),
    "too_deep": gettext_lazy("is nested too deeply"),
    "new_flag": gettext_lazy("the finding “%(value)s” is new to the portal (nearest known: %(near)s)"),
    "new_score": gettext_lazy("the score “%(value)s” is new to the portal (nearest known: %(near)s)"),
    "wrong_resource": gettext_lazy("“%(value)s” is not imported; a Bundle, Patient or Condition is expected"),
    "no_resource_type": gettext_lazy("has no resourceType"),
    "bad_date": gettext_lazy("“%(value)s” is not a date of FHIR"),
    "unknown_patient": gettext_lazy("“%(value)s” is no patient of this file"),
    "no_coding": gettext_lazy("has neither a code nor a text"),
    "ambiguous_reference": gettext_lazy("“%(value)s” may be one of several resources of this file"),
    "resource_twice": gettext_lazy("“%(value)s” stands in this file twice, with different content"),
    "other_version": gettext_lazy("this looks like FHIR %(value)s; please export it as FHIR R4"),
    "empty_file": gettext_lazy("the file is empty"),
    "too_large": gettext_lazy("the file is larger than %(most)s MB"),
    "wrong_encoding": gettext_lazy("not UTF-8 text (it looks like %(value)s); please save it as UTF-8"),
    "xml": gettext_lazy("this is XML; please export it as FHIR JSON"),
    "html": gettext_lazy("this is a web page, perhaps one that asks to sign in; please export FHIR JSON"),
    "zip": gettext_lazy("this is a ZIP archive or workbook; please unpack it and hand in its JSON files"),
    "gzip_cut": gettext_lazy("the gzip file ends too early; it was not copied completely"),
    "gzip_broken": gettext_lazy("the gzip file is damaged"),
    "bad_character": gettext_lazy("holds a character that cannot be kept (NUL, or half of a surrogate pair)"),
    "number_too_large": gettext_lazy("the number %(value)s is beyond any measure"),
    "no_number": gettext_lazy("%(value)s is not a number"),
    "which_primary": gettext_lazy("a metastasis beside several tumours: please say to which one it belongs"),
    "score_out_of_range": gettext_lazy("%(name)s %(value)s lies outside %(low)s to %(high)s and was not taken"),
    "score_is_a_limit": gettext_lazy("%(name)s %(value)s is only a limit and was not taken"),
    "stage_of_another_time": gettext_lazy("the stage %(value)s is of another time and was not taken"),
    "linked": gettext_lazy("this record and %(value)s are of one person, says the source"),
    "linked_but_differs": gettext_lazy("the source links this record with %(value)s, but they differ: kept apart"),
    "linked_elsewhere_replaced_by": gettext_lazy("this record was replaced by one that is not in the file"),
    "linked_elsewhere_replaces": gettext_lazy("this record replaces one that is not in the file"),
    "linked_elsewhere_seealso": gettext_lazy("this record is linked with one that is not in the file"),
    "linked_elsewhere_refer": gettext_lazy("this record is linked with one that is not in the file"),
}


def not_present_text(code: str) -> str:
    """Why a code is refused whose letter or map says that the disease is not there."""
    return _("“%(code)s” says that the disease is over or was ruled out; there is nothing to discuss.") % {"code": code}


def fact_text(fact: str) -> str:
    """The name of a fact: `stage`, `score:NIHSS`, `flag:recurrence`, `age`."""
    kind, _colon, name = fact.partition(":")
    if kind == "score":
        return _("%(score)s score") % {"score": name}
    if kind == "flag":
        return flag_text(name)
    return str(_FACTS.get(kind, kind))


def flag_text(flag: str) -> str:
    """The label of a finding; one that the portal has no words for is shown as it is written."""
    return str(FLAGS.get(flag, flag.replace("_", " ").capitalize()))


def score_text(score: str) -> str:
    return str(SCORES.get(score, score))


def stage_text(stage: str) -> str:
    return _("Stage %(stage)s") % {"stage": stage} if stage else ""


def tier_text(tier: str) -> str:
    return str(Tier(tier).label)


def material_text(code: str) -> str:
    """The name of a thing on the checklist."""
    names = _materials().get(code)
    if names is None:
        return code.replace("_", " ").capitalize()
    return names[1] if _chinese() else names[0]


def reason_text(reason: Reason) -> str:
    """Why, in one sentence that names the rule."""
    template = _REASONS.get(reason.code)
    if template is None:
        return reason.code.replace("_", " ").capitalize()
    words: dict[str, Any] = {"name": "", "rule": "", "version": "", **reason.params}
    words["name"] = reason.params.get("name_zh" if _chinese() else "name_en", reason.params.get("rule", ""))
    if "fact" in words:
        words["fact"] = fact_text(words["fact"])
    if "facts" in words:
        words["facts"] = phrases.listed(fact_text(fact) for fact in words["facts"])
    if reason.code == "overridden":
        words["tier"] = tier_text(words["tier"])
    return str(template) % words


def missing_text(facts: Iterable[str]) -> str:
    """What must be asked for: `Missing: stage, NIHSS score`."""
    return _("Missing: %(facts)s") % {"facts": phrases.listed(fact_text(fact) for fact in facts)}


def mistake_text(mistake: Mistake) -> str:
    """What is wrong, without the place."""
    if mistake.code in tables.FAULTS:
        return tables.sentence(mistake.code, mistake.params)
    words = {key: phrases.listed(value) if isinstance(value, list) else value for key, value in mistake.params.items()}
    return str(_MISTAKES[mistake.code]) % words


def placed_text(mistake: Mistake) -> str:
    """The place and what is wrong there: `LUNG-3B rules[9].minutes: 45 lies outside 1 to 30`."""
    where = " ".join(part for part in (mistake.rule, mistake.place) if part)
    return f"{where}: {mistake_text(mistake)}" if where else mistake_text(mistake)


def _chinese() -> bool:
    return (translation.get_language() or "").startswith("zh")


@lru_cache(maxsize=1)
def _materials() -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["name_en"], row["name_zh"]) for row in vocabulary.rows(vocabulary.DATA / "materials.csv")}
