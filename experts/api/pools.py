"""The pools over the API: people's cards and their import, teams, a hospital's settings and special days."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.text import format_lazy
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.views import APIView

from experts.api.availability import HoursSerializer
from experts.api.lists import ExpertViewSet, TeamSerializer, TeamViewSet
from experts.availability import special_days, weekly_hours
from experts.models import INSTITUTION_SETTINGS, CalendarDay, Discipline, DiseaseGroup, Expert, Institution, Team, Title
from experts.roster import hospitals, people_import, person_cards
from experts.roster.person_cards import Card
from mdt_portal import access, api
from mdt_portal.tables.core import reading

TAGS = ["pools"]


# People ---------------------------------------------------------------------------------------------------------------


class CardTitleSerializer(serializers.Serializer):
    institution = api.PublicId(Institution)
    family = serializers.CharField(help_text="The title's family, such as 医师.")
    title = serializers.CharField(help_text="The title's English name within its family.")


class CardSkillSerializer(serializers.Serializer):
    discipline = serializers.SlugRelatedField(slug_field="key", queryset=Discipline.objects.all())
    sub_specialty = serializers.CharField(max_length=40, allow_blank=True, default="")


class CardSerializer(serializers.Serializer):
    """What is kept of one person. Titles are given and changed, never taken; disciplines are replaced."""

    name_en = serializers.CharField(max_length=120, allow_blank=True, default="")
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    email = serializers.CharField(max_length=254, allow_blank=True, default="")
    phone = serializers.CharField(max_length=30, allow_blank=True, default="")
    remote = serializers.BooleanField(default=True)
    active = serializers.BooleanField(default=True)
    max_sessions_day = serializers.IntegerField(default=3)
    max_sessions_week = serializers.IntegerField(default=8)
    max_minutes_week = serializers.IntegerField(default=600)
    titles = CardTitleSerializer(many=True, default=list)
    skills = CardSkillSerializer(many=True, default=list)


class CardAnswerSerializer(CardSerializer):
    id = serializers.CharField()


class ImportSerializer(serializers.Serializer):
    text = serializers.CharField(
        max_length=reading.LARGEST, trim_whitespace=False, help_text="The table's text: CSV with any usual delimiter."
    )
    confirm = serializers.BooleanField(default=False, help_text="Without it: a dry run that writes nothing.")


class MistakeSerializer(serializers.Serializer):
    line = serializers.IntegerField(help_text="From 1; 0 is the whole file.")
    column = serializers.CharField()
    sentence = serializers.CharField()


class ImportedLineSerializer(serializers.Serializer):
    line = serializers.IntegerField(source="number")
    email = serializers.CharField(source="card.email")
    name = serializers.CharField()
    changes = serializers.ListField(
        child=serializers.CharField(), help_text="The card's fields, and `week`; none for a new one."
    )


class ImportAnswerSerializer(serializers.Serializer):
    written = serializers.BooleanField()
    new = ImportedLineSerializer(many=True)
    changed = ImportedLineSerializer(many=True)
    left = serializers.IntegerField()
    mistakes = MistakeSerializer(many=True)
    ignored = serializers.ListField(child=serializers.CharField(), help_text="Headings that mean nothing here.")


def _card(given: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as values of a card."""
    if "titles" in given:
        given["titles"] = {one["institution"].pk: _title(one).pk for one in given["titles"]}
    if "skills" in given:
        given["skills"] = frozenset((one["discipline"].pk, one["sub_specialty"]) for one in given["skills"])
    return given


def _title(one: dict[str, Any]) -> Title:
    found = Title.objects.filter(family=one["family"], name_en=one["title"]).first()
    if found is None:
        raise serializers.ValidationError({"titles": [f"There is no title {one['family']}/{one['title']}."]})
    return found


def _card_answer(expert: Expert) -> dict[str, Any]:
    row = person_cards.with_work(Expert.objects.all()).get(pk=expert.pk)
    titles = [
        {"institution": one.institution.public_id, "family": one.title.family, "title": one.title.name_en}
        for one in row.work  # type: ignore[attr-defined]
    ]
    skills = [
        {"discipline": one.discipline.key, "sub_specialty": one.sub_specialty}
        for one in row.qualifications.all()  # type: ignore[attr-defined]
    ]
    plain = {name: getattr(row, name) for name in person_cards.COLUMNS}
    return {"id": row.public_id, **plain, "titles": titles, "skills": skills}


class KeptExpertViewSet(ExpertViewSet):
    """The list of colleagues, and what coordinators do to it."""

    request: api.SignedIn

    @extend_schema(
        summary="Add a person",
        tags=TAGS,
        request=CardSerializer,
        responses={201: CardAnswerSerializer, **api.errors(400, 403)},
    )
    def create(self, request: api.SignedIn, **_: str) -> Response:
        access.require(request.user, "pool.edit")
        expert = person_cards.save(None, Card(**_card(api.checked(CardSerializer, self))), by=request.user)
        return Response(_card_answer(expert), status=201)

    @extend_schema(methods=["GET"], summary="One person's card", tags=TAGS, responses={200: CardAnswerSerializer})
    @extend_schema(
        methods=["PATCH"],
        summary="Change a person's card; what is not sent stays",
        tags=TAGS,
        request=CardSerializer(partial=True),
        responses={200: CardAnswerSerializer, **api.errors(400, 403, 404)},
    )
    @action(detail=True, methods=["get", "patch"])
    def card(self, request: api.SignedIn, **_: str) -> Response:
        rows = self.visible(Expert.objects.all())
        expert = get_object_or_404(rows, public_id=self.kwargs["id"])
        access.require(request.user, "pool.edit", expert)
        if request.method == "PATCH":
            sent = api.checked(CardSerializer, self)
            given = {name: value for name, value in sent.items() if name in request.data}
            card = dataclasses.replace(person_cards.card_of(expert), **_card(given))
            expert = person_cards.save(expert, card, by=request.user)
        return Response(_card_answer(expert))

    @extend_schema(
        summary="People from a CSV file: a dry run, or the import",
        tags=TAGS,
        request=ImportSerializer,
        responses={200: ImportAnswerSerializer, **api.errors(400, 403)},
    )
    @action(detail=False, methods=["post"], url_path="import")
    def take_in(self, request: api.SignedIn, **_: str) -> Response:
        access.require(request.user, "pool.edit")
        given = api.checked(ImportSerializer, self)
        service = people_import.take_in if given["confirm"] else people_import.read
        found = service(given["text"], by=request.user)
        answer = {name: getattr(found, name) for name in ("new", "changed", "left", "mistakes", "ignored")}
        return Response(ImportAnswerSerializer(answer | {"written": given["confirm"]}).data)


# Teams ----------------------------------------------------------------------------------------------------------------


class TeamChangeSerializer(serializers.Serializer):
    name_en = serializers.CharField(max_length=120, allow_blank=True, default="")
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    disease_group = serializers.SlugRelatedField(slug_field="key", queryset=DiseaseGroup.objects.all())
    lead_discipline = serializers.SlugRelatedField(slug_field="key", queryset=Discipline.objects.all())
    chair = api.PublicId(Expert, allow_null=True, default=None)
    core_members = api.PublicId(Expert, many=True, default=list)
    active = serializers.BooleanField(default=True)


class TeamNewSerializer(TeamChangeSerializer):
    institution = api.PublicId(Institution)


class TeamAnswerSerializer(TeamSerializer):
    chair = api.NamedSerializer(allow_null=True)
    core_members = api.NamedSerializer(many=True)


class KeptTeamViewSet(TeamViewSet):
    """The list of teams, and what coordinators do to it."""

    request: api.SignedIn

    @extend_schema(
        summary="Add a team",
        tags=TAGS,
        request=TeamNewSerializer,
        responses={201: TeamAnswerSerializer, **api.errors(400, 403)},
    )
    def create(self, request: api.SignedIn, **_: str) -> Response:
        given = api.checked(TeamNewSerializer, self)
        access.require(request.user, "pool.edit", given["institution"])
        return Response(TeamAnswerSerializer(hospitals.save_team(None, **given, by=request.user)).data, status=201)

    @extend_schema(
        summary="Replace what is kept of a team",
        tags=TAGS,
        request=TeamChangeSerializer,
        responses={200: TeamAnswerSerializer, **api.errors(400, 403, 404)},
    )
    def update(self, request: api.SignedIn, **_: str) -> Response:
        team: Team = self.get_object()
        access.require(request.user, "pool.edit", team)
        given = api.checked(TeamChangeSerializer, self)
        saved = hospitals.save_team(team, institution=team.institution, **given, by=request.user)
        return Response(TeamAnswerSerializer(saved).data)


# Hospitals ------------------------------------------------------------------------------------------------------------


class SettingsSerializer(serializers.Serializer):
    """A hospital's settings (each within its bounds) and opening hours."""

    opening_hours = HoursSerializer(many=True, required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        numbers = {
            name: serializers.IntegerField(
                required=False, help_text=format_lazy("{}: {} to {}", one.verbose_name, one.least, one.most)
            )
            for name, one in INSTITUTION_SETTINGS.items()
        }
        return {**numbers, **super().get_fields()}


class SpecialDaySerializer(serializers.Serializer):
    date = serializers.DateField()
    working = serializers.BooleanField()
    name = serializers.CharField(max_length=80, allow_blank=True, default="")


class DayAnswerSerializer(serializers.Serializer):
    date = serializers.DateField()
    kind = serializers.CharField(source="kind.value", help_text="`off`, `make_up` or `ordinary`")
    name = serializers.CharField()
    public = serializers.BooleanField(help_text="The country's calendar lists it.")
    predicted = serializers.BooleanField(help_text="The calendar lists it, but the government has not yet said so.")
    own = serializers.SerializerMethodField(help_text="The hospital has an entry of its own.")

    def get_own(self, day: special_days.Day) -> bool:
        return day.own is not None


class OfHospital(APIView):
    request: api.SignedIn

    def hospital(self, *, edit: bool) -> Institution:
        rows = access.visible(self.request.user, Institution.objects.all())
        found = get_object_or_404(rows, public_id=self.kwargs["id"])
        access.require(self.request.user, "pool.view")
        if edit:
            access.require(self.request.user, "pool.edit", found)
        return found


class SettingsView(OfHospital):
    @extend_schema(
        summary="A hospital's settings and opening hours",
        tags=TAGS,
        parameters=[api.ID],
        responses={200: SettingsSerializer, **api.errors(403, 404)},
    )
    def get(self, request: api.SignedIn, **_: str) -> Response:
        return Response(SettingsSerializer(self.hospital(edit=False)).data)

    @extend_schema(
        summary="Change settings; opening hours are replaced where they are sent",
        tags=TAGS,
        parameters=[api.ID],
        request=SettingsSerializer,
        responses={200: SettingsSerializer, **api.errors(400, 403, 404)},
    )
    def patch(self, request: api.SignedIn, **_: str) -> Response:
        row = self.hospital(edit=True)
        given = api.checked(SettingsSerializer, self)
        hours = given.pop("opening_hours", None)
        asked = weekly_hours.checked((one["weekday"], one["start"], one["end"]) for one in hours or ())
        saved = hospitals.change(row, settings=given, hours=None if hours is None else asked, by=request.user)
        return Response(SettingsSerializer(saved).data)


class SpecialDaysView(OfHospital):
    @extend_schema(
        summary="Holidays and make-up days of the next twelve months",
        tags=TAGS,
        parameters=[api.ID],
        responses={200: DayAnswerSerializer(many=True), **api.errors(403, 404)},
    )
    def get(self, request: api.SignedIn, **_: str) -> Response:
        row = self.hospital(edit=False)
        today = timezone.now().astimezone(row.tz).date()
        return Response(DayAnswerSerializer(special_days.ahead(row, today), many=True).data)

    @extend_schema(
        summary="Set a day off or a make-up day",
        tags=TAGS,
        parameters=[api.ID],
        request=SpecialDaySerializer,
        responses={200: SpecialDaySerializer, **api.errors(400, 403, 404)},
    )
    def post(self, request: api.SignedIn, **_: str) -> Response:
        row = self.hospital(edit=True)
        given = api.checked(SpecialDaySerializer, self)
        return Response(
            SpecialDaySerializer(special_days.set_day(row, given.pop("date"), **given, by=request.user)).data
        )


class SpecialDayView(OfHospital):
    @extend_schema(
        summary="Take the hospital's own entry of a day away",
        tags=TAGS,
        parameters=[api.ID, OpenApiParameter("day", date, OpenApiParameter.PATH)],
        responses={204: OpenApiResponse(description="It is gone."), **api.errors(403, 404)},
    )
    def delete(self, request: api.SignedIn, day: str, **_: str) -> Response:
        row = self.hospital(edit=True)
        try:
            on = date.fromisoformat(day)
        except ValueError:
            raise Http404 from None
        special_days.remove_day(get_object_or_404(CalendarDay, institution=row, date=on), by=request.user)
        return Response(status=204)
