"""What the API reads and shows of cases and of the catalogue. Codes come with their words beside them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cases.catalogue import wording
from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import Answer, Requirement, SeatNeed, Undecided
from cases.core import days
from cases.models import CareLevel, Case, Patient, RareClass, Sex, Tier, Urgency, diagnosis_names
from cases.states import CaseStatus, MaterialStatus
from experts.models import Discipline, Institution
from mdt_portal import api

SCORE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,19}")


# The catalogue's answer -----------------------------------------------------------------------------------------------


class SeatNeedSerializer(serializers.Serializer):
    """`count` experts of a discipline, each with at least title rank `min_rank` (0-4)."""

    discipline = serializers.CharField(max_length=12)
    count = serializers.IntegerField(min_value=1, max_value=9, default=1)
    min_rank = serializers.IntegerField(min_value=0, max_value=4, default=0)
    sub_specialty = serializers.CharField(max_length=40, allow_blank=True, default="")

    def validate_discipline(self, key: str) -> str:
        if not Discipline.objects.filter(key=key).exists():
            raise serializers.ValidationError(_("There is no discipline “%(key)s”.") % {"key": key})
        return key


class ReasonSerializer(serializers.Serializer):
    code = serializers.CharField()
    params = serializers.DictField()
    text = serializers.SerializerMethodField(help_text="The reason as a sentence, in the reader's language.")

    def get_text(self, reason: requirement.Reason) -> str:
        return wording.reason_text(reason)


class FactSerializer(serializers.Serializer):
    fact = serializers.CharField(help_text="`stage`, `age`, `comorbidities`, `score:NIHSS`, `flag:recurrence` ...")
    text = serializers.CharField()


class DiagnosisSerializer(serializers.Serializer):
    code = serializers.CharField()
    title = serializers.CharField(help_text="WHO's English title.")
    title_zh = serializers.CharField(help_text="The Chinese title.")
    known_as = serializers.CharField(help_text="The everyday or the hospital's own name for it; or empty.")
    similar = serializers.BooleanField(help_text="It only nearly fits what was asked for.")


class RuleNameSerializer(serializers.Serializer):
    key = serializers.CharField()
    version = serializers.IntegerField()


class CertainSerializer(serializers.Serializer):
    """What is certain already of an answer that is not decided."""

    tier = serializers.ChoiceField(Tier.choices)
    seats = SeatNeedSerializer(many=True)
    minutes = serializers.IntegerField()
    hours = serializers.IntegerField()


class DiagnosisChoiceSerializer(serializers.Serializer):
    code = serializers.CharField()
    title = serializers.CharField()


class AnswerSerializer(serializers.Serializer):
    """The catalogue's answer. Where `decided` is false, `missing` says what must be known, and `could_be` what then; or
    `no_rule` is true: the catalogue does not speak of the case, and a coordinator decides by hand."""

    decided = serializers.BooleanField()
    no_rule = serializers.BooleanField(help_text="No rule speaks of the case; `none` is never answered without one.")
    choices = DiagnosisChoiceSerializer(
        many=True, help_text="`missing` names `code`: the more exact codes, one of which must be chosen."
    )
    tier = serializers.ChoiceField(Tier.choices, allow_null=True, help_text="null while not decided")
    could_be = serializers.ChoiceField(Tier.choices, allow_null=True)
    at_least = CertainSerializer(allow_null=True)
    missing = FactSerializer(many=True)
    seats = SeatNeedSerializer(many=True)
    optional = serializers.ListField(child=serializers.CharField(), help_text="disciplines that are welcome")
    minutes = serializers.IntegerField(allow_null=True, help_text="of discussion, at most 30")
    hours = serializers.IntegerField(allow_null=True, help_text="response limit in clock hours; null = no limit")
    care_level = serializers.ChoiceField(CareLevel.choices, allow_null=True)
    disease_group = serializers.CharField()
    materials = serializers.ListField(child=serializers.CharField())
    reasons = ReasonSerializer(many=True)
    rules = RuleNameSerializer(many=True)


def answer(found: Answer) -> dict[str, Any]:
    """Both kinds of answer in one form, for AnswerSerializer."""
    shared = {"reasons": found.reasons, "disease_group": found.disease_group, "hours": found.hours or None}
    if isinstance(found, Undecided):
        nothing = {"seats": (), "optional": (), "materials": (), "rules": (), "minutes": None, "care_level": None}
        missing = [{"fact": fact, "text": wording.fact_text(fact)} for fact in found.missing]
        return shared | nothing | {
            "decided": False,
            "no_rule": False,
            "choices": [{"code": code, "title": diagnosis_names.title(code)} for code in found.children],
            "tier": None,
            "could_be": found.could_be,
            "at_least": found.at_least,
            "missing": missing,
        }  # fmt: skip
    assert isinstance(found, Requirement)
    columns = ("tier", "seats", "optional", "care_level", "materials")
    rules = [{"key": key, "version": version} for key, version in found.rules]
    silent = found.without_rule
    decided = {"decided": not silent, "no_rule": silent, "could_be": None, "at_least": None, "rules": rules}
    told = {name: getattr(found, name) for name in columns} | {"minutes": found.minutes or None}
    told |= {"tier": None} if silent else {}
    return shared | decided | {"missing": (), "choices": ()} | told


# Facts ----------------------------------------------------------------------------------------------------------------


class FactsSerializer(serializers.Serializer):
    """What the catalogue asks for. What is left out is unknown; flags that are not named count as not reported."""

    code = serializers.CharField(
        max_length=40, help_text="ICD-10 in any edition: `C34.1`, `c341`, `C34.900x001`; or of `code_system`."
    )
    stage = serializers.CharField(max_length=40, allow_blank=True, required=False, help_text="`IIIB`, `Stage 3b`")
    scores = serializers.DictField(child=serializers.FloatField(), required=False, help_text='`{"NIHSS": 12}`')
    flags = serializers.ListField(child=serializers.SlugField(max_length=40), max_length=60, required=False)
    comorbidities = serializers.IntegerField(min_value=0, max_value=99, allow_null=True, required=False)
    age = serializers.IntegerField(min_value=0, max_value=130, allow_null=True, required=False)
    rare_class = serializers.ChoiceField(
        RareClass.choices, allow_blank=True, required=False,
        help_text="Left out: the class that a national list gives to the code. Where a list names the code, another "
        "class, or empty in a saved case (not rare), needs `rare_reason`. Empty in a referral counts as left out.",
    )  # fmt: skip
    rare_reason = serializers.CharField(
        max_length=200, allow_blank=True, required=False,
        help_text="Why it is another class than the national list's, or none.",
    )  # fmt: skip
    surgery_level = serializers.IntegerField(min_value=1, max_value=4, allow_null=True, required=False)
    urgency = serializers.ChoiceField(Urgency.choices, required=False)

    def validate_scores(self, given: dict[str, float]) -> dict[str, float]:
        if not all(SCORE_NAME.fullmatch(name) for name in given):
            raise serializers.ValidationError(_("A score has a name such as NIHSS."))
        return given


class DetailsSerializer(FactsSerializer):
    code_system = serializers.CharField(
        max_length=80,
        allow_blank=True,
        required=False,
        help_text="Of `code`, if it is not WHO ICD-10: `http://snomed.info/sct`, `ICD-11`, `ICD-10-CM`, an OID.",
    )
    diagnosis = serializers.CharField(max_length=200, allow_blank=True, required=False)
    question = serializers.CharField(max_length=4000, allow_blank=True, required=False)
    remote_ok = serializers.BooleanField(required=False)
    equipment = serializers.ListField(child=serializers.SlugField(max_length=40), max_length=20, required=False)


class IdentifierSerializer(serializers.Serializer):
    system = serializers.CharField(
        max_length=200, allow_blank=True, required=False, default="", help_text="A web address or URN; else local."
    )
    value = serializers.CharField(max_length=200)


class NewPatientSerializer(serializers.Serializer):
    """A patient who is known by one of `identifiers`, and does not differ in name, sex or date of birth, is taken.

    Where they differ the answer is 409 `identity_conflict`, and nothing is written. A system that is neither a web
    address nor a URN counts at the referring hospital only.
    """

    name = serializers.CharField(max_length=120)
    sex = serializers.ChoiceField(Sex.choices, required=False)
    birth_date = serializers.DateField(required=False, allow_null=True)
    birth_year = serializers.IntegerField(
        required=False, allow_null=True, help_text="Where the day is not known; it goes without saying where it is."
    )
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    identifiers = IdentifierSerializer(many=True, required=False)

    separate = serializers.BooleanField(
        default=False,
        help_text="After a 409: what is sent is right. A patient of its own, and a coordinator compares both.",
    )

    def validate_identifiers(self, given: list[dict[str, str]]) -> list[tuple[str, str]]:
        pairs = [(one["system"].strip(), one["value"].strip()) for one in given]
        twice = [number for number, pair in enumerate(pairs) if pair in pairs[:number]]
        if twice:
            message = _("This identifier stands here twice.")
            raise serializers.ValidationError({str(number): {"value": [message]} for number in twice})
        return pairs

    def validate_birth_date(self, given: date | None) -> date | None:
        if given and not days.is_birth(days.Given(first=given), timezone.localdate()):
            raise serializers.ValidationError(_("Nobody was born on this day."))
        return given

    def validate_birth_year(self, given: int | None) -> int | None:
        if given is not None and not days.is_birth_year(given, timezone.localdate()):
            raise serializers.ValidationError(_("Nobody was born in this year."))
        return given

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        born, year = given.get("birth_date"), given.get("birth_year")
        if born and year and born.year != year:
            raise serializers.ValidationError({"birth_year": [_("The date of birth lies in another year.")]})
        return given


class SenderSerializer(serializers.Serializer):
    """By which the sender's program knows the case; find it again by `cases/?external_id=`."""

    external_id = serializers.CharField(
        max_length=120, required=False, help_text="Unique at the hospital and in its program; no patient's number."
    )
    external_system = serializers.CharField(
        max_length=120,
        required=False,
        allow_blank=True,
        default="",
        help_text="Which program, where it is not the only one.",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["external_system"] and not given.get("external_id"):
            raise serializers.ValidationError({"external_id": [_("Give the id in that program.")]})
        return given


@api.example(
    {
        "code": "C34.1",
        "stage": "IIIB",
        "urgency": "urgent",
        "question": "Is an operation still possible?",
        "external_id": "REF-2026-0042",
        "patient": {"name": "Wang Fang", "sex": "female", "birth_date": "1961-04-01"},
        "submit": True,
    },
    "A referral that is handed in at once",
)
class ReferralSerializer(SenderSerializer, DetailsSerializer):
    """A new case: `patient` describes the patient, or `patient_id` names one of a case that the reader sees."""

    institution = api.PublicId(Institution, required=False, help_text="The referring hospital; else one's own.")
    patient = NewPatientSerializer(required=False)
    patient_id = api.PublicId(Patient, required=False)
    previous = api.PublicId(Case, required=False, help_text="The case that is discussed again.")
    submit = serializers.BooleanField(default=False, help_text="Hand it in at once; else it is a draft.")


@api.example({"stage": "IV", "version": 3}, "A finding came in")
class EditSerializer(SenderSerializer, DetailsSerializer):
    """What changes; all else stays. `version`, or If-Match, refuses to overwrite somebody else's change."""

    code = serializers.CharField(max_length=40, required=False)
    version = serializers.IntegerField(min_value=1, required=False)


class WhySerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500)


class OverrideSerializer(WhySerializer):
    """The tier of one case against the catalogue. Seats, minutes and hours where the catalogue asks for none."""

    tier = serializers.ChoiceField(Tier.choices)
    seats = SeatNeedSerializer(many=True, required=False)
    minutes = serializers.IntegerField(min_value=1, max_value=30, required=False)
    hours = serializers.IntegerField(min_value=1, max_value=8784, required=False)

    def validate_seats(self, given: list[dict[str, Any]]) -> list[SeatNeed]:
        return [SeatNeed(**one) for one in given]


class MaterialActionSerializer(serializers.Serializer):
    action = serializers.ChoiceField([("receive", "receive"), ("waive", "waive"), ("reopen", "reopen")])
    origin = api.PublicId(Institution, required=False, help_text="The hospital that it came from (receive).")
    note = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


# Cases ----------------------------------------------------------------------------------------------------------------


class PatientSerializer(serializers.Serializer):
    """The patient without a name; who it is stands at `cases/{id}/identity/`."""

    id = serializers.CharField(source="public_id")
    sex = serializers.ChoiceField(Sex.choices)
    birth_year = serializers.IntegerField(allow_null=True)


class ExternalIdSerializer(serializers.Serializer):
    external_id = serializers.CharField(source="value")
    external_system = serializers.CharField(source="system", help_text="Empty where the sender named none.")


class LookUpSerializer(IdentifierSerializer):
    """A number by which another system knows a patient, as it was given in `patient.identifiers`."""

    institution = api.PublicId(
        Institution, required=False, help_text="The hospital whose number it is, where its system is a local one."
    )


class CaseRowSerializer(serializers.Serializer):
    """A case in a list."""

    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    status = serializers.ChoiceField(CaseStatus.choices)
    status_text = serializers.CharField(source="get_status_display")
    code = serializers.CharField()
    diagnosis = serializers.CharField()
    stage = serializers.CharField()
    urgency = serializers.ChoiceField(Urgency.choices)
    tier = serializers.ChoiceField(Tier.choices, allow_blank=True)
    minutes = serializers.IntegerField(allow_null=True)
    disease_group = serializers.SerializerMethodField()
    institution = api.NamedSerializer()
    team = api.NamedSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True, help_text="By then the discussion must have begun.")
    overdue = serializers.BooleanField(source="is_late", help_text="The limit has passed and nothing was discussed.")
    zone = serializers.CharField(source="institution.zone", help_text="The referring hospital's time zone.")
    materials_missing = serializers.IntegerField()
    external_ids = ExternalIdSerializer(many=True)
    version = serializers.IntegerField()

    def get_disease_group(self, case: Case) -> str | None:
        return (case.requirement or {}).get("disease_group")


class MaterialSerializer(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.SerializerMethodField()
    status = serializers.ChoiceField(MaterialStatus.choices)
    origin = api.NamedSerializer(allow_null=True)
    note = serializers.CharField()
    changed_at = serializers.DateTimeField(allow_null=True)

    def get_name(self, item: Any) -> str:
        return wording.material_text(item.code)


class EventSerializer(serializers.Serializer):
    """One move from a status to the next: who, when, and why as a code."""

    at = serializers.DateTimeField()
    old = serializers.CharField()
    new = serializers.CharField()
    code = serializers.CharField()
    by = serializers.StringRelatedField(allow_null=True)


class CaseSerializer(CaseRowSerializer):
    """One case with the catalogue's frozen answer, its materials and its history."""

    patient = PatientSerializer()
    referrer = serializers.StringRelatedField(allow_null=True)
    previous = serializers.CharField(source="previous.public_id", allow_null=True, default=None)
    scores = serializers.DictField(child=serializers.FloatField())
    flags = serializers.ListField(child=serializers.CharField())
    comorbidities = serializers.IntegerField(allow_null=True)
    age = serializers.IntegerField(allow_null=True)
    rare_class = serializers.ChoiceField(RareClass.choices, allow_blank=True)
    rare_reason = serializers.CharField(help_text="Why it is another class than the national list's; may be empty.")
    surgery_level = serializers.IntegerField(allow_null=True)
    question = serializers.CharField()
    remote_ok = serializers.BooleanField()
    equipment = serializers.ListField(child=serializers.CharField())
    requirement = serializers.SerializerMethodField()
    evaluated_at = serializers.DateTimeField(allow_null=True)
    discussion_request = serializers.SerializerMethodField(
        help_text="Why somebody asked for the discussion of a listed case, until a coordinator has decided; else null."
    )
    overridden = serializers.SerializerMethodField(help_text="Why the tier was set by hand; null if it was not.")
    materials = MaterialSerializer(many=True)
    events = EventSerializer(many=True)

    @extend_schema_field(AnswerSerializer(allow_null=True))
    def get_requirement(self, case: Case) -> Any:
        return AnswerSerializer(answer(requirement.from_json(case.requirement))).data if case.requirement else None

    def get_discussion_request(self, case: Case) -> str | None:
        return case.discussion_request["reason"] if case.discussion_request else None

    def get_overridden(self, case: Case) -> str | None:
        return case.override["reason"] if case.override else None


class IdentitySerializer(serializers.Serializer):
    name = serializers.CharField()
    birth_date = serializers.CharField(help_text="ISO 8601, empty if not known")
    phone = serializers.CharField()
