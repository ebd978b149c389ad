"""Patients, referred cases, the disease catalogue's rules, and what follows a discussion.

Case ──  Recommendation ──< Task         what the team recommends, and what is to be done by whom
         Recommendation ──< Addendum     what was said of it after it was signed
Case ──< FollowUp                        was it carried out? One is open at a time, until the loop is closed
Patient ──< HeldMatch                  a record that may be of the same person, until somebody has compared both
CatalogueRule ──< RuleReview, >──< RuleApproval     who looked at it again; who lets it count
"""

from cases.models.aftercare import (
    Addendum,
    FollowUp,
    FollowUpOutcome,
    Outcome,
    Recommendation,
    Task,
    WithPerson,
)
from cases.models.cases import (
    CareLevel,
    Case,
    CaseQuerySet,
    CaseSource,
    CatalogueRule,
    CatalogueRuleQuerySet,
    ExternalId,
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
from cases.models.codes import CodeMapping, UnmappedCode
from cases.models.diagnosis_names import DiagnosisName
from cases.models.identity import Decision, FhirFile, HeldMatch, HeldMatchQuerySet
from cases.models.rule_care import ApprovalDecision, RuleApproval, RuleApprovalQuerySet, RuleReview

__all__ = [
    "Addendum",
    "ApprovalDecision",
    "CareLevel",
    "Case",
    "CaseQuerySet",
    "CaseSource",
    "CatalogueRule",
    "CatalogueRuleQuerySet",
    "CodeMapping",
    "Decision",
    "DiagnosisName",
    "ExternalId",
    "FhirFile",
    "FollowUp",
    "FollowUpOutcome",
    "HeldMatch",
    "HeldMatchQuerySet",
    "MaterialItem",
    "Outcome",
    "Patient",
    "PatientIdentifier",
    "PatientIdentity",
    "RareClass",
    "Recommendation",
    "RuleApproval",
    "RuleApprovalQuerySet",
    "RuleReview",
    "Sex",
    "Task",
    "Tier",
    "UnmappedCode",
    "Urgency",
    "WithPerson",
    "next_case_number",
]
