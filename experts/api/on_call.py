"""Who is on call at a hospital."""

from __future__ import annotations

from datetime import timedelta

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from experts.api.pools import OfHospital
from experts.availability import on_call
from experts.models import Discipline, DiseaseGroup, Expert, OnCallDuty
from mdt_portal import api

TAGS = ["on call"]
AHEAD = timedelta(days=7)


class DutySerializer(serializers.Serializer):
    """Somebody answers emergencies of a discipline, of a disease group, or (neither) any."""

    id = serializers.CharField(source="public_id")
    expert = api.NamedSerializer()
    discipline = api.KeyedSerializer(allow_null=True)
    disease_group = api.KeyedSerializer(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class DutyNewSerializer(serializers.Serializer):
    expert = api.PublicId(Expert)
    discipline = serializers.SlugRelatedField("key", queryset=Discipline.objects.all(), allow_null=True, default=None)
    disease_group = serializers.SlugRelatedField(
        "key", queryset=DiseaseGroup.objects.all(), allow_null=True, default=None
    )
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class StretchSerializer(serializers.Serializer):
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class DutiesView(OfHospital):
    @extend_schema(
        summary="Who is on call: from now on for a week, or between two moments",
        tags=TAGS,
        parameters=[api.ID, StretchSerializer],
        responses={200: DutySerializer(many=True), **api.errors(400, 403, 404)},
    )
    def get(self, request: api.SignedIn, **_: str) -> Response:
        row = self.hospital(edit=False)
        given = api.parameters(StretchSerializer, self)
        since = given.get("since", timezone.now())
        found = on_call.between([row], since, given.get("until", since + AHEAD))
        return Response(DutySerializer(found, many=True).data)

    @extend_schema(
        summary="Put somebody on call",
        tags=TAGS,
        parameters=[api.ID],
        request=DutyNewSerializer,
        responses={201: DutySerializer, **api.errors(400, 403, 404)},
    )
    def post(self, request: api.SignedIn, **_: str) -> Response:
        row = self.hospital(edit=True)
        duty = on_call.add(row, **api.checked(DutyNewSerializer, self), by=request.user)
        return Response(DutySerializer(duty).data, status=201)


class DutyView(OfHospital):
    @extend_schema(
        summary="Take a duty away",
        tags=TAGS,
        parameters=[api.ID, OpenApiParameter("duty", str, OpenApiParameter.PATH)],
        responses={204: OpenApiResponse(description="It is gone."), **api.errors(403, 404)},
    )
    def delete(self, request: api.SignedIn, duty: str, **_: str) -> Response:
        row = self.hospital(edit=True)
        on_call.remove(get_object_or_404(OnCallDuty, institution=row, public_id=duty), by=request.user)
        return Response(status=204)
