"""The approvals of rules under /api/v1/catalogue/approvals/: asked for by one person, decided by another."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from cases.api import catalogue
from cases.api import catalogue_serializers as shown
from cases.catalogue import approvals
from cases.models import RuleApproval
from mdt_portal import access, api

ERRORS = api.errors(400, 403, 404, 409)


class WhichSerializer(serializers.Serializer):
    open = serializers.BooleanField(
        default=True, help_text="true, or left out: about which nobody has decided; false: all."
    )


@extend_schema_view(
    list=extend_schema(
        summary="Drafts that wait for a second person's approval",
        tags=catalogue.TAGS,
        parameters=[WhichSerializer],
        responses={200: shown.RuleApprovalSerializer(many=True), **api.errors(400, 403)},
    ),
    retrieve=extend_schema(
        summary="One approval: what was asked for, and what was decided",
        tags=catalogue.TAGS,
        responses={200: shown.RuleApprovalSerializer, **api.errors(403, 404)},
    ),
)
class ApprovalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Whose effect `catalogue/preview/` shows. Nobody approves what they asked for themselves."""

    queryset = RuleApproval.objects.none()
    serializer_class = shown.RuleApprovalSerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = api.PublicIdMixin.lookup_value_regex

    def get_queryset(self) -> QuerySet[RuleApproval]:
        access.require(self.request.user, "catalogue.preview")
        rows = RuleApproval.objects.order_by("-pk")
        if not self.detail and api.parameters(WhichSerializer, self)["open"]:
            rows = RuleApproval.objects.open()
        return rows.select_related("requested_by", "decided_by").prefetch_related("rules")

    @extend_schema(
        summary="Ask that drafts be published together from a day on, with a reason",
        tags=catalogue.TAGS,
        request=shown.RulePublishSerializer,
        responses={201: shown.RuleApprovalSerializer, **api.errors(400, 403, 409)},
    )
    def create(self, request: api.SignedIn) -> Response:
        access.require(request.user, "catalogue.edit")
        given = api.checked(shown.RulePublishSerializer, self)
        asked = approvals.ask(
            catalogue.drafts_named(given["drafts"]),
            by=request.user,
            valid_from=given["valid_from"],
            reason=given["reason"],
            not_before=catalogue.today(request),
        )
        return self._render(asked, 201)

    @extend_schema(
        summary="Approve: the drafts are published from their day, or from today where it is over",
        description="403 `second_person_needed` for who asked; 409 where a draft was changed since.",
        tags=catalogue.TAGS,
        request=None,
        responses={200: shown.RuleApprovalSerializer, **ERRORS},
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        asked = self._approval(request)
        approvals.approve(asked, by=request.user, not_before=catalogue.today(request))
        return self._render(asked)

    @extend_schema(
        summary="Send the drafts back with a reason; they stay drafts",
        tags=catalogue.TAGS,
        request=shown.RuleSendBackSerializer,
        responses={200: shown.RuleApprovalSerializer, **ERRORS},
    )
    @action(detail=True, methods=["post"], url_path="send-back")
    def send_back(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        asked = self._approval(request)
        approvals.send_back(asked, by=request.user, reason=api.checked(shown.RuleSendBackSerializer, self)["reason"])
        return self._render(asked)

    @extend_schema(
        summary="Take back what one asked for oneself",
        tags=catalogue.TAGS,
        request=None,
        responses={200: shown.RuleApprovalSerializer, **ERRORS},
    )
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        asked = self._approval(request)
        approvals.take_back(asked, by=request.user)
        return self._render(asked)

    def _approval(self, request: api.SignedIn) -> RuleApproval:
        access.require(request.user, "catalogue.edit")
        return get_object_or_404(self.get_queryset(), public_id=self.kwargs["id"])

    def _render(self, asked: RuleApproval, status: int = 200) -> Response:
        row = RuleApproval.objects.select_related("requested_by", "decided_by").get(pk=asked.pk)
        return Response(shown.RuleApprovalSerializer(row).data, status=status)
