"""Changes by hand: where something could go, what a change would do, the change itself, and its undoing."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from cases.models import Case
from experts.models import Expert
from mdt_portal import access, api
from scheduling.board import dry_run, moves
from scheduling.board.core.severity import Severity
from scheduling.board.dry_run import Check, Where
from scheduling.board.move_requests import MoveRequest
from scheduling.models import Move, MoveKind, Room, Session
from scheduling.problem.core.plan_diff import ChangeKind, PlanChange
from scheduling.selectors import board_cells
from scheduling.selectors.weeks import Week

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


class TargetSerializer(serializers.Serializer):
    """What moves (a case or a session) and where to: into a session, to a start of its own, or off the board."""

    case = api.PublicId(Case, required=False)
    session = api.PublicId(Session, required=False)
    into = api.PublicId(Session, required=False, help_text="A session of the case's team that takes it in.")
    start = serializers.DateTimeField(required=False)
    room = api.PublicId(Room, required=False, help_text="Without: the tightest room that fits.")
    remote = serializers.BooleanField(default=False, help_text="A session by video, without a room.")
    take_off = serializers.BooleanField(default=False, help_text="The case waits again.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("case" in given) == ("session" in given):
            raise serializers.ValidationError(_("Name a case or a session."))
        if not (given["take_off"] or "into" in given or "start" in given or "room" in given):
            raise serializers.ValidationError(_("Say where to: into, start, room or take_off."))
        if "case" in given and "room" in given and "start" not in given:
            raise serializers.ValidationError({"start": [_("A case needs a start of its own.")]})
        return given


class NewMoveSerializer(ConsentSerializer, TargetSerializer):
    pass


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
PLACES = [
    OpenApiParameter("case", str, description="public id of a case"),
    OpenApiParameter("session", str, description="public id of a session, instead of a case"),
    OpenApiParameter("week", str, required=True, description="such as 2026-W48"),
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

    def get_queryset(self) -> QuerySet[Move]:
        return self.visible(Move.objects.select_related("by", "institution").order_by("-pk"))

    def _requested(self, given: dict[str, Any], **consent: Any) -> MoveRequest:
        """What moves where to. Raises NotAllowed for other hospitals' boards."""
        where = None
        if not given["take_off"]:
            where = Where(
                session=given.get("into"), start=given.get("start"), room=given.get("room"), remote=given["remote"]
            )
        asked = MoveRequest(subject=given.get("case") or given["session"], where=where, **consent)
        access.require(self.request.user, "plan.request", [asked.institution] if asked.institution else None)
        return asked

    @extend_schema(
        summary="What a change would do; nothing is written",
        tags=["board"],
        request=TargetSerializer,
        responses={200: CheckSerializer, **ERRORS},
        filters=False,
    )
    @action(methods=["post"], detail=False, pagination_class=None)
    def check(self, request: api.SignedIn) -> Response:
        return Response(shown(self._requested(api.checked(TargetSerializer, self)).check()))

    @extend_schema(
        summary="Place, move or take off, and tell those who notice",
        tags=["board"],
        request=NewMoveSerializer,
        responses={201: MoveSerializer, **ERRORS},
    )
    def create(self, request: api.SignedIn) -> Response:
        given = api.checked(NewMoveSerializer, self)
        asked = self._requested(given, acknowledged=given["acknowledged"], expected=given["expected"])
        move = asked.carry_out(by=request.user)
        return Response(MoveSerializer(move).data, status=201)

    @extend_schema(
        summary="Where a case or session could go in a week, and why not elsewhere",
        tags=["board"],
        parameters=PLACES,
        responses={200: SpotsSerializer, **ERRORS},
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def places(self, request: api.SignedIn) -> Response:
        asked = {key: request.query_params[key] for key in ("case", "session") if key in request.query_params}
        given = api.checked(TargetSerializer, self, asked | {"take_off": True})
        asked_for = self._requested(given)
        week = Week.parse(request.query_params.get("week", ""))
        if week is None:
            raise serializers.ValidationError({"week": [_("Write the week as 2026-W48.")]})
        assert asked_for.institution is not None
        return Response(SpotsSerializer(board_cells.of(asked_for.subject, asked_for.institution, week)).data)

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
