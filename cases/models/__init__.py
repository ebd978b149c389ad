"""Patients, referred cases, the disease catalogue's rules, and what follows a discussion.

Case ──  Recommendation ──< Task         what the team recommends, and what is to be done by whom
Case ──< Look                            was it carried out? One look is open at a time, until the loop is closed
"""

from cases.models.aftercare import Carried, Look, Outcome, Recommendation, Task, WithPerson
from cases.models.cases import (
    CareLevel,
    Case,
    CaseQuerySet,
    CaseSource,
    CatalogueRule,
    CatalogueRuleQuerySet,
    DiagnosisName,
    MaterialItem,
    Patient,
    PatientIdentifier,
    PatientIdentity,
    RareClass,
    Sex,
    Tier,
    Urgency,
    next_case_number,
)

__all__ = [
    "CareLevel",
    "Carried",
    "Case",
    "CaseQuerySet",
    "CaseSource",
    "CatalogueRule",
    "CatalogueRuleQuerySet",
    "DiagnosisName",
    "Look",
    "MaterialItem",
    "Outcome",
    "Patient",
    "PatientIdentifier",
    "PatientIdentity",
    "RareClass",
    "Recommendation",
    "Sex",
    "Task",
    "Tier",
    "Urgency",
    "WithPerson",
    "next_case_number",
]
