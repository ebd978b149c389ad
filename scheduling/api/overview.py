"""What leads everywhere else under /api/v1/: the work that waits, the search, and what changed meanwhile."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from mdt_portal import api
from scheduling.selectors import global_search, news, today, worklist

TAGS = ["overview"]
PAGE = "The page of the portal; a public id stands in it."


class EntrySerializer(serializers.Serializer):
    """One thing that waits for one's own hand."""

    kind = serializers.CharField(help_text=", ".join(f"`{kind}`" for kind in worklist.KINDS))
    what = serializers.CharField()
    detail = serializers.CharField()
    due = serializers.DateTimeField(allow_null=True, help_text="The limit by which the list is ordered; null: none.")
    since = serializers.DateTimeField(allow_null=True, help_text="How long it has waited where there is no limit.")
    action = serializers.CharField(help_text="What to do next.")
    url = serializers.CharField(help_text=PAGE)


class SearchedSerializer(serializers.Serializer):
    q = serializers.CharField(
        max_length=200, allow_blank=True, help_text=f"At least {global_search.SHORTEST} letters; else nothing is found."
    )


class HitSerializer(serializers.Serializer):
    title = serializers.CharField()
    detail = serializers.CharField()
    number = serializers.CharField(help_text="A case's; else empty.")
    state = serializers.CharField(source="state.value", allow_null=True, default=None)
    url = serializers.CharField(help_text=PAGE)


class HitsSerializer(serializers.Serializer):
    kind = serializers.CharField(source="label", help_text="In the reader's language.")
    hits = HitSerializer(many=True)
    more = serializers.BooleanField(help_text=f"There are more than the {global_search.MOST} that are listed.")


class NewsItemSerializer(serializers.Serializer):
    """Where one thing stood and where it stands; `by` is null where the portal did it."""

    at = serializers.DateTimeField()
    by = serializers.StringRelatedField(allow_null=True)
    what = serializers.CharField()
    detail = serializers.CharField()
    old = serializers.CharField(source="old.value")
    new = serializers.CharField(source="new.value")
    url = serializers.CharField(help_text=PAGE)


class NewsOfKindSerializer(serializers.Serializer):
    kind = serializers.CharField(source="label", help_text="In the reader's language.")
    items = NewsItemSerializer(many=True)


class NewsSerializer(serializers.Serializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="Send it back to say that all of this was seen.")
    groups = NewsOfKindSerializer(many=True)


class SeenSerializer(serializers.Serializer):
    until = serializers.DateTimeField()


class TodayView(APIView):
    @extend_schema(
        summary="What waits for one's own hand, the nearest limit first",
        tags=TAGS,
        responses=EntrySerializer(many=True),
    )
    def get(self, request: api.SignedIn) -> Response:
        return Response(EntrySerializer(today.work(request.user, timezone.now()), many=True).data)


class SearchView(APIView):
    @extend_schema(
        summary="Cases, sessions and people that fit; a find by a patient's whole name is recorded",
        tags=TAGS,
        parameters=[SearchedSerializer],
        responses=HitsSerializer(many=True),
    )
    def get(self, request: api.SignedIn) -> Response:
        found = global_search.find(api.parameters(SearchedSerializer, self)["q"], request.user)
        return Response(HitsSerializer(found, many=True).data)


class ChangesView(APIView):
    @extend_schema(summary="What others changed since one last looked", tags=TAGS, responses=NewsSerializer)
    def get(self, request: api.SignedIn) -> Response:
        now = timezone.now()
        found = {"since": news.last_visit(request.user, now), "until": now, "groups": news.of(request.user, now)}
        return Response(NewsSerializer(found).data)

    @extend_schema(
        summary="Say that one has seen what happened until then",
        tags=TAGS,
        request=SeenSerializer,
        responses={204: None, **api.errors(400)},
    )
    def post(self, request: api.SignedIn) -> Response:
        news.mark_seen(by=request.user, until=api.checked(SeenSerializer, self)["until"])
        return Response(status=204)
