"""Reference lists for pickers, and the time that experts keep: their week, exceptions, leave."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import django_filters
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import mixins, serializers, viewsets
from rest_framework.response import Response
from rest_framework.views import APIView

from experts.availability import engagements, time_keeping
from experts.models import (
    Affiliation,
    AvailabilityException,
    Discipline,
    ExceptionKind,
    Expert,
    Institution,
    Leave,
    Level,
    Qualification,
    Team,
    Weekday,
)
from mdt_portal import access, api

# Pickers --------------------------------------------------------------------------------------------------------------


class InstitutionSerializer(api.NamedSerializer):
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    level = serializers.ChoiceField(Level.choices)
    beds = serializers.IntegerField()
    zone = serializers.CharField(help_text="The hospital's time zone, such as Asia/Shanghai.")


class TeamSerializer(api.NamedSerializer):
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    institution = api.NamedSerializer()
    disease_group = api.KeyedSerializer()
    lead_discipline = api.KeyedSerializer()
    active = serializers.BooleanField()


class AffiliationSerializer(serializers.Serializer):
    institution = api.NamedSerializer()
    title = serializers.CharField(source="title.name")
    rank = serializers.IntegerField(source="title.rank", help_text="4 is the highest (chief), 0 the lowest.")
    home = serializers.BooleanField(help_text="The main employer.")


class QualificationSerializer(serializers.Serializer):
    discipline = serializers.CharField(source="discipline.key")
    name = serializers.CharField(source="discipline.name")
    sub_specialty = serializers.CharField()


class ExpertSerializer(api.NamedSerializer):
    """A colleague. How to reach them by phone or mail is no part of the list."""

    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    remote = serializers.BooleanField(help_text="Can attend by video.")
    affiliations = AffiliationSerializer(many=True)
    qualifications = QualificationSerializer(many=True)


class DisciplineSerializer(api.KeyedSerializer):
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    core = serializers.BooleanField()


class InstitutionFilter(django_filters.FilterSet):
    level = django_filters.ChoiceFilter(choices=Level.choices)
    search = django_filters.CharFilter(method="named")

    def named(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(Q(name_en__icontains=value) | Q(name_zh__icontains=value))


class TeamFilter(django_filters.FilterSet):
    institution = django_filters.CharFilter("institution__public_id")
    disease_group = django_filters.CharFilter("disease_group__key")
    active = django_filters.BooleanFilter()


class ExpertFilter(InstitutionFilter):
    level = None
    institution = django_filters.CharFilter(method="employed")
    discipline = django_filters.CharFilter(method="qualified")
    team = django_filters.CharFilter(method="in_team")

    def employed(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=Affiliation.objects.filter(institution__public_id=value).values("expert"))

    def qualified(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=Qualification.objects.filter(discipline__key=value).values("expert"))

    def in_team(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=Team.core_members.through.objects.filter(team__public_id=value).values("expert"))


class DisciplineFilter(InstitutionFilter):
    level = None
    core = django_filters.BooleanFilter()


class Lists(api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Read-only lists of what the reader may see."""

    def get_queryset(self) -> QuerySet:
        return self.visible(super().get_queryset())


@extend_schema_view(
    list=extend_schema(summary="Hospitals of one's own alliance", tags=["lists"]),
    retrieve=extend_schema(
        summary="One hospital", tags=["lists"], responses={200: InstitutionSerializer, **api.errors(404)}
    ),
)
class InstitutionViewSet(Lists):
    queryset = Institution.objects.order_by("pk")
    serializer_class = InstitutionSerializer
    filterset_class = InstitutionFilter


@extend_schema_view(
    list=extend_schema(summary="Teams", tags=["lists"]),
    retrieve=extend_schema(summary="One team", tags=["lists"], responses={200: TeamSerializer, **api.errors(404)}),
)
class TeamViewSet(Lists):
    queryset = Team.objects.select_related("institution", "disease_group", "lead_discipline").order_by("pk")
    serializer_class = TeamSerializer
    filterset_class = TeamFilter


@extend_schema_view(
    list=extend_schema(summary="Experts with their titles and disciplines", tags=["lists"]),
    retrieve=extend_schema(summary="One expert", tags=["lists"], responses={200: ExpertSerializer, **api.errors(404)}),
)
class ExpertViewSet(Lists):
    queryset = (
        Expert.objects.filter(active=True)
        .prefetch_related(
            Prefetch("affiliations", Affiliation.objects.select_related("institution", "title")),
            Prefetch("qualifications", Qualification.objects.select_related("discipline").order_by("pk")),
        )
        .order_by("name_en", "pk")
    )
    serializer_class = ExpertSerializer
    filterset_class = ExpertFilter


@extend_schema_view(list=extend_schema(summary="Disciplines", tags=["lists"]))
class DisciplineViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = Discipline.objects.order_by("key")
    serializer_class = DisciplineSerializer
    filterset_class = DisciplineFilter


# Time -----------------------------------------------------------------------------------------------------------------


class HoursSerializer(serializers.Serializer):
    """A stretch of every week, by the clock of the expert's main employer."""

    weekday = serializers.ChoiceField(Weekday.choices, help_text="0 is Monday.")
    start = serializers.TimeField(format="%H:%M")
    end = serializers.TimeField(format="%H:%M")


class ExceptionSerializer(serializers.Serializer):
    """One day's departure from the week. Its id is its day, start and kind: two of a kind never overlap."""

    id = serializers.SerializerMethodField()
    date = serializers.DateField()
    start = serializers.TimeField(format="%H:%M")
    end = serializers.TimeField(format="%H:%M")
    kind = serializers.ChoiceField(ExceptionKind.choices, help_text="`takes` wins over `adds`.")
    note = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")

    def get_id(self, row: AvailabilityException) -> str:
        return f"{row.date}-{row.start:%H%M}-{row.kind}"


class LeaveSerializer(serializers.Serializer):
    """Whole days away, both included. Its id is its first day: leaves of one person never overlap."""

    id = serializers.DateField(source="first_day", read_only=True)
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    note = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class WeekSerializer(serializers.Serializer):
    week = HoursSerializer(many=True)


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
    week = HoursSerializer(many=True, source="weekly_availability")
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
        summary="Replace the ordinary week",
        tags=["availability"],
        request=WeekSerializer,
        responses={200: AvailabilitySerializer, **api.errors(400, 403, 404)},
    )
    def put(self, request: api.SignedIn, **_: str) -> Response:
        expert = self.expert()
        hours = api.checked(WeekSerializer, self)["week"]
        time_keeping.set_week(expert, [(one["weekday"], one["start"], one["end"]) for one in hours], by=request.user)
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
