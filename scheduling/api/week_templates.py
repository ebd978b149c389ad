"""Week templates of a hospital, and giving one to several people, over the API."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from experts.api.availability import WeekHoursSerializer, spans
from experts.api.pools import OfHospital
from experts.availability import week_templates
from experts.models import Expert, WeekTemplate
from mdt_portal import api
from scheduling.api.impact import HitSessionSerializer
from scheduling.resources import impact

TAGS = ["availability"]
TEMPLATE = OpenApiParameter("template", str, OpenApiParameter.PATH, description="the template's `id`")


class WeekTemplateSerializer(serializers.Serializer):
    """A week under a name. Giving it to people copies it: later changes of the template change nobody's time."""

    id = serializers.CharField(source="public_id", read_only=True)
    name_en = serializers.CharField(max_length=120, allow_blank=True, default="")
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    week = WeekHoursSerializer(many=True, source="times")


class GiveSerializer(serializers.Serializer):
    people = api.PublicId(Expert, many=True, allow_empty=False, help_text="Public ids of people of the hospital.")
    adds = serializers.BooleanField(
        default=False, help_text="Comes on top of what they have; else it takes the place of their week."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Answer what would change; write nothing.")


class WeekChangeSerializer(serializers.Serializer):
    """What becomes of one person's week; `wrong` says why the template does not fit them (in a dry run only)."""

    expert = api.NamedSerializer()
    before = WeekHoursSerializer(many=True)
    after = WeekHoursSerializer(many=True)
    changes = serializers.BooleanField()
    wrong = serializers.CharField(allow_blank=True)
    sessions = serializers.SerializerMethodField(help_text="Published sessions that the change hits.")

    @extend_schema_field(HitSessionSerializer(many=True))
    def get_sessions(self, change: week_templates.WeekChange) -> Any:
        return HitSessionSerializer(self.context["hits"].get(change.expert.pk, ()), many=True).data


class OfTemplate(OfHospital):
    def template(self, *, edit: bool) -> WeekTemplate:
        rows = WeekTemplate.objects.filter(institution=self.hospital(edit=edit))
        return get_object_or_404(rows.select_related("institution"), public_id=self.kwargs["template"])


class WeekTemplatesView(OfHospital):
    @extend_schema(
        summary="A hospital's week templates",
        tags=TAGS,
        parameters=[api.ID],
        responses={200: WeekTemplateSerializer(many=True), **api.errors(403, 404)},
    )
    def get(self, request: api.SignedIn, **_: str) -> Response:
        rows = WeekTemplate.objects.filter(institution=self.hospital(edit=False)).prefetch_related("times")
        return Response(WeekTemplateSerializer(rows, many=True).data)

    @extend_schema(
        summary="Keep a week template",
        tags=TAGS,
        parameters=[api.ID],
        request=WeekTemplateSerializer,
        responses={201: WeekTemplateSerializer, **api.errors(400, 403, 404)},
    )
    def post(self, request: api.SignedIn, **_: str) -> Response:
        at = self.hospital(edit=True)
        row = week_templates.save(None, institution=at, by=request.user, **_given(self))
        return Response(WeekTemplateSerializer(row).data, status=201)


class WeekTemplateView(OfTemplate):
    @extend_schema(
        summary="Change a week template",
        tags=TAGS,
        parameters=[api.ID, TEMPLATE],
        request=WeekTemplateSerializer,
        responses={200: WeekTemplateSerializer, **api.errors(400, 403, 404)},
    )
    def put(self, request: api.SignedIn, **_: str) -> Response:
        row = self.template(edit=True)
        row = week_templates.save(row, institution=row.institution, by=request.user, **_given(self))
        return Response(WeekTemplateSerializer(row).data)

    @extend_schema(
        summary="Remove a week template; nobody's time changes",
        tags=TAGS,
        parameters=[api.ID, TEMPLATE],
        responses={204: OpenApiResponse(description="It is gone."), **api.errors(403, 404)},
    )
    def delete(self, request: api.SignedIn, **_: str) -> Response:
        week_templates.remove(self.template(edit=True), by=request.user)
        return Response(status=204)


class GiveView(OfTemplate):
    @extend_schema(
        summary="Give a week template to several people, or (`dry_run`) see what that would change and hit",
        tags=TAGS,
        parameters=[api.ID, TEMPLATE],
        request=GiveSerializer,
        responses={200: WeekChangeSerializer(many=True), **api.errors(400, 403, 404)},
    )
    def post(self, request: api.SignedIn, **_: str) -> Response:
        row = self.template(edit=True)
        given = api.checked(GiveSerializer, self)
        found = week_templates.changes(row, given["people"], adds=given["adds"])
        hit = impact.of_weeks({one.expert: one.after for one in found if one.changes and not one.wrong})
        hits = {pk: one.hits for pk, one in hit.items()}
        if not given["dry_run"]:
            found = week_templates.give(row, given["people"], adds=given["adds"], by=request.user)
        return Response(WeekChangeSerializer(found, many=True, context={"hits": hits}).data)


def _given(view: OfHospital) -> dict[str, Any]:
    given = api.checked(WeekTemplateSerializer, view)
    return {"name_en": given["name_en"], "name_zh": given["name_zh"], "week": spans(given["times"])}
