"""Rooms with their hours and closures, and standing times, over the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.models import RareClass
from experts.api.availability import HoursSerializer
from experts.models import Affiliation, Expert, Institution, Team
from experts.roster import person_cards
from mdt_portal import access, api
from mdt_portal.rest.fields import TimeOfDayField
from mdt_portal.rest.filters import Changed, Ordering
from scheduling.api.sessions import RoomSerializer, RoomViewSet
from scheduling.models import Block, BlockKind, Room, RoomClosure
from scheduling.problem.core import recurrence as rules
from scheduling.resources import impact, recurrence_text, recurring_blocks, room_services
from scheduling.selectors import list_orders

TAGS = ["pools"]
GONE = {204: OpenApiResponse(description="It is gone."), **api.errors(403, 404)}


# Rooms ----------------------------------------------------------------------------------------------------------------


class RoomChangeSerializer(serializers.Serializer):
    name_en = serializers.CharField(max_length=120, allow_blank=True, default="")
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    capacity = serializers.IntegerField()
    equipment = serializers.ListField(child=serializers.CharField(max_length=40), default=list)
    active = serializers.BooleanField(default=True)
    hours = HoursSerializer(many=True, default=list, help_text="Empty: the hospital's opening hours.")


class RoomNewSerializer(RoomChangeSerializer):
    institution = api.PublicId(Institution)


class RoomKeptSerializer(RoomSerializer):
    hours = HoursSerializer(many=True)


class ClosureSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id", read_only=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    reason = serializers.CharField(max_length=120)
    sessions = serializers.SerializerMethodField(help_text="Published sessions that need another room.")

    def get_sessions(self, row: RoomClosure) -> list[str]:
        found = impact.of_closure(row.room, start=row.start, end=row.end)
        return [one.public_id for one in found.sessions]


class KeptRoomViewSet(RoomViewSet):
    """The list of rooms, and what coordinators do to it."""

    request: api.SignedIn

    @extend_schema(
        summary="Add a room",
        tags=TAGS,
        request=RoomNewSerializer,
        responses={201: RoomKeptSerializer, **api.errors(400, 403)},
    )
    def create(self, request: api.SignedIn, **_: str) -> Response:
        given = api.checked(RoomNewSerializer, self)
        access.require(request.user, "pool.edit", given["institution"])
        row = room_services.save(None, **_with_hours(given), by=request.user)
        return Response(RoomKeptSerializer(row).data, status=201)

    @extend_schema(
        summary="Replace what is kept of a room",
        tags=TAGS,
        request=RoomChangeSerializer,
        responses={200: RoomKeptSerializer, **api.errors(400, 403, 404)},
    )
    def update(self, request: api.SignedIn, **_: str) -> Response:
        room = self.kept()
        given = api.checked(RoomChangeSerializer, self)
        row = room_services.save(room, institution=room.institution, **_with_hours(given), by=request.user)
        return Response(RoomKeptSerializer(row).data)

    @extend_schema(
        methods=["GET"], summary="Closures still to come", tags=TAGS, responses={200: ClosureSerializer(many=True)}
    )
    @extend_schema(
        methods=["POST"],
        summary="Close a room for a while",
        tags=TAGS,
        request=ClosureSerializer,
        responses={201: ClosureSerializer, **api.errors(400, 403, 404)},
    )
    @action(detail=True, methods=["get", "post"], filterset_class=None, pagination_class=None)
    def closures(self, request: api.SignedIn, **_: str) -> Response:
        if request.method == "POST":
            row = room_services.close(self.kept(), **api.checked(ClosureSerializer, self), by=request.user)
            return Response(ClosureSerializer(row).data, status=201)
        access.require(request.user, "pool.view")
        ahead = self.get_object().closures.filter(end__gt=timezone.now()).select_related("room")
        return Response(ClosureSerializer(ahead, many=True).data)

    @extend_schema(
        summary="Open a room again",
        tags=TAGS,
        parameters=[OpenApiParameter("closure", str, OpenApiParameter.PATH, description="public id of the closure")],
        responses=GONE,
    )
    @action(detail=True, methods=["delete"], url_path="closures/(?P<closure>[A-Za-z0-9_-]{16})")
    def reopen(self, request: api.SignedIn, closure: str, **_: str) -> Response:
        row = get_object_or_404(RoomClosure, room=self.kept(), public_id=closure)
        room_services.reopen(row, by=request.user)
        return Response(status=204)

    def kept(self) -> Room:
        room: Room = self.get_object()
        access.require(self.request.user, "pool.edit", room)
        return room


def _with_hours(given: dict[str, Any]) -> dict[str, Any]:
    return given | {"hours": [(one["weekday"], one["start"], one["end"]) for one in given["hours"]]}


# People who leave -----------------------------------------------------------------------------------------------------


class WorkSerializer(serializers.Serializer):
    until = serializers.DateField(allow_null=True, help_text="The last day at the hospital; null: no end is known.")
    sessions = serializers.SerializerMethodField(help_text="Published sessions that need another person.")

    def get_sessions(self, work: Affiliation) -> list[str]:
        return [one.public_id for one in impact.of_departure(work, work.until).sessions] if work.until else []


class UntilSerializer(serializers.Serializer):
    until = serializers.DateField(required=False, help_text="A last day to try; nothing is written.")


class WorkView(APIView):
    """Somebody's work at one hospital."""

    request: api.SignedIn
    PATH = [api.ID, OpenApiParameter("hospital", str, OpenApiParameter.PATH, description="public id of the hospital")]

    @extend_schema(
        summary="Until when somebody works at a hospital; with `until`, what leaving then would mean",
        tags=TAGS,
        parameters=[*PATH, UntilSerializer],
        responses={200: WorkSerializer, **api.errors(400, 403, 404)},
    )
    def get(self, request: api.SignedIn, **_: str) -> Response:
        given, work = api.parameters(UntilSerializer, self), self._work()
        work.until = given.get("until", work.until)
        return Response(WorkSerializer(work).data)

    @extend_schema(
        summary="Say when somebody leaves a hospital",
        tags=TAGS,
        parameters=PATH,
        request=WorkSerializer,
        responses={200: WorkSerializer, **api.errors(400, 403, 404)},
    )
    def put(self, request: api.SignedIn, **_: str) -> Response:
        given = api.checked(WorkSerializer, self)
        work = person_cards.end_work(self._work(), until=given["until"], by=request.user)
        return Response(WorkSerializer(work).data)

    def _work(self) -> Affiliation:
        people = access.visible(self.request.user, Expert.objects.filter(public_id=self.kwargs["id"]))
        work = get_object_or_404(person_cards.work_at(people, self.kwargs["hospital"])[:1])
        access.require(self.request.user, "pool.edit", work.institution)
        return work


# Standing times -------------------------------------------------------------------------------------------------------


class BlockSerializer(serializers.Serializer):
    """A standing time: an RFC 5545 rule without DTSTART, empty for one day only; times by the hospital's clock."""

    team = api.PublicId(Team)
    room = api.PublicId(Room, allow_null=True, default=None)
    first_day = serializers.DateField()
    last_day = serializers.DateField(allow_null=True, default=None)
    start = TimeOfDayField()
    end = TimeOfDayField()
    recurrence = serializers.CharField(max_length=rules.LONGEST_TEXT, allow_blank=True, default="")
    reserved_class = serializers.ChoiceField(RareClass.choices, allow_blank=True, default="")


class BlockAnswerSerializer(BlockSerializer):
    id = serializers.CharField(source="public_id")
    words = serializers.SerializerMethodField(help_text="The rule in the reader's language.")

    def get_words(self, row: Block) -> str:
        return recurrence_text.in_words(row.recurrence)


class ComingDaySerializer(serializers.Serializer):
    date = serializers.DateField()
    falls_out = serializers.BooleanField(help_text="The hospital does not work that day.")


class BlockFilter(Changed):
    ordering = Ordering(list_orders.BLOCKS)
    institution = django_filters.CharFilter("team__institution__public_id")
    team = django_filters.CharFilter("team__public_id")


@extend_schema_view(
    list=extend_schema(summary="Standing times of the teams", tags=TAGS),
    retrieve=extend_schema(
        summary="One standing time", tags=TAGS, responses={200: BlockAnswerSerializer, **api.errors(404)}
    ),
)
class BlockViewSet(api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    request: api.SignedIn
    queryset = Block.objects.filter(kind=BlockKind.STANDING).select_related("team__institution", "room").order_by("pk")
    serializer_class = BlockAnswerSerializer
    filterset_class = BlockFilter

    def get_queryset(self) -> QuerySet:
        access.require(self.request.user, "pool.view")
        return self.visible(super().get_queryset())

    @extend_schema(
        summary="Add a standing time",
        tags=TAGS,
        request=BlockSerializer,
        responses={201: BlockAnswerSerializer, **api.errors(400, 403)},
    )
    def create(self, request: api.SignedIn, **_: str) -> Response:
        return Response(BlockAnswerSerializer(self._saved(None)).data, status=201)

    @extend_schema(
        summary="Replace a standing time",
        tags=TAGS,
        request=BlockSerializer,
        responses={200: BlockAnswerSerializer, **api.errors(400, 403, 404)},
    )
    def update(self, request: api.SignedIn, **_: str) -> Response:
        return Response(BlockAnswerSerializer(self._saved(self.kept())).data)

    @extend_schema(summary="End a standing time today; one that has not begun vanishes", tags=TAGS, responses=GONE)
    def destroy(self, request: api.SignedIn, **_: str) -> Response:
        recurring_blocks.end(self.kept(), by=request.user)
        return Response(status=204)

    @extend_schema(
        summary="The next eight dates",
        tags=TAGS,
        responses={200: ComingDaySerializer(many=True), **api.errors(404)},
    )
    @action(detail=True, filterset_class=None, pagination_class=None)
    def dates(self, request: api.SignedIn, **_: str) -> Response:
        block: Block = self.get_object()
        today = timezone.now().astimezone(block.team.institution.tz).date()
        return Response(ComingDaySerializer(recurring_blocks.coming(block, today=today), many=True).data)

    def kept(self) -> Block:
        block: Block = self.get_object()
        access.require(self.request.user, "pool.edit", block.team)
        return block

    def _saved(self, block: Block | None) -> Block:
        given = api.checked(BlockSerializer, self)
        access.require(self.request.user, "pool.edit", given["team"])
        return recurring_blocks.save(block, **given, by=self.request.user)
