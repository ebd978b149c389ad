"""The coordinator's list under /api/v1/: actions on several cases at once, and the views that one keeps."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.selectors import case_queue
from cases.services import bulk
from mdt_portal import api, saved_views
from mdt_portal.models import SavedView
from mdt_portal.rest.filters import Changed


class BulkSerializer(serializers.Serializer):
    action = serializers.ChoiceField(
        ["remind", "evaluate", "team"],
        help_text="ask the referrers for what is missing; ask the catalogue again; give to a team",
    )
    cases = serializers.ListField(child=serializers.CharField(), max_length=bulk.MOST)
    team = serializers.CharField(required=False, default="", help_text="for `team`: the team's id")


class BulkAnswerSerializer(serializers.Serializer):
    level = serializers.ChoiceField(["ok", "info", "warn"])
    message = serializers.CharField(help_text="what became of it; each refused case with its reason")


class BulkView(APIView):
    @extend_schema(
        summary="Do one action to several cases; each is a transaction of its own",
        tags=["cases"],
        request=BulkSerializer,
        responses={200: BulkAnswerSerializer, **api.errors(400, 403)},
    )
    def post(self, request: api.SignedIn) -> Response:
        asked = api.checked(BulkSerializer, self)  # type: ignore[arg-type]
        cases = bulk.chosen(request.user, asked["cases"])
        level, message = bulk.perform(asked["action"], cases, by=request.user, team_id=asked["team"])
        return Response({"level": level, "message": message})


class SavedViewSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id", read_only=True)
    name = serializers.CharField(max_length=40)
    filters = serializers.DictField(
        child=serializers.CharField(), write_only=True, help_text=", ".join(case_queue.KEPT)
    )
    query = serializers.CharField(read_only=True)


@extend_schema_view(
    list=extend_schema(summary="One's own views of the queue", tags=["saved views"]),
    create=extend_schema(
        summary="Keep filters under a name; the same name again replaces them",
        tags=["saved views"],
        responses={201: SavedViewSerializer, **api.errors(400)},
    ),
    destroy=extend_schema(summary="Drop a view", tags=["saved views"], responses={204: None, **api.errors(404)}),
)
class SavedViewViewSet(api.PublicIdMixin, mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    serializer_class = SavedViewSerializer
    queryset = SavedView.objects.none()
    filterset_class = Changed

    def get_queryset(self) -> QuerySet[SavedView]:
        return SavedView.objects.filter(user=self.request.user.pk, page=case_queue.PAGE)

    def create(self, request: api.SignedIn) -> Response:
        asked = api.checked(SavedViewSerializer, self)
        view = saved_views.keep(by=request.user, page=case_queue.PAGE, known=case_queue.KEPT, **asked)
        return Response(SavedViewSerializer(view).data, status=201)

    def perform_destroy(self, instance: SavedView) -> None:
        saved_views.drop(instance)
