"""Pins and bans of single cases, and time asked of experts."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from cases.models import Case
from experts.models import Expert
from mdt_portal import access, api
from mdt_portal.rest.filters import Changed
from scheduling.explain import time_requests
from scheduling.models import PlacementConstraint, PlacementConstraintKind, Room, TimeRequest
from scheduling.planning import placement_constraints
from scheduling.states import TimeRequestStatus


class NumberedSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    number = serializers.CharField()


class PlacementConstraintSerializer(serializers.Serializer):
    """A pin: each part given holds wherever the case is placed. A ban: not all given parts together."""

    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(PlacementConstraintKind.choices)
    case = NumberedSerializer()
    expert = api.NamedSerializer(allow_null=True)
    room = api.NamedSerializer(allow_null=True)
    start = serializers.DateTimeField(allow_null=True, help_text="The case begins at this time or later.")
    end = serializers.DateTimeField(allow_null=True, help_text="The case begins before this time.")
    reason = serializers.CharField()
    by = serializers.StringRelatedField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="Withdrawn then; null: the next plan obeys it.")


class NewPlacementConstraintSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(PlacementConstraintKind.choices)
    case = api.PublicId(Case)
    expert = api.PublicId(Expert, required=False, allow_null=True)
    room = api.PublicId(Room, required=False, allow_null=True)
    start = serializers.DateTimeField(required=False, allow_null=True)
    end = serializers.DateTimeField(required=False, allow_null=True)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class PlacementConstraintFilter(Changed):
    kind = django_filters.ChoiceFilter(choices=PlacementConstraintKind.choices)
    case = django_filters.CharFilter(field_name="case__public_id")
    in_force = django_filters.BooleanFilter(field_name="ended_at", lookup_expr="isnull")


@extend_schema_view(
    list=extend_schema(summary="Pins and bans, the oldest first", tags=["planning"]),
    retrieve=extend_schema(
        summary="One pin or ban", tags=["planning"], responses={200: PlacementConstraintSerializer, **api.errors(404)}
    ),
)
class PlacementConstraintViewSet(
    api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet
):
    queryset = PlacementConstraint.objects.none()
    serializer_class = PlacementConstraintSerializer
    filterset_class = PlacementConstraintFilter

    def get_queryset(self) -> QuerySet[PlacementConstraint]:
        return self.visible(PlacementConstraint.objects.with_names()).order_by("pk")

    @extend_schema(
        summary="Pin or forbid a time, a room or a person for a case",
        tags=["planning"],
        request=NewPlacementConstraintSerializer,
        responses={201: PlacementConstraintSerializer, **api.errors(400, 403)},
    )
    def create(self, request: api.SignedIn) -> Response:
        given = api.checked(NewPlacementConstraintSerializer, self)
        case = given.pop("case")
        access.require(request.user, "case.plan", case)
        constraint = placement_constraints.add(case, by=request.user, **given)
        return Response(PlacementConstraintSerializer(constraint).data, status=201)

    @extend_schema(
        summary="Withdraw it: the next plan does not obey it any more",
        tags=["planning"],
        request=None,
        responses={200: PlacementConstraintSerializer, **api.errors(403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def withdraw(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        constraint: PlacementConstraint = self.get_object()
        access.require(request.user, "case.plan", constraint.case)
        return Response(PlacementConstraintSerializer(placement_constraints.withdraw(constraint, by=request.user)).data)


class TimeRequestSerializer(serializers.Serializer):
    """An expert is asked to come for one case although off duty; only their yes adds the time."""

    id = serializers.CharField(source="public_id")
    expert = api.NamedSerializer()
    case = NumberedSerializer()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    status = serializers.ChoiceField(TimeRequestStatus.choices)
    answered_at = serializers.DateTimeField(allow_null=True)


@extend_schema_view(
    list=extend_schema(summary="Times asked of experts, the newest first", tags=["planning"]),
    retrieve=extend_schema(
        summary="One time asked for", tags=["planning"], responses={200: TimeRequestSerializer, **api.errors(404)}
    ),
)
class TimeRequestViewSet(api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    queryset = TimeRequest.objects.none()
    serializer_class = TimeRequestSerializer
    filterset_class = Changed

    def get_queryset(self) -> QuerySet[TimeRequest]:
        rows = TimeRequest.objects.select_related("expert__user", "case__team__institution")
        return self.visible(rows).order_by("-pk")

    def _answer(self, request: api.SignedIn, service: Any) -> Response:
        asked: TimeRequest = self.get_object()
        access.require(request.user, "time_request.answer", asked)
        return Response(TimeRequestSerializer(service(asked, by=request.user)).data)

    @extend_schema(
        summary="Agree: the time is added to the expert's calendar",
        tags=["planning"],
        request=None,
        responses={200: TimeRequestSerializer, **api.errors(400, 403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def agree(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return self._answer(request, time_requests.agree)

    @extend_schema(
        summary="Refuse: nothing changes",
        tags=["planning"],
        request=None,
        responses={200: TimeRequestSerializer, **api.errors(403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def refuse(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return self._answer(request, time_requests.refuse)
