"""Why a case has no place or a late one, and applying what would help."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response

from cases.models import Case
from experts.models import Expert
from mdt_portal import access, api
from scheduling.explain import remedies, setup_gaps, why_not, why_not_text
from scheduling.models import Proposal
from scheduling.solver.explain.explain import ORDER

CODES = [*ORDER, "extend_limit"]


class StepSerializer(serializers.Serializer):
    """One rule, and how many possible starts it removed of those that the rules before it had left."""

    text = serializers.CharField()
    removed = serializers.IntegerField()
    left = serializers.IntegerField()
    decides = serializers.BooleanField(help_text="It is part of the explanation.")


class RemedySerializer(serializers.Serializer):
    """One change that helps, tried for real; apply it with its code, seat and expert."""

    code = serializers.ChoiceField([(code, code) for code in CODES])
    title = serializers.CharField()
    detail = serializers.CharField()
    start = serializers.DateTimeField(help_text="When the case could begin.")
    days_late = serializers.IntegerField()
    seat = serializers.IntegerField(allow_null=True)
    expert = serializers.CharField(allow_null=True)
    needs_reason = serializers.BooleanField()


class SetupGapSerializer(serializers.Serializer):
    """What the hospital has not set up, so that the case can never have a place."""

    code = serializers.CharField()
    text = serializers.CharField()
    mend = serializers.ChoiceField([(one, one) for one in ("people", "time", "hours", "blocks", "rooms")])
    discipline = serializers.CharField(help_text="Key of the seat's discipline; empty where it is about no seat.")
    experts = api.NamedSerializer(many=True, help_text="Whose time it is about.")


class WhyNotSerializer(serializers.Serializer):
    case = serializers.CharField(source="number")
    start = serializers.DateTimeField(allow_null=True, help_text="Its late place; null: it has none.")
    on_time = serializers.BooleanField(help_text="It has a place within its limit; there is nothing to explain.")
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why, one sentence each.")
    setup_gaps = SetupGapSerializer(many=True, help_text="What is not set up; while there are any, no plan can help.")
    steps = StepSerializer(many=True)
    remedies = RemedySerializer(many=True, help_text="The least late first, then the smallest change.")


class InPlanSerializer(serializers.Serializer):
    proposal = serializers.CharField(required=False, help_text="In this plan; without: beside what is published.")


class ApplySerializer(serializers.Serializer):
    code = serializers.ChoiceField([(code, code) for code in CODES])
    seat = serializers.IntegerField(required=False, allow_null=True)
    expert = api.PublicId(Expert, required=False, allow_null=True)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)
    proposal = api.PublicId(Proposal, required=False, allow_null=True)


def explained(case: Case, proposal: Proposal | None) -> dict[str, Any]:
    found = why_not.of(case, proposal=proposal)
    known = why_not_text.names(found)
    lines = why_not_text.remedies(case, found, known)
    gaps = setup_gaps.of(case, found, known)
    return {
        "number": case.number,
        "start": found.start,
        "on_time": found.on_time,
        "reasons": [gap.text for gap in gaps] or why_not_text.sentences(found, known),
        "setup_gaps": gaps,
        "steps": why_not_text.steps(found, known),
        "remedies": [
            {
                "code": line.remedy.code,
                "title": line.title,
                "detail": line.detail,
                "start": found.basis.horizon.moment(line.remedy.start_min),
                "days_late": line.remedy.days_late,
                "seat": line.remedy.seat,
                "expert": line.expert or None,
                "needs_reason": line.remedy.code in remedies.WITH_REASON,
            }
            for line in lines
        ],
    }


class _OneCase(GenericAPIView):
    queryset = Case.objects.none()

    def case(self) -> Case:
        rows = access.visible(self.request.user, Case.objects.select_related("team__institution"))
        return get_object_or_404(rows, public_id=self.kwargs["id"])


class WhyNotView(_OneCase):
    serializer_class = WhyNotSerializer

    @extend_schema(
        summary="Why a case has no place or a late one, and what would help",
        tags=["planning"],
        parameters=[InPlanSerializer],
        responses={200: WhyNotSerializer, **api.errors(400, 403, 404)},
    )
    def get(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case()
        access.require(request.user, "plan.view", None)
        wanted = api.parameters(InPlanSerializer, self).get("proposal")
        offers = access.visible(request.user, Proposal.objects.select_related("run"))
        proposal = get_object_or_404(offers, public_id=wanted) if wanted else None
        return Response(WhyNotSerializer(explained(case, proposal)).data)


class RemedyView(_OneCase):
    serializer_class = ApplySerializer

    @extend_schema(
        summary="Apply what would help; it is tried again first",
        tags=["planning"],
        request=ApplySerializer,
        responses={200: WhyNotSerializer, **api.errors(400, 403, 404, 409)},
    )
    def post(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case()
        access.require(request.user, "case.plan", case)
        given = api.checked(ApplySerializer, self)
        expert = given.pop("expert", None)
        remedies.apply(case, by=request.user, expert=expert.pk if expert else None, **given)
        case.refresh_from_db()
        return Response(WhyNotSerializer(explained(case, None)).data)
