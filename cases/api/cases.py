"""Cases under /api/v1/. The planned side of a case (its place, withdrawing it) is scheduling's; `catalogue_api` has the
rules."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import django_filters
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from cases.api import serializers as shown
from cases.models import Case, ExternalId, FollowUp, MaterialItem, Tier, Urgency
from cases.selectors import case_queue
from cases.services import external_ids, intake, materials, patients, workflow
from cases.states import CaseStatus
from experts import roles
from experts.models import Institution, Role
from mdt_portal import access, api, shell
from mdt_portal.errors import NotAllowed, RuleError
from mdt_portal.models import StatusEvent
from mdt_portal.rest.filters import Changed, Ordering

REFERRERS = (Role.REFERRER, Role.COORDINATOR, Role.EXPERT, Role.CHAIR)
NOT_DISCUSSED = (
    CaseStatus.SUBMITTED, CaseStatus.NEEDS_FACTS, CaseStatus.TO_DECIDE, CaseStatus.WAITING, CaseStatus.PLANNED,
    CaseStatus.CONFIRMED,
)  # fmt: skip
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The version that is changed; 409 if it is not the newest."
)


# Cases ----------------------------------------------------------------------------------------------------------------


class CaseFilter(Changed):
    changed_with: ClassVar[tuple[str, ...]] = ("materials", "recommendation", "recommendation__addenda", "follow_ups")

    status = django_filters.MultipleChoiceFilter(choices=CaseStatus.choices)
    tier = django_filters.MultipleChoiceFilter(choices=Tier.choices)
    urgency = django_filters.MultipleChoiceFilter(choices=Urgency.choices)
    disease_group = django_filters.CharFilter("requirement__disease_group")
    team = django_filters.CharFilter("team__public_id")
    institution = django_filters.CharFilter("institution__public_id")
    overdue = django_filters.BooleanFilter("is_late")
    follow_up_due_by = django_filters.DateFilter(
        method="looked_at", label="followed up, with a look that is due by this day"
    )
    due_before = django_filters.IsoDateTimeFilter("due_at", "lt", label="with a limit before this moment")
    blocked = django_filters.ChoiceFilter(
        choices=[(one, one) for one in case_queue.BLOCKED], method="held_back", label="what keeps it from being planned"
    )
    mine = django_filters.BooleanFilter(method="referred", label="referred by oneself")
    external_id = django_filters.CharFilter(method="known_as", label="the id in the sender's program")
    external_system = django_filters.CharFilter(method="known_to", label="the sender's program")
    search = django_filters.CharFilter(method="about", label="case number, code in any edition, words of the diagnosis")
    order = django_filters.OrderingFilter(
        fields=[("due_at", "due_at"), ("pk", "created_at")], label="the earlier name of `ordering`"
    )
    ordering = Ordering(case_queue.ORDERS)

    def looked_at(self, rows: QuerySet, name: str, value: date) -> QuerySet:
        return rows.filter(pk__in=FollowUp.objects.open().filter(due__lte=value).values("case"))

    def held_back(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(case_queue.blocked_by(value))

    def referred(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        own = Q(referrer=self.request.user.pk)
        return rows.filter(own if value else ~own)

    def known_as(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        ids = ExternalId.objects.filter(value=value.strip())
        if system := self.form.cleaned_data.get("external_system"):
            ids = ids.filter(system=system)
        return rows.filter(pk__in=ids.values("case"))

    def known_to(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=ExternalId.objects.filter(system=value.strip()).values("case"))

    def about(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(case_queue.of_diagnosis(value))


def case_rows() -> QuerySet[Case]:
    late = ExpressionWrapper(
        Q(due_at__isnull=False, due_at__lt=timezone.now(), status__in=NOT_DISCUSSED), output_field=BooleanField()
    )
    rows = Case.objects.with_materials().annotate(is_late=late)
    return rows.select_related("institution", "team").prefetch_related("external_ids").order_by("-pk")


def home(request: api.SignedIn, institution: Institution | None) -> Institution:
    """The hospital at which one refers: the one that was named, else one's own. Raises where it is not one's own."""
    own = access.visible(request.user, Institution.objects.all())
    if not request.user.is_superuser:
        own = roles.institutions(request.user, *REFERRERS)
    found = institution or shell.home(request.user)
    if found is None or not own.filter(pk=found.pk).exists():
        raise NotAllowed(_("You may refer only at your own hospital."))
    return found


@extend_schema_view(
    list=extend_schema(summary="Cases that one may see", tags=["cases"], responses=shown.CaseRowSerializer(many=True))
)
class CaseViewSet(api.PublicIdMixin, mixins.ListModelMixin, viewsets.GenericViewSet):
    """Cases without the patient's name. scheduling.api adds their place in the plan."""

    queryset = Case.objects.none()
    filterset_class = CaseFilter
    serializer_class = shown.CaseRowSerializer
    detail_serializer: type[shown.CaseSerializer] = shown.CaseSerializer

    def enrich(self, case: Case) -> None:
        """Add what `detail_serializer` shows beyond the case's own columns."""

    def get_queryset(self) -> QuerySet[Case]:
        return self.visible(case_rows())

    def case(self, permission: str = "") -> Case:
        """The case of the address, if the reader may see it; NotAllowed if they may not do `action`."""
        found: Case = get_object_or_404(self.get_queryset(), public_id=self.kwargs["id"])
        if permission:
            access.require(self.request.user, permission, found)
        return found

    def render(self, case: Case, status: int = 200) -> Response:
        """The case as it is now, with its version as ETag."""
        materials_with_origin = Prefetch("materials", MaterialItem.objects.select_related("origin"))
        row = (
            case_rows().select_related("patient", "referrer", "previous").prefetch_related(materials_with_origin)
        ).get(pk=case.pk)
        events = StatusEvent.objects.filter(subject_type=Case._meta.label_lower, subject_id=row.pk)
        row.events = events.select_related("by")  # type: ignore[attr-defined]
        self.enrich(row)
        data = self.detail_serializer(row).data
        return Response(data, status=status, headers={"ETag": f'"{row.version}"'})

    @extend_schema(summary="One case", tags=["cases"])
    def retrieve(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return self.render(self.case())

    @extend_schema(
        summary="Refer a case",
        tags=["cases"],
        parameters=[api.IDEMPOTENCY_KEY],
        request=shown.ReferralSerializer,
    )
    def create(self, request: api.SignedIn) -> Response:
        access.require(request.user, "case.refer")
        key = api.idempotency_key(request)
        given = api.checked(shown.ReferralSerializer, self)
        institution = home(request, given.pop("institution", None))
        patient, identity = given.pop("patient_id", None), given.pop("patient", None)
        if (patient is None) == (identity is None):
            raise ValidationError({"patient": [_("Describe the patient, or name one by patient_id.")]})
        case, new = intake.take_in(
            by=request.user, institution=institution, patient=patient, identity=identity, key=key, **given
        )
        return self.render(case, 201 if new else 200)

    @extend_schema(
        summary="The cases of the patient with an identifier, for who may know the patient's name; recorded",
        description="A POST, so that no log of addresses holds a patient's number. No case: nobody whom one may know.",
        tags=["cases"],
        request=shown.LookUpSerializer,
        responses={200: shown.CaseRowSerializer(many=True), **api.errors(400, 403)},
        filters=False,
    )
    @action(methods=["post"], detail=False, url_path="look-up", pagination_class=None, filterset_class=None)
    def look_up(self, request: api.SignedIn) -> Response:
        access.require(request.user, "case.refer")
        given = api.checked(shown.LookUpSerializer, self)
        hospital = home(request, given.get("institution"))
        rows = patients.cases_by_identifier(
            given["system"], given["value"], institution=hospital, rows=self.get_queryset(), by=request.user
        )
        return Response(shown.CaseRowSerializer(rows, many=True).data)

    @extend_schema(
        summary="Change facts or details; past the draft, the catalogue decides anew",
        tags=["cases"],
        parameters=[IF_MATCH],
        request=shown.EditSerializer,
    )
    def partial_update(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.edit")
        given = api.checked(shown.EditSerializer, self)
        given.setdefault("version", _if_match(request))
        name, system = given.pop("external_id", ""), given.pop("external_system")
        with transaction.atomic():
            case = workflow.edit(case, by=request.user, **given)
            if name:
                external_ids.give(case, by=request.user, value=name, system=system)
        return self.render(case)

    @extend_schema(summary="Hand a draft in", tags=["cases"], request=None)
    @action(methods=["post"], detail=True)
    def submit(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return self.render(workflow.submit(self.case("case.submit"), by=request.user))

    @extend_schema(
        summary="Set the tier against the catalogue, with a reason",
        tags=["cases"],
        request=shown.OverrideSerializer,
    )
    @action(methods=["post"], detail=True)
    def override(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.override")
        given = api.checked(shown.OverrideSerializer, self)
        return self.render(workflow.override(case, by=request.user, **given))

    @extend_schema(
        summary="Ask for the discussion of a listed case, with a reason; a coordinator decides",
        tags=["cases"],
        request=shown.WhySerializer,
    )
    @action(methods=["post"], detail=True)
    def ask(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.ask")
        reason = api.checked(shown.WhySerializer, self)["reason"]
        return self.render(workflow.ask_for_discussion(case, by=request.user, reason=reason))

    @extend_schema(
        summary="Something on the checklist arrived, is not needed, or is missing after all",
        tags=["cases"],
        parameters=[OpenApiParameter("code", str, OpenApiParameter.PATH, description="the material's code")],
        request=shown.MaterialActionSerializer,
    )
    @action(methods=["post"], detail=True, url_path=r"materials/(?P<code>[\w-]+)")
    def material(self, request: api.SignedIn, id: str, code: str) -> Response:  # noqa: A002
        case = self.case("case.supply")
        given = api.checked(shown.MaterialActionSerializer, self)
        item = get_object_or_404(case.materials.select_related("case"), code=code)
        if given["action"] == "receive":
            materials.receive(item, by=request.user, origin=given.get("origin"), note=given["note"])
        elif given["action"] == "waive":
            materials.waive(item, by=request.user, note=given["note"])
        else:
            materials.reopen(item, by=request.user)
        return self.render(case)

    @extend_schema(
        summary="Who the patient is; the look is recorded",
        tags=["cases"],
        responses={200: shown.IdentitySerializer, **api.errors(403, 404)},
    )
    @action(detail=True)
    def identity(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.identity")
        found = patients.identity(case.patient, by=request.user, page="api.case")
        return Response(shown.IdentitySerializer(found).data, headers={"Cache-Control": "no-store"})


def _if_match(request: api.SignedIn) -> int | None:
    """The version in If-Match, None if there is none."""
    text = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if text in ("", "*"):
        return None
    if not (text.isascii() and text.isdigit()):
        raise RuleError(_("If-Match must be the case's version."), code="invalid", fields={"If-Match": [text]})
    return int(text)
