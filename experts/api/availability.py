"""The time that experts keep: their week, exceptions, leave."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from experts.availability import engagements, time_keeping
from experts.availability.core.week_pattern import WeekSpan
from experts.models import (
    AvailabilityException,
    Every,
    ExceptionKind,
    Expert,
    Leave,
    Weekday,
)
from mdt_portal import access, api
from mdt_portal.rest.fields import EndOfHoursField, TimeOfDayField


class HoursSerializer(serializers.Serializer):
    """A stretch of every week, by the clock of the expert's main employer; an end before the start is past midnight."""

    weekday = serializers.ChoiceField(Weekday.choices, help_text="0 is Monday.")
    start = TimeOfDayField()
    end = EndOfHoursField()


class WeekHoursSerializer(HoursSerializer):
    """A stretch of somebody's weeks, by the clock of their main employer; an end before the start is past midnight.

    Without `every` and `since` it holds every week; with `every` 2 every second one, from the week of `since` on.
    """

    every = serializers.ChoiceField(
        Every.choices, default=Every.WEEK, help_text="Every how many weeks; more than 1 needs `since`."
    )
    since = serializers.DateField(
        allow_null=True,
        default=None,
        help_text="The first week in which it holds, by any of its days; answered as its Monday.",
    )


def spans(given: list[dict[str, Any]]) -> list[WeekSpan]:
    """Stretches as the serializer read them."""
    return [WeekSpan(one["weekday"], one["start"], one["end"], int(one["every"]), one["since"]) for one in given]


class ExceptionSerializer(serializers.Serializer):
    """One day's departure from the week. Its id is its day, start and kind: two of a kind never overlap.

    An end before the start is on the next day.
    """

    id = serializers.SerializerMethodField()
    date = serializers.DateField()
    start = TimeOfDayField()
    end = EndOfHoursField()
    kind = serializers.ChoiceField(ExceptionKind.choices, help_text="`takes` wins over `adds`.")
    note = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")

    def get_id(self, row: AvailabilityException) -> str:
        return f"{row.date}-{row.start:%H%M}-{row.kind}"


class LeaveSerializer(serializers.Serializer):
    """Days away, both included: whole ones, or with `start` and `end` those hours of each day.

    Its id is its first day: leaves of one person never share a day.
    """

    id = serializers.DateField(source="first_day", read_only=True)
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    start = TimeOfDayField(allow_null=True, default=None)
    end = EndOfHoursField(allow_null=True, default=None)
    note = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class WeekSerializer(serializers.Serializer):
    week = WeekHoursSerializer(many=True)


class ClashSerializer(serializers.Serializer):
    """A seat that was accepted, and into which leave or a time that was taken away falls: it may be declined."""

    invitation = serializers.CharField(source="key")
    what = serializers.CharField()
    where = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class AvailabilitySerializer(serializers.Serializer):
    expert = api.NamedSerializer(source="*")
    zone = serializers.SerializerMethodField(help_text="By whose clock the times of day are meant.")
    week = WeekHoursSerializer(many=True, source="weekly_availability")
    exceptions = ExceptionSerializer(many=True, source="availability_exceptions")
    leaves = LeaveSerializer(many=True)
    clashes = serializers.SerializerMethodField()

    @extend_schema_field(ClashSerializer(many=True))
    def get_clashes(self, expert: Expert) -> Any:
        return ClashSerializer(engagements.clashes(expert), many=True).data

    def get_zone(self, expert: Expert) -> str | None:
        home = expert.affiliations.select_related("institution").order_by("-home", "pk").first()
        return home.institution.zone if home else None


class OfExpert(APIView):
    """The time of the expert in the address, or of oneself where there is none."""

    request: api.SignedIn

    def expert(self) -> Expert:
        user = self.request.user
        public_id = self.kwargs.get("id")
        rows = access.visible(user, Expert.objects.all())
        found = get_object_or_404(rows, public_id=public_id) if public_id else rows.filter(user=user).first()
        if found is None:
            raise Http404
        access.require(user, "expert.change_availability", found)
        return found


class AvailabilityView(OfExpert):
    @extend_schema(
        summary="Week, exceptions and leave",
        tags=["availability"],
        responses={200: AvailabilitySerializer, **api.errors(403, 404)},
    )
    def get(self, request: api.SignedIn, **_: str) -> Response:
        return Response(AvailabilitySerializer(self.expert()).data)

    @extend_schema(
        summary="Replace the ordinary week, alternate weeks included",
        tags=["availability"],
        request=WeekSerializer,
        responses={200: AvailabilitySerializer, **api.errors(400, 403, 404)},
    )
    def put(self, request: api.SignedIn, **_: str) -> Response:
        expert = self.expert()
        hours = api.checked(WeekSerializer, self)["week"]
        time_keeping.set_week(expert, spans(hours), by=request.user)
        return Response(AvailabilitySerializer(expert).data)


class ExceptionsView(OfExpert):
    @extend_schema(
        summary="Add an exception for one day",
        tags=["availability"],
        request=ExceptionSerializer,
        responses={201: ExceptionSerializer, **api.errors(400, 403, 404)},
    )
    def post(self, request: api.SignedIn, **_: str) -> Response:
        expert = self.expert()
        given = api.checked(ExceptionSerializer, self)
        row = time_keeping.add_exception(expert, day=given.pop("date"), **given, by=request.user)
        return Response(ExceptionSerializer(row).data, status=201)


class LeavesView(OfExpert):
    @extend_schema(
        summary="Add a leave",
        tags=["availability"],
        request=LeaveSerializer,
        responses={201: LeaveSerializer, **api.errors(400, 403, 404)},
    )
    def post(self, request: api.SignedIn, **_: str) -> Response:
        expert = self.expert()
        row = time_keeping.add_leave(expert, **api.checked(LeaveSerializer, self), by=request.user)
        return Response(LeaveSerializer(row).data, status=201)


GONE = {204: OpenApiResponse(description="It is gone."), **api.errors(403, 404)}
ENTRY = OpenApiParameter("entry", str, OpenApiParameter.PATH, description="the entry's `id`")


class ExceptionView(OfExpert):
    @extend_schema(summary="Remove an exception", tags=["availability"], parameters=[ENTRY], responses=GONE)
    def delete(self, request: api.SignedIn, entry: str, **_: str) -> Response:
        day, start, kind = _exception_key(entry)
        row = get_object_or_404(self.expert().availability_exceptions, date=day, start=start, kind=kind)
        time_keeping.remove_exception(row, by=request.user)
        return Response(status=204)


class LeaveView(OfExpert):
    @extend_schema(summary="Remove a leave", tags=["availability"], parameters=[ENTRY], responses=GONE)
    def delete(self, request: api.SignedIn, entry: str, **_: str) -> Response:
        row: Leave = get_object_or_404(self.expert().leaves, first_day=_day(entry))
        time_keeping.remove_leave(row, by=request.user)
        return Response(status=204)


def _exception_key(entry: str) -> tuple[date, time, Any]:
    day, _, rest = entry[:10], entry[10:11], entry[11:]
    clock, _, kind = rest.partition("-")
    try:
        return _day(day), datetime.strptime(clock, "%H%M").time(), kind  # noqa: DTZ007  a time of day has no zone
    except ValueError:
        raise Http404 from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
