"""The promise over the API: the earliest times of a case, holding one, booking it, letting it go."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response

from cases.api.cases import home
from cases.api.serializers import DetailsSerializer
from cases.models import Case
from cases.services import workflow
from experts.models import Institution
from mdt_portal import access, api
from scheduling.models import Hold
from scheduling.publishing import earliest_slots, holds
from scheduling.states import HoldStatus

MOST = 20


class AttendeeSerializer(serializers.Serializer):
    expert = api.NamedSerializer()
    discipline = serializers.CharField(source="discipline.key")
    optional = serializers.BooleanField(help_text="Welcome, not required.")
    remote = serializers.BooleanField(help_text="By video.")


class SlotSerializer(serializers.Serializer):
    """One time that can be kept."""

    slot = serializers.CharField(source="key", help_text="Give it back as it is to hold this time.")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    session = serializers.CharField(
        source="session.public_id", allow_null=True, default=None, help_text="The one that is joined; null: a new one."
    )  # fmt: skip
    room = api.NamedSerializer(allow_null=True, help_text="null: by video.")
    late_min = serializers.IntegerField(help_text="Minutes after the response limit; 0: within it.")
    attendees = AttendeeSerializer(many=True)


class HoldSerializer(serializers.Serializer):
    """A time that is kept for a case for some minutes."""

    id = serializers.CharField(source="public_id")
    case = serializers.CharField(source="case.public_id")
    status = serializers.ChoiceField(HoldStatus.choices)
    by = serializers.StringRelatedField(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    session = serializers.CharField(source="session.public_id", allow_null=True, default=None)
    room = api.NamedSerializer(allow_null=True)
    attendees = AttendeeSerializer(many=True)


class EarliestSlotsSerializer(serializers.Serializer):
    slots = SlotSerializer(many=True, help_text="The earliest first; empty while a time is held.")
    lacking = serializers.ListField(
        child=serializers.CharField(), help_text="Materials that must be here before one can be booked."
    )  # fmt: skip
    hold = HoldSerializer(allow_null=True, help_text="The time that is held right now.")


class GivingWaySerializer(serializers.Serializer):
    """A case that would have to move."""

    case = serializers.CharField(source="case.public_id")
    number = serializers.CharField(source="case.number")
    before = serializers.DateTimeField(help_text="When it begins now.")
    start = serializers.DateTimeField(help_text="When it would be discussed then: later or earlier.")


class GainSerializer(serializers.Serializer):
    """What would open earlier if a session that nobody has confirmed made room. A hint; nothing moves by itself."""

    slot = SlotSerializer(allow_null=True, help_text="null for who may not move cases: ask the coordinator.")
    moves = GivingWaySerializer(many=True, help_text="For who may move cases; else empty.")
    hidden = serializers.IntegerField(help_text="How many more cases would move, which the reader may not see.")


class WantedSerializer(serializers.Serializer):
    slot = serializers.CharField(max_length=4000)


def shown(hold: Hold) -> Any:
    hold.attendees = earliest_slots.attendees(hold.case, hold)  # type: ignore[attr-defined]
    return HoldSerializer(hold).data


class _OfCase(GenericAPIView):
    queryset = Case.objects.none()

    def case(self) -> Case:
        rows = Case.objects.select_related("team__institution", "institution")
        return get_object_or_404(access.visible(self.request.user, rows), public_id=self.kwargs["id"])


class CountSerializer(serializers.Serializer):
    count = serializers.IntegerField(
        min_value=1, max_value=MOST, default=earliest_slots.OFFERED, help_text="How many times."
    )


class EarliestSlotsView(_OfCase):
    serializer_class = EarliestSlotsSerializer

    @extend_schema(
        summary="The earliest times at which a waiting case could be discussed, and who would come",
        tags=["cases"],
        parameters=[CountSerializer],
        responses={200: EarliestSlotsSerializer, **api.errors(400, 403, 404)},
    )
    def get(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case()
        given = api.parameters(CountSerializer, self)
        held = holds.of(case)
        return Response(
            {
                "slots": SlotSerializer(
                    [] if held else earliest_slots.earliest_slots(case, given["count"]), many=True
                ).data,
                "lacking": earliest_slots.held_back(case),
                "hold": shown(held) if held else None,
            }
        )


class TypedSerializer(DetailsSerializer):
    """A case that is not saved yet."""

    institution = api.PublicId(Institution, required=False, help_text="The referring hospital; else one's own.")
    count = serializers.IntegerField(
        min_value=1, max_value=MOST, default=earliest_slots.OFFERED, help_text="How many times."
    )


class TypedEarliestSlotsView(GenericAPIView):
    serializer_class = EarliestSlotsSerializer

    @extend_schema(
        summary="The earliest times for a case that is still being written; nothing is saved",
        tags=["cases"],
        request=TypedSerializer,
        responses={200: EarliestSlotsSerializer, **api.errors(400, 403)},
    )
    def post(self, request: api.SignedIn) -> Response:
        access.require(request.user, "case.refer")
        given = api.checked(TypedSerializer, self)
        count, hospital = given.pop("count"), home(request, given.pop("institution", None))
        case = workflow.imagine(institution=hospital, **given)
        slots = earliest_slots.earliest_slots(case, count)
        lacking = earliest_slots.held_back(case) if earliest_slots.asks_for_a_time(case) else []
        return Response({"slots": SlotSerializer(slots, many=True).data, "lacking": lacking, "hold": None})


class GainView(_OfCase):
    serializer_class = GainSerializer

    @extend_schema(
        summary="What moving cases that nobody has confirmed yet would gain; 204 where that is nothing",
        tags=["cases"],
        responses={200: GainSerializer, 204: None, **api.errors(403, 404)},
    )
    def get(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        found = earliest_slots.gain(self.case(), to=request.user)
        return Response(GainSerializer(found).data) if found else Response(status=204)


class HoldView(_OfCase):
    serializer_class = WantedSerializer

    @extend_schema(
        summary="Keep one of the promised times for some minutes",
        tags=["cases"],
        request=WantedSerializer,
        responses={201: HoldSerializer, **api.errors(400, 403, 404, 409)},
    )
    def post(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case()
        access.require(request.user, "case.book", case)
        hold = holds.hold(case, api.checked(WantedSerializer, self)["slot"], by=request.user)
        return Response(shown(hold), status=201)


class HoldViewSet(api.PublicIdMixin, viewsets.GenericViewSet):
    """Times that are held, for whoever may book their cases."""

    queryset = Hold.objects.none()
    serializer_class = HoldSerializer

    def get_queryset(self) -> QuerySet[Hold]:
        rows = Hold.objects.select_related("case__team__institution", "team__institution", "room", "session", "by")
        return rows.filter(case__in=self.visible(Case.objects.all()))

    @extend_schema(summary="One held time", tags=["cases"], responses={200: HoldSerializer, **api.errors(404)})
    def retrieve(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return Response(shown(self.get_object()))

    @extend_schema(
        summary="Let a held time go", tags=["cases"], request=None, responses={204: None, **api.errors(403, 404)}
    )
    def destroy(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        holds.release(self.bookable(), by=request.user)
        return Response(status=204)

    @extend_schema(
        summary="Book a held time: the case gets its place in `session`, people are invited",
        tags=["cases"],
        request=None,
        responses={200: HoldSerializer, **api.errors(400, 403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def confirm(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        hold = self.bookable()
        holds.confirm(hold, by=request.user)
        return Response(shown(self.get_object()))

    def bookable(self) -> Hold:
        hold: Hold = self.get_object()
        access.require(self.request.user, "case.book", hold.case)
        return hold
