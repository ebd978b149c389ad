"""Invitations: one's own, and for coordinators those of their hospitals; accept and decline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from experts.availability.core.time_intervals import Stretch
from experts.models import Expert
from mdt_portal import access, api
from mdt_portal.rest.filters import Changed, Ordering
from scheduling.models import AttendanceMode, Invitation, Seat
from scheduling.selectors import list_orders
from scheduling.sessions import invitations, substitutes, suggestions
from scheduling.sessions.invitations import DeclineReason
from scheduling.states import InvitationStatus, SessionStatus


class InvitedSeatSerializer(serializers.Serializer):
    """As what the expert is asked to come, and for which case."""

    case = serializers.CharField(source="item.case.public_id")
    number = serializers.CharField(source="item.case.number")
    start = serializers.DateTimeField(source="item.start")
    minutes = serializers.IntegerField(source="item.minutes")
    discipline = serializers.CharField(source="discipline.key")
    name = serializers.CharField(source="discipline.name")
    optional = serializers.BooleanField()


class InvitedSessionSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(SessionStatus.choices)
    team = api.NamedSerializer()
    institution = api.NamedSerializer()
    room = api.NamedSerializer(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    zone = serializers.CharField(source="institution.zone")


class StretchSerializer(serializers.Serializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class InvitationSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(InvitationStatus.choices)
    status_text = serializers.CharField(source="get_status_display")
    expert = api.NamedSerializer(source="attendance.expert")
    session = InvitedSessionSerializer(source="attendance.session")
    start = serializers.DateTimeField(source="attendance.start", help_text="The expert's own part of the session.")
    end = serializers.DateTimeField(source="attendance.end")
    mode = serializers.ChoiceField(AttendanceMode.choices, source="attendance.mode")
    seats = InvitedSeatSerializer(many=True, source="attendance.seats")
    answer_by = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    note = serializers.CharField()
    deputy = api.NamedSerializer(allow_null=True, help_text="Whom somebody who declined suggests.")
    offered = serializers.SerializerMethodField(help_text="Other times at which they could come.")

    @extend_schema_field(StretchSerializer(many=True))
    def get_offered(self, invitation: Invitation) -> Any:
        stretches = [{"start": start, "end": end} for start, end in suggestions.offers(invitation)]
        return StretchSerializer(stretches, many=True).data


class DeclineSerializer(serializers.Serializer):
    reason = serializers.ChoiceField(DeclineReason.choices, default=DeclineReason.OTHER)
    note = serializers.CharField(max_length=invitations.MAX_NOTE, required=False, allow_blank=True, default="")
    deputy = serializers.CharField(
        required=False, allow_null=True, default=None, help_text="One of the invitation's `deputies`."
    )
    offered = StretchSerializer(many=True, required=False, default=list, help_text="At most two.")

    def validate_deputy(self, public_id: str | None) -> Expert | None:
        if public_id is None:
            return None
        found = Expert.objects.filter(public_id=public_id, active=True).first()
        if found is None:
            raise serializers.ValidationError(_("There is no such colleague."))
        return found

    def validate_offered(self, stretches: list[dict[str, datetime]]) -> list[Stretch]:
        return [(one["start"], one["end"]) for one in stretches]


class ColleagueSerializer(serializers.Serializer):
    id = serializers.CharField(source="expert.public_id")
    name = serializers.CharField(source="expert.name")
    title = serializers.CharField()


class InvitationFilter(Changed):
    changed_with = ("attendance", "attendance__session")

    ordering = Ordering(list_orders.INVITATIONS)
    status = django_filters.MultipleChoiceFilter(choices=InvitationStatus.choices)
    mine = django_filters.BooleanFilter(method="of_mine")
    session = django_filters.CharFilter("attendance__session__public_id")
    expert = django_filters.CharFilter("attendance__expert__public_id")

    def of_mine(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        return rows.filter(attendance__expert__user=self.request.user) if value else rows


ANSWERED = {200: InvitationSerializer, **api.errors(400, 403, 404, 409)}


@extend_schema_view(
    list=extend_schema(summary="Invitations, the most urgent answer first", tags=["invitations"]),
    retrieve=extend_schema(
        summary="One invitation", tags=["invitations"], responses={200: InvitationSerializer, **api.errors(404)}
    ),
)
class InvitationViewSet(api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer
    filterset_class = InvitationFilter

    def get_queryset(self) -> QuerySet[Invitation]:
        session = "attendance__session"
        seats = Seat.objects.select_related("item__case", "discipline").order_by("item__start", "pk")
        return (
            self.visible(Invitation.objects.filter(attendance__session__isnull=False))
            .select_related(
                "attendance__expert", "deputy", f"{session}__team", f"{session}__institution", f"{session}__room"
            )
            .prefetch_related(Prefetch("attendance__seats", seats))
            .order_by("answer_by", "pk")
        )

    def answerable(self) -> Invitation:
        invitation: Invitation = self.get_object()
        access.require(self.request.user, "invitation.answer", invitation)
        return invitation

    def render(self, invitation: Invitation) -> Response:
        return Response(InvitationSerializer(self.get_queryset().get(pk=invitation.pk)).data)

    @extend_schema(summary="Say yes", tags=["invitations"], request=None, responses=ANSWERED)
    @action(methods=["post"], detail=True)
    def accept(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return self.render(invitations.accept(self.answerable(), by=request.user))

    @extend_schema(summary="Say no", tags=["invitations"], request=DeclineSerializer, responses=ANSWERED)
    @action(methods=["post"], detail=True)
    def decline(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        invitation = self.answerable()
        given = api.checked(DeclineSerializer, self)
        return self.render(invitations.decline(invitation, by=request.user, **given))

    @extend_schema(
        summary="Colleagues who could come instead, least loaded first",
        tags=["invitations"],
        responses={200: ColleagueSerializer(many=True), **api.errors(403, 404)},
    )
    @action(methods=["get"], detail=True, pagination_class=None, filterset_class=None)
    def deputies(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return Response(ColleagueSerializer(substitutes.titled(self.answerable().attendance), many=True).data)
