"""Cases with what scheduling knows of them: their place in the plan, why they have none, and withdrawing wherever."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from cases.api import aftercare
from cases.api import cases as case_api
from cases.api import serializers as case_shown
from cases.models import Case
from mdt_portal import api
from scheduling.api.sessions import SeatSerializer, with_people
from scheduling.explain import unplaced
from scheduling.models import AgendaItem
from scheduling.sessions import session_services


class PlaceSerializer(serializers.Serializer):
    """When, where and with whom a case is discussed."""

    session = serializers.CharField(source="session.public_id")
    session_status = serializers.CharField(source="session.status")
    team = api.NamedSerializer(source="session.team")
    institution = api.NamedSerializer(source="session.institution")
    room = api.NamedSerializer(source="session.room", allow_null=True)
    zone = serializers.CharField(source="session.institution.zone")
    start = serializers.DateTimeField()
    minutes = serializers.IntegerField()
    seats = SeatSerializer(many=True)


class PlacelessSerializer(serializers.Serializer):
    """Why the newest plan left the case out."""

    reasons = serializers.ListField(child=serializers.CharField())
    planned_at = serializers.DateTimeField()
    run = serializers.CharField()


class PlacedCaseSerializer(case_shown.CaseSerializer, aftercare.FollowedSerializer):
    place = PlaceSerializer(allow_null=True)
    no_place = PlacelessSerializer(allow_null=True)


def place_of(case: Case) -> AgendaItem | None:
    rows: QuerySet[AgendaItem] = AgendaItem.objects.filter(case=case, active=True)
    return with_people(rows.select_related("session__team", "session__institution", "session__room")).first()


ERRORS = api.errors(400, 403, 404, 409)
ONE_CASE = extend_schema(responses={200: PlacedCaseSerializer, **ERRORS})


class PlacedCaseFilter(case_api.CaseFilter):
    changed_with: ClassVar = (*case_api.CaseFilter.changed_with, "items", "items__session")


@extend_schema_view(
    create=extend_schema(responses={200: PlacedCaseSerializer, 201: PlacedCaseSerializer, **api.errors(400, 403, 409)}),
    retrieve=ONE_CASE,
    partial_update=ONE_CASE,
    submit=ONE_CASE,
    override=ONE_CASE,
    ask=ONE_CASE,
    material=ONE_CASE,
    recommend=ONE_CASE,
    conclude=ONE_CASE,
    record_follow_up=ONE_CASE,
)
class PlacedCaseViewSet(aftercare.AftercareActions, case_api.CaseViewSet):
    detail_serializer = PlacedCaseSerializer
    filterset_class = PlacedCaseFilter

    def enrich(self, case: Case) -> None:
        aftercare.add(case, self.request.user)  # type: ignore[arg-type]
        case.place = place_of(case)  # type: ignore[attr-defined]
        waiting = case.status == "waiting" and case.place is None  # type: ignore[attr-defined]
        case.no_place = unplaced.why([case]).get(case.pk) if waiting else None  # type: ignore[attr-defined]

    @extend_schema(
        summary="Take a case back, wherever it stands; a place in the plan is given up",
        tags=["cases"],
        request=case_shown.WhySerializer,
        responses={200: PlacedCaseSerializer, **ERRORS},
    )
    @action(methods=["post"], detail=True)
    def withdraw(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.withdraw")
        reason = api.checked(case_shown.WhySerializer, self)["reason"]
        return self.render(session_services.withdraw(case, by=request.user, reason=reason))
