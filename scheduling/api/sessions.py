"""Published sessions: lists, agenda, people, calling off, and putting a deputy on an open seat. Rooms for pickers."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.db.models import Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from cases.api import serializers as case_shown
from cases.models import Case, Outcome
from experts.api.lists import Lists
from experts.models import Expert
from mdt_portal import access, api, shell
from mdt_portal.i18n import clock
from mdt_portal.rest.filters import Changed, Ordering
from scheduling.api import records
from scheduling.api.weeks import WeekField
from scheduling.models import AgendaItem, Attendance, AttendanceMode, Room, Seat, Session
from scheduling.problem.core.horizon import Horizon
from scheduling.selectors import evaluation, list_orders
from scheduling.sessions import presence, session_services, substitutes
from scheduling.states import LIVE_SESSIONS, InvitationStatus, SessionStatus

# What is shown --------------------------------------------------------------------------------------------------------


class SeatSerializer(serializers.Serializer):
    """One discipline that a case needs, and who fills it (null: the seat is open)."""

    place = serializers.IntegerField(help_text="The seat's number within its case.")
    discipline = serializers.CharField(source="discipline.key")
    name = serializers.CharField(source="discipline.name")
    min_rank = serializers.IntegerField()
    sub_specialty = serializers.CharField()
    optional = serializers.BooleanField(help_text="Welcome, not required.")
    expert = api.NamedSerializer(source="attendance.expert", allow_null=True, default=None)
    answer = serializers.ChoiceField(
        InvitationStatus.choices, source="attendance.invitation.status", allow_null=True, default=None
    )


class AgendaItemSerializer(serializers.Serializer):
    case = serializers.CharField(source="case.public_id")
    number = serializers.CharField(source="case.number")
    title = serializers.CharField(source="case.title")
    status = serializers.CharField(source="case.status")
    start = serializers.DateTimeField()
    minutes = serializers.IntegerField()
    outcome = serializers.ChoiceField(Outcome.choices, allow_blank=True, help_text="Empty before there is a record.")
    note = serializers.CharField()
    seats = SeatSerializer(many=True)


class AttendanceSerializer(serializers.Serializer):
    """One expert's part of a session, from the first to the last case that needs them."""

    expert = api.NamedSerializer()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    mode = serializers.ChoiceField(AttendanceMode.choices)
    answer = serializers.ChoiceField(InvitationStatus.choices, source="invitation.status")
    came = serializers.BooleanField(allow_null=True, help_text="null before there is a record")


class SessionRowSerializer(serializers.Serializer):
    """A session in a list; `cases` counts those that the reader may see."""

    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(SessionStatus.choices)
    status_text = serializers.CharField(source="get_status_display")
    team = api.NamedSerializer()
    institution = api.NamedSerializer()
    room = api.NamedSerializer(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    zone = serializers.CharField(source="institution.zone")
    actual_start = serializers.DateTimeField(allow_null=True, help_text="As the record says; null without one.")
    actual_end = serializers.DateTimeField(allow_null=True)
    evaluation = records.JudgedSerializer(source="judged", help_text="How it went; all 0 without a record.")
    quorum = serializers.SerializerMethodField(help_text="null without a record, and for records of before 2026-12")
    quorum_reason = serializers.CharField(
        help_text="Why the meeting counts without its quorum; empty where it was met."
    )
    cases = serializers.SerializerMethodField()
    invited = serializers.SerializerMethodField()
    accepted = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    @extend_schema_field(records.QuorumSerializer(allow_null=True))
    def get_quorum(self, session: Session) -> Any:
        found = presence.on_record(session)
        return None if found is None else records.QuorumSerializer(found).data

    def get_cases(self, session: Session) -> int:
        return len(session.items.all())

    def get_invited(self, session: Session) -> int:
        return len(session.attendances.all())

    def get_accepted(self, session: Session) -> int:
        answers = [attendance.invitation.status for attendance in session.attendances.all()]
        return answers.count(InvitationStatus.ACCEPTED)


class SessionSerializer(SessionRowSerializer):
    agenda = AgendaItemSerializer(source="items", many=True)
    attendances = AttendanceSerializer(many=True)


class RoomSerializer(api.NamedSerializer):
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    institution = api.NamedSerializer()
    capacity = serializers.IntegerField()
    equipment = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()


def with_people(items: QuerySet[AgendaItem]) -> QuerySet[AgendaItem]:
    seats = Seat.objects.select_related("discipline", "attendance__expert", "attendance__invitation")
    return items.prefetch_related(Prefetch("seats", seats)).order_by("start", "pk")


# What is asked --------------------------------------------------------------------------------------------------------


class SessionFilter(Changed):
    """Days are meant by the clock of the reader's own hospital."""

    changed_with = ("items", "attendances", "attendances__invitation")

    ordering = Ordering(list_orders.SESSIONS)
    week = django_filters.CharFilter(method="in_week", label="such as 2026-W50")
    first_day = django_filters.DateFilter(method="from_day")
    last_day = django_filters.DateFilter(method="to_day")
    institution = django_filters.CharFilter("institution__public_id")
    team = django_filters.CharFilter("team__public_id")
    status = django_filters.MultipleChoiceFilter(choices=SessionStatus.choices)
    record_missing = django_filters.BooleanFilter(method="over", label="over, and nobody has kept a record")

    def over(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        unrecorded = Q(status__in=LIVE_SESSIONS, end__lte=timezone.now())
        return rows.filter(unrecorded if value else ~unrecorded)

    @extend_schema_field(WeekField())
    def in_week(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        try:
            week = WeekField().run_validation(value)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({name: error.detail}) from None
        zone = self._zone()
        return rows.filter(start__gte=week.start(zone), start__lt=week.end(zone))

    def from_day(self, rows: QuerySet, name: str, value: date) -> QuerySet:
        return rows.filter(start__gte=Horizon(value, 1, self._zone()).start)

    def to_day(self, rows: QuerySet, name: str, value: date) -> QuerySet:
        return rows.filter(start__lt=Horizon(value, 1, self._zone()).end)

    def _zone(self) -> Any:
        return clock.zone(getattr(shell.home(self.request.user), "zone", None))


class RoomFilter(Changed):
    ordering = Ordering(list_orders.ROOMS)
    institution = django_filters.CharFilter("institution__public_id")
    active = django_filters.BooleanFilter()


class DeputySerializer(serializers.Serializer):
    expert = api.PublicId(Expert)


SEAT = [
    OpenApiParameter("case", str, OpenApiParameter.PATH, description="public id of a case on the agenda"),
    OpenApiParameter("place", int, OpenApiParameter.PATH, description="number of the seat within its case"),
]
SEAT_PATH = r"cases/(?P<case>[A-Za-z0-9_-]{16})/seats/(?P<place>\d{1,3})"


@extend_schema_view(
    list=extend_schema(summary="Sessions", tags=["sessions"], responses=SessionRowSerializer(many=True)),
    retrieve=extend_schema(
        summary="One session with agenda and people",
        tags=["sessions"],
        responses={200: SessionSerializer, **api.errors(404)},
    ),
)
class SessionViewSet(api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Published sessions. Of an agenda everybody sees the cases that they may see; after the meeting all stay on it."""

    queryset = Session.objects.none()
    filterset_class = SessionFilter

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return SessionRowSerializer if self.action == "list" else SessionSerializer

    def get_queryset(self) -> QuerySet[Session]:
        agenda = AgendaItem.objects.of_record().filter(case__in=self.visible(Case.objects.all()))
        items: QuerySet[AgendaItem] = agenda.order_by("start", "pk")
        if self.action != "list":
            items = with_people(items.select_related("case"))
        here = Attendance.objects.filter(Q(active=True) | Q(came=True))
        people = here.select_related("expert", "invitation").order_by("start", "pk")
        rows = Session.objects.select_related("team", "institution", "room").order_by("start", "pk")
        return self.visible(rows).prefetch_related(Prefetch("items", items), Prefetch("attendances", people))

    def paginate_queryset(self, queryset: Any) -> Any:
        return self.judged(super().paginate_queryset(queryset) or [])

    def get_object(self) -> Session:
        return self.judged([super().get_object()])[0]

    @staticmethod
    def judged(rows: list[Session]) -> list[Session]:
        """The sessions with how they went."""
        found = evaluation.of(rows)
        for row in rows:
            row.judged = found[row.pk]  # type: ignore[attr-defined]
        return rows

    def changeable(self) -> Session:
        session: Session = self.get_object()
        access.require(self.request.user, "session.change", session)
        return session

    def render(self, session: Session) -> Response:
        row = self.judged([self.get_queryset().get(pk=session.pk)])[0]
        return Response(SessionSerializer(row).data)

    @extend_schema(
        summary="Call a session off; its cases wait again",
        tags=["sessions"],
        request=case_shown.WhySerializer,
        responses={200: SessionSerializer, **api.errors(400, 403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def cancel(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        session = self.changeable()
        reason = api.checked(case_shown.WhySerializer, self)["reason"]
        session_services.cancel(session, by=request.user, reason=reason)
        return self.render(session)

    @extend_schema(
        summary="Record a meeting: when it was, who came, what became of each case; within a day, correct the record",
        tags=["sessions"],
        request=records.RecordSerializer,
        responses={200: SessionSerializer, **api.errors(400, 403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def record(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        session: Session = self.get_object()
        access.require(request.user, "session.record", session)
        records.record(session, api.checked(records.RecordSerializer, self), by=request.user)
        return self.render(session)

    @extend_schema(
        summary="How the meetings of the last days went, summed up",
        tags=["sessions"],
        parameters=[records.DaysSerializer],
        responses=records.EvaluationSerializer,
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def evaluation(self, request: api.SignedIn) -> Response:
        found = records.figures(
            request, self.visible(Session.objects.all()), days=api.parameters(records.DaysSerializer, self)["days"]
        )
        return Response(records.EvaluationSerializer(found).data)

    def seat(self, case: str, place: str) -> Seat:
        session = self.changeable()
        seats = Seat.objects.filter(item__session=session, item__active=True, item__case__public_id=case)
        rows = seats.select_related("item__session__institution", "item__case", "discipline")
        return get_object_or_404(rows.order_by("optional"), place=int(place))

    @extend_schema(
        summary="Who could take a seat, least loaded first",
        tags=["sessions"],
        parameters=SEAT,
        responses={200: api.NamedSerializer(many=True), **api.errors(403, 404)},
        filters=False,
    )
    @action(detail=True, url_path=f"{SEAT_PATH}/deputies", pagination_class=None)
    def deputies(self, request: api.SignedIn, id: str, case: str, place: str) -> Response:  # noqa: A002
        found = substitutes.of(self.seat(case, place))
        return Response(api.NamedSerializer(found, many=True).data)

    @extend_schema(
        summary="Put an expert on an open seat and invite them",
        tags=["sessions"],
        parameters=SEAT,
        request=DeputySerializer,
        responses={200: SessionSerializer, **api.errors(400, 403, 404, 409)},
    )
    @action(methods=["post"], detail=True, url_path=f"{SEAT_PATH}/fill")
    def fill(self, request: api.SignedIn, id: str, case: str, place: str) -> Response:  # noqa: A002
        seat = self.seat(case, place)
        expert = api.checked(DeputySerializer, self)["expert"]
        session_services.fill_seat(seat, expert, by=request.user)
        return self.render(seat.item.session)


@extend_schema_view(
    list=extend_schema(summary="Rooms", tags=["lists"]),
    retrieve=extend_schema(summary="One room", tags=["lists"], responses={200: RoomSerializer, **api.errors(404)}),
)
class RoomViewSet(Lists):
    queryset = Room.objects.select_related("institution").order_by("pk")
    serializer_class = RoomSerializer
    filterset_class = RoomFilter
