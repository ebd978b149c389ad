"""One's own calendar feed: where it is, a new address, no feed any more."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from experts.models import Expert
from mdt_portal import api
from scheduling.sessions import ical

TAGS = ["availability"]


class CalendarSerializer(serializers.Serializer):
    address = serializers.CharField(help_text="Whoever knows it reads the feed; empty while there is none.")


class CalendarView(APIView):
    """The feed of the expert who asks; nobody reads or renews the address of somebody else."""

    @extend_schema(
        summary="Where one's calendar feed is",
        tags=TAGS,
        responses={200: CalendarSerializer, **api.errors(404)},
    )
    def get(self, request: api.SignedIn) -> Response:
        return self._shown(self._expert(request))

    @extend_schema(
        summary="Make an address, or a new one: the old one is dead",
        tags=TAGS,
        request=None,
        responses={200: CalendarSerializer, **api.errors(404)},
    )
    def post(self, request: api.SignedIn) -> Response:
        expert = self._expert(request)
        ical.renew(expert, by=request.user)
        return self._shown(expert)

    @extend_schema(summary="Close the feed", tags=TAGS, responses={204: None, **api.errors(404)})
    def delete(self, request: api.SignedIn) -> Response:
        ical.close(self._expert(request), by=request.user)
        return Response(status=204)

    @staticmethod
    def _expert(request: api.SignedIn) -> Expert:
        found = Expert.objects.filter(user=request.user).first()
        if found is None:
            raise Http404
        return found

    @staticmethod
    def _shown(expert: Expert) -> Response:
        return Response(CalendarSerializer({"address": ical.address(expert)}).data)
