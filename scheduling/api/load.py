"""What the coming weeks ask of an expert, against their limits."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from experts.api.availability import OfExpert
from mdt_portal import api
from scheduling.selectors import commitments


class LoadSerializer(serializers.Serializer):
    """One week, by the expert's own clock. Holds count, as they do in every plan."""

    monday = serializers.DateField()
    sessions = serializers.IntegerField()
    minutes = serializers.IntegerField()
    unanswered = serializers.IntegerField(help_text="Of the sessions, those that wait for an answer.")
    max_sessions = serializers.IntegerField()
    max_minutes = serializers.IntegerField()


class LoadView(OfExpert):
    @extend_schema(
        summary="Load of this week and the next",
        tags=["availability"],
        responses={200: LoadSerializer(many=True), **api.errors(403, 404)},
    )
    def get(self, request: api.SignedIn, **_: str) -> Response:
        return Response(LoadSerializer(commitments.load(self.expert(), now=timezone.now()), many=True).data)
