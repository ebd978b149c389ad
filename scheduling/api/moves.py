"""Changes by hand: where something could go, what a change would do, the change itself, and its undoing."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import (
    OpenApiExample,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from cases.models import Case
from experts.models import Expert, Institution
from mdt_portal import access, api
from mdt_portal.rest.filters import Changed
from scheduling.api.weeks import WeekField
from scheduling.board import dry_run, moves
from scheduling.board.core.severity import Severity
from scheduling.board.dry_run import Check, Where
from scheduling.board.move_requests import MoveRequest
from scheduling.models import Move, MoveKind, Room, Session
from scheduling.problem.core.plan_diff import ChangeKind, PlanChange
from scheduling.selectors import board_cells

LEVELS = [(level.value, level.name) for level in Severity]

# What is asked --------------------------------------------------------------------------------------------------------


class ConsentSerializer(serializers.Serializer):
    acknowledged = serializers.BooleanField(default=False, help_text="Says yes to what only warns.")
    expected = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=60,
        help_text="The fingerprint of a check: refused (409) if it is out of date.",
    )


class PlaceCaseSerializer(ConsentSerializer):
    """A case gets a session of its own, or moves to one."""

    case = api.PublicId(Case)
    start = serializers.DateTimeField()
    room = api.PublicId(Room, required=False, help_text="Without: the tightest room that fits.")
    remote = serializers.BooleanField(default=False, help_text="By video, without a room.")


class JoinSessionSerializer(ConsentSerializer):
    """A case joins a session of its team."""

    case = api.PublicId(Case)
    into = api.PublicId(Session)


@extend_schema_field({"type": "boolean", "enum": [True]})
class TrueField(serializers.BooleanField):
    """Only true; whoever does not mean it leaves it out."""

    default_error_messages = {"invalid": gettext_lazy("Write true, or leave it out.")}

    def to_internal_value(self, data: Any) -> bool:
        if data is not True:
            self.fail("invalid", input=data)
        return True


class TakeOffSerializer(ConsentSerializer):
    """A case leaves its agenda and waits again."""

    case = api.PublicId(Case)
    take_off = TrueField()


class MoveSessionSerializer(ConsentSerializer):
    """A session goes to another start, another room, or both."""

    session = api.PublicId(Session)
    start = serializers.DateTimeField(required=False, help_text="Without: the start stays.")
    room = api.PublicId(Room, required=False, help_text="Without: the tightest room that fits.")
    remote = serializers.BooleanField(default=False, help_text="By video, without a room.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if "start" not in given and "room" not in given and not given["remote"]:
            raise serializers.ValidationError(_("Say where to: start, room or remote."))
        return given


MOVE = PolymorphicProxySerializer(
    component_name="MoveRequest",
    serializers=[PlaceCaseSerializer, JoinSessionSerializer, TakeOffSerializer, MoveSessionSerializer],
    resource_type_field_name=None,
)
"""What may be asked: exactly one of these shapes, for a check as for the change itself."""


def shape_of(sent: Any) -> type[serializers.Serializer]:
    """Which of the shapes somebody means, by the field that only it has."""
    names = set(sent) if isinstance(sent, dict) else set()
    if "session" in names and "case" in names:
        message = _("Name a case or a session, not both.")
        raise serializers.ValidationError({"session": [message]})
    if "session" in names:
        return MoveSessionSerializer
    if "case" not in names:
        raise serializers.ValidationError(_("Name a case or a session."))
    if "take_off" in names:
        return TakeOffSerializer
    if "into" in names:
        return JoinSessionSerializer
    if "start" not in names and "room" in names:
        raise serializers.ValidationError({"start": [_("A case needs a start of its own.")]})
    if "start" not in names:
        raise serializers.ValidationError(_("Say where to: into, start, room or take_off."))
    return PlaceCaseSerializer


class PlacesSerializer(serializers.Serializer):
    """The week of one case, or of one session."""

    case = api.PublicId(Case, required=False)
    session = api.PublicId(Session, required=False, help_text="Instead of a case.")
    week = WeekField(help_text="Such as 2026-W50.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("case" in given) == ("session" in given):
            raise serializers.ValidationError(_("Name a case or a session."))
        return given


# What is shown --------------------------------------------------------------------------------------------------------


class MoveSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(MoveKind.choices)
    kind_text = serializers.CharField(source="get_kind_display")
    institution = api.NamedSerializer()
    by = serializers.CharField(source="by.__str__")
    made_at = serializers.DateTimeField()
    version = serializers.IntegerField(help_text="The published version that this change made.")
    undone_at = serializers.DateTimeField(allow_null=True)


class MoveWarningSerializer(serializers.Serializer):
    level = serializers.ChoiceField(LEVELS)
    code = serializers.CharField()
    text = serializers.CharField()


class ChangedSessionSerializer(serializers.Serializer):
    """One session that the change touches, and the people who come, go, or get another time."""

    kind = serializers.ChoiceField([(kind.value, kind.name) for kind in ChangeKind])
    session = serializers.CharField(allow_null=True, help_text="Null: a new session.")
    start = serializers.DateTimeField(allow_null=True, help_text="Null: it would not take place any more.")
    end = serializers.DateTimeField(allow_null=True)
    room = api.NamedSerializer(allow_null=True)
    joins = api.NamedSerializer(many=True)
    leaves = api.NamedSerializer(many=True)
    shifted = api.NamedSerializer(many=True)


class CheckSerializer(serializers.Serializer):
    level = serializers.ChoiceField(LEVELS, help_text="The gravest of the findings.")
    warnings = MoveWarningSerializer(many=True)
    changes = ChangedSessionSerializer(many=True)
    fingerprint = serializers.CharField(
        help_text="Send it as `expected` to be sure that this, and nothing else, is saved."
    )


class SpotSerializer(serializers.Serializer):
    level = serializers.ChoiceField(LEVELS)
    text = serializers.CharField(help_text="`free`, or the reason.")
    day = serializers.DateField()
    start = serializers.DateTimeField(allow_null=True, help_text="The best start.")
    room = api.NamedSerializer(allow_null=True)
    session = serializers.CharField(source="session.public_id", allow_null=True, default=None)


class SpotsSerializer(serializers.Serializer):
    refused = serializers.CharField(help_text="Why it can go nowhere at all; else empty.")
    cells = SpotSerializer(many=True, help_text="Sessions of its own: each room (null: by video) on each day.")
    sessions = SpotSerializer(many=True, help_text="Sessions that the case could join.")


def shown(check: Check) -> dict[str, Any]:
    changes = [change for change in check.changes if change.kind != ChangeKind.SAME]
    sides = [side for change in changes for side in (change.old, change.new) if side]
    people = Expert.objects.in_bulk({pk for side in sides for pk in side.people()})
    rooms = Room.objects.in_bulk({side.room for side in sides if side.room})

    def row(change: PlanChange) -> dict[str, Any]:
        horizon, new = check.editable.horizon, change.new
        known = check.editable.seen.sessions.get(change.old.id) if change.old else None
        return {
            "kind": change.kind,
            "session": known.public_id if known else None,
            "start": horizon.moment(new.start_min) if new else None,
            "end": horizon.moment(new.end_min) if new else None,
            "room": rooms.get(new.room) if new and new.room else None,
            **{name: [people[pk] for pk in sorted(getattr(change, name))] for name in ("joins", "leaves", "shifted")},
        }

    found = {"level": check.level, "warnings": check.warnings, "fingerprint": check.fingerprint}
    return CheckSerializer(found | {"changes": [row(change) for change in changes]}).data


ERRORS = api.errors(400, 403, 404, 409)
EXAMPLES = [
    OpenApiExample(name, value=value, request_only=True)
    for name, value in {
        "A session of its own": {"case": "q0Zb3xF9aK7-Tt1c", "start": "2026-12-09T14:00:00+08:00"},
        "Join a session": {"case": "q0Zb3xF9aK7-Tt1c", "into": "Xk2_9dLmPq04sVbA"},
        "Take off": {"case": "q0Zb3xF9aK7-Tt1c", "take_off": True},
        "Move a session": {"session": "Xk2_9dLmPq04sVbA", "start": "2026-12-10T09:00:00+08:00"},
    }.items()
]


@extend_schema_view(
    list=extend_schema(summary="Changes by hand, the newest first", tags=["board"]),
    retrieve=extend_schema(
        summary="One change by hand", tags=["board"], responses={200: MoveSerializer, **api.errors(404)}
    ),
)
class MoveViewSet(api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    queryset = Move.objects.none()
    serializer_class = MoveSerializer
    filterset_class = Changed

    def get_queryset(self) -> QuerySet[Move]:
        return self.visible(Move.objects.select_related("by", "institution").order_by("-pk"))

    def _requested(self) -> MoveRequest:
        """What moves where to. Raises NotAllowed for other hospitals' boards."""
        given = api.checked(shape_of(self.request.data), self)
        where = None
        if "take_off" not in given:
            where = Where(
                session=given.get("into"),
                start=given.get("start"),
                room=given.get("room"),
                remote=given.get("remote", False),
            )
        asked = MoveRequest(
            subject=given.get("case") or given["session"],
            where=where,
            acknowledged=given["acknowledged"],
            expected=given["expected"],
        )
        self._require(asked.institution)
        return asked

    def _require(self, institution: Institution | None) -> None:
        access.require(self.request.user, "plan.request", [institution] if institution else None)

    @extend_schema(
        summary="What a change would do; nothing is written",
        description="Takes the same body as the change itself; `acknowledged` and `expected` mean nothing here.",
        tags=["board"],
        request=MOVE,
        responses={200: CheckSerializer, **ERRORS},
        filters=False,
        examples=EXAMPLES,
    )
    @action(methods=["post"], detail=False, pagination_class=None)
    def check(self, request: api.SignedIn) -> Response:
        return Response(shown(self._requested().check()))

    @extend_schema(
        summary="Place, move or take off, and tell those who notice",
        tags=["board"],
        request=MOVE,
        responses={201: MoveSerializer, **ERRORS},
        examples=EXAMPLES,
    )
    def create(self, request: api.SignedIn) -> Response:
        return Response(MoveSerializer(self._requested().carry_out(by=request.user)).data, status=201)

    @extend_schema(
        summary="Where a case or session could go in a week, and why not elsewhere",
        tags=["board"],
        parameters=[PlacesSerializer],
        responses={200: SpotsSerializer, **ERRORS},
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def places(self, request: api.SignedIn) -> Response:
        given = api.parameters(PlacesSerializer, self)
        subject = given.get("case") or given["session"]
        institution = MoveRequest(subject=subject, where=None).institution
        self._require(institution)
        if institution is None:
            raise serializers.ValidationError({"case": [_("The case has no team yet, so no board.")]})
        return Response(SpotsSerializer(board_cells.of(subject, institution, given["week"])).data)

    def _own(self) -> Move:
        move: Move = self.get_object()
        access.require(self.request.user, "plan.request", [move.institution])
        return move

    @extend_schema(
        summary="What undoing would do; nothing is written",
        tags=["board"],
        request=None,
        responses={200: CheckSerializer, **ERRORS},
    )
    @action(methods=["post"], detail=True, url_path="undo/check")
    def check_undo(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return Response(shown(dry_run.of_undo(self._own())))

    @extend_schema(
        summary="Undo one's own change, as long as nothing newer touches it",
        tags=["board"],
        request=ConsentSerializer,
        responses={200: MoveSerializer, **ERRORS},
    )
    @action(methods=["post"], detail=True)
    def undo(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        given = api.checked(ConsentSerializer, self)
        return Response(MoveSerializer(moves.undo(self._own(), by=request.user, **given)).data)
