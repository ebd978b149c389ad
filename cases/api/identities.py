"""Identities in doubt under /api/v1/: records that may be of a known patient, and wrong joins taken apart.

What the pages do, for the same people: names are shown only as far as the reader may know them, and each look is
written down.
"""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.fhir import imports
from cases.models import Case, Decision, HeldMatch, Patient, Sex
from cases.selectors import identity_review
from cases.services import identity_review as services
from cases.services import patients
from mdt_portal import access, api
from mdt_portal.errors import RuleError

TAGS = ["identities"]
NOT_KEPT = {"Cache-Control": "no-store"}


class CaseNameSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    code = serializers.CharField()
    title = serializers.CharField()


class DoubtSerializer(serializers.Serializer):
    code = serializers.CharField()
    text = serializers.CharField()


class HeldSerializer(serializers.Serializer):
    """A record that shares a number with a known patient and may be of somebody else; nothing was joined."""

    id = serializers.CharField(source="public_id")
    institution = api.NamedSerializer(help_text="Where the record was sent.")
    known_at = api.NamedSerializer(source="candidate.institution", help_text="The hospital of the known patient.")
    known_patient = serializers.CharField(source="candidate.public_id")
    patient = serializers.CharField(
        source="patient.public_id", allow_null=True, default=None, help_text="The record's own, if it is one already."
    )
    reasons = serializers.SerializerMethodField(
        help_text="What makes it doubtful; nothing, where the patient is only known at another hospital."
    )
    held_at = serializers.DateTimeField()
    decision = serializers.ChoiceField(Decision.choices, allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.StringRelatedField(allow_null=True)

    @extend_schema_field(DoubtSerializer(many=True))
    def get_reasons(self, held: HeldMatch) -> list[dict[str, str]]:
        return [{"code": one, "text": str(patients.DIFFERS[one])} for one in held.reasons if one in patients.DIFFERS]


class SideSerializer(serializers.Serializer):
    """One of both records. Where `hidden`, only its hospital is told."""

    institution = api.NamedSerializer()
    hidden = serializers.BooleanField()
    name = serializers.CharField()
    sex = serializers.CharField(help_text="In the reader's language.")
    born = serializers.CharField(help_text="ISO 8601, as far as it is known.")
    phone = serializers.CharField()
    numbers = serializers.ListField(child=serializers.CharField())
    cases = CaseNameSerializer(many=True)


class ComparedSerializer(HeldSerializer):
    record = SideSerializer(source="side_of_record")
    known = SideSerializer(source="side_of_known")


@api.example({"decision": "apart", "reason": "Two sisters who share an insurance number"})
class DecisionSerializer(serializers.Serializer):
    decision = serializers.ChoiceField(Decision.choices)
    reason = serializers.CharField(max_length=200, allow_blank=True, default="", help_text="Kept in the record.")


class DecidedSerializer(HeldSerializer):
    """`cases` are the referrals that waited with the record and were taken in now."""

    owner = serializers.CharField(help_text="The patient whose the record is now.")
    cases = CaseNameSerializer(many=True)


class NumberSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    system = serializers.CharField()
    value = serializers.CharField()


class WholeSerializer(serializers.Serializer):
    """What one patient has, and what may be another person's."""

    id = serializers.CharField(source="public_id")
    institution = api.NamedSerializer()
    name = serializers.CharField(source="identity.name")
    birth_date = serializers.CharField(source="identity.birth_date", help_text="ISO 8601, empty if not known")
    identifiers = NumberSerializer(many=True, source="numbers")
    cases = CaseNameSerializer(many=True, source="seen")


@api.example(
    {
        "name": "Wang Fang", "sex": "female", "birth_date": "1961-04-01", "cases": ["Xy0123456789abcd"],
        "identifiers": [17], "reason": "Two people with one insurance number",
    }
)  # fmt: skip
class ApartSerializer(serializers.Serializer):
    """Who the other person is, and which cases and numbers are theirs: at least one."""

    name = serializers.CharField(max_length=120)
    sex = serializers.ChoiceField(Sex.choices, default=Sex.UNKNOWN)
    birth_date = serializers.DateField(required=False, allow_null=True, default=None)
    birth_year = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1850, max_value=2199)
    cases = api.PublicId(Case, many=True, default=list)
    identifiers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), default=list, max_length=200
    )
    reason = serializers.CharField(max_length=200)


class TakenApartSerializer(serializers.Serializer):
    patient = serializers.CharField(source="public_id", help_text="The new patient.")
    taken_from = serializers.CharField(source="taken_from.public_id")


class WhichSerializer(serializers.Serializer):
    open = serializers.BooleanField(default=True, help_text="true: about which nobody has decided yet; false: all.")


@extend_schema_view(
    list=extend_schema(
        summary="Records that may be of known patients, the oldest first; without names",
        tags=TAGS,
        parameters=[WhichSerializer],
        responses={200: HeldSerializer(many=True), **api.errors(400, 403)},
    ),
)
class HeldViewSet(api.PublicIdMixin, mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = HeldMatch.objects.none()
    serializer_class = HeldSerializer

    def get_queryset(self) -> QuerySet[HeldMatch]:
        access.require(self.request.user, "identity.review")
        rows = HeldMatch.objects.all()
        if not self.detail and api.parameters(WhichSerializer, self)["open"]:
            rows = HeldMatch.objects.open()
        named = ("institution", "candidate__institution", "candidate__identity", "patient", "decided_by")
        return self.visible(rows.order_by("pk").select_related(*named))

    def held(self) -> HeldMatch:
        found: HeldMatch = get_object_or_404(self.get_queryset(), public_id=self.kwargs["id"])
        return found

    @extend_schema(
        summary="Both records side by side, each as far as one may know it; the look is recorded",
        tags=TAGS,
        responses={200: ComparedSerializer, **api.errors(403, 404)},
    )
    def retrieve(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        held = self.held()
        record, known = identity_review.sides(held, request.user)
        held.side_of_record, held.side_of_known = record, known  # type: ignore[attr-defined]
        return Response(ComparedSerializer(held).data, headers=NOT_KEPT)

    @extend_schema(
        summary="Join both records, or keep them apart; what came with the held one is taken in",
        tags=TAGS,
        request=DecisionSerializer,
        responses={200: DecidedSerializer, **api.errors(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        given = api.checked(DecisionSerializer, self)
        owner, imported = imports.release(self.held(), by=request.user, **given)
        row = self.held()
        row.owner = owner.public_id  # type: ignore[attr-defined]
        raised = [one.case.pk for one in imported.raised] if imported else []
        row.cases = list(access.visible(request.user, Case.objects.filter(pk__in=raised)))  # type: ignore[attr-defined]
        return Response(DecidedSerializer(row).data)


class ApartView(APIView):
    """One patient who was two people."""

    request: api.SignedIn

    def patient(self) -> Patient:
        """The patient of the address, if the reader sees them and may take them apart."""
        rows = Patient.objects.select_related("institution", "identity")
        found: Patient = get_object_or_404(access.visible(self.request.user, rows), public_id=self.kwargs["id"])
        access.require(self.request.user, "patient.take_apart", found)
        return found

    def cases_of(self, patient: Patient) -> QuerySet[Case]:
        return access.visible(self.request.user, Case.objects.filter(patient=patient).order_by("pk"))

    @extend_schema(
        summary="What a patient has that may be another person's: numbers and cases; the look is recorded",
        tags=TAGS,
        parameters=[api.ID],
        responses={200: WholeSerializer, **api.errors(403, 404)},
    )
    def get(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        patient = self.patient()
        patients.identity(patient, by=request.user, page="api.patient_apart")
        patient.numbers = list(patient.identifiers.order_by("pk"))  # type: ignore[attr-defined]
        patient.seen = list(self.cases_of(patient))  # type: ignore[attr-defined]
        return Response(WholeSerializer(patient).data, headers=NOT_KEPT)

    @extend_schema(
        summary="Take a wrong join apart: the other person's cases and numbers go to a new patient",
        tags=TAGS,
        parameters=[api.ID],
        request=ApartSerializer,
        responses={201: TakenApartSerializer, **api.errors(400, 403, 404, 409)},
    )
    def post(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        patient = self.patient()
        given = api.checked(ApartSerializer, self)
        numbers = list(patient.identifiers.filter(pk__in=given["identifiers"]))
        foreign = {
            "cases": [one.number for one in given["cases"] if one.patient_id != patient.pk],
            "identifiers": set(given["identifiers"]) - {one.pk for one in numbers},
        }
        if wrong := {name: [_("This is not of this patient.")] for name, found in foreign.items() if found}:
            raise RuleError(next(iter(wrong.values()))[0], code="invalid", fields=wrong)
        other = services.take_apart(patient, by=request.user, **given | {"identifiers": numbers})
        return Response(TakenApartSerializer(other).data, status=201)
