"""What the coming weeks ask of an expert, against their limits."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from experts.api.availability import OfExpert
from mdt_portal import api
from scheduling.api.weeks import WeekField
from scheduling.selectors import commitments
from scheduling.selectors.weeks import Week


class LoadSerializer(serializers.Serializer):
    """One week, by the expert's own clock. Holds count, as they do in every plan."""

    week = serializers.SerializerMethodField(help_text="Such as 2026-W50.")
    monday = serializers.DateField()
    sessions = serializers.IntegerField()
    minutes = serializers.IntegerField()
    unanswered = serializers.IntegerField(help_text="Of the sessions, those that wait for an answer.")
    max_sessions = serializers.IntegerField()
    max_minutes = serializers.IntegerField()

    @extend_schema_field(WeekField())
    def get_week(self, row: Any) -> str:
        return str(Week.around(row.monday))


class LoadView(OfExpert):
    @extend_schema(
        summary="Load of this week and the next",
        tags=["availability"],
        responses={200: LoadSerializer(many=True), **api.errors(403, 404)},
    )
    def get(self, request: api.SignedIn, **_: str) -> Response:
        return Response(LoadSerializer(commitments.load(self.expert(), now=timezone.now()), many=True).data)
