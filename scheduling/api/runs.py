"""Planning runs: ask for one, watch it, stop it, put it aside, publish what it proposes."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from experts import roles
from experts.models import Institution, Role
from mdt_portal import access, api
from mdt_portal.errors import Conflict
from mdt_portal.rest.filters import Changed, Ordering
from scheduling.api.proposals import (
    AlternativeSerializer,
    FiguresSerializer,
    FittedSerializer,
    GoalsSerializer,
    ProposalSerializer,
    PublishedSerializer,
    ReasonedChangeSerializer,
    detail_of,
    fitted_json,
    reasoned_changes,
    summary,
)
from scheduling.explain import solver_text
from scheduling.models import PlanningRun, Proposal, ProposalKind, RunTrigger
from scheduling.planning import comparison, runs
from scheduling.publishing import fitting, publication
from scheduling.selectors import list_orders
from scheduling.states import RunStatus


class ProgressSerializer(serializers.Serializer):
    """One step of the search: what the best plan reaches, and what no plan can beat."""

    seconds = serializers.FloatField()
    phase = serializers.CharField(help_text="greedy, search, proof, done")
    goals = serializers.ListField(child=serializers.IntegerField())
    bound = serializers.ListField(child=serializers.IntegerField(allow_null=True), allow_null=True)
    tasks_done = serializers.IntegerField(default=0, help_text="Parts of the search.")
    tasks_helped = serializers.IntegerField(default=0, help_text="Of these, by other workers than the run's own.")
    tasks_lost = serializers.IntegerField(default=0, help_text="Lost with their worker; others take their place.")
    workers = serializers.IntegerField(default=1, help_text="At work at that moment.")


class OfferSerializer(serializers.Serializer):
    """A proposal in its run; the whole of it stands at `proposals/{id}/`."""

    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(ProposalKind.choices)
    goals = GoalsSerializer()
    gap = serializers.FloatField(allow_null=True)
    figures = serializers.SerializerMethodField()
    published_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(FiguresSerializer(allow_null=True))
    def get_figures(self, offer: Proposal) -> Any:
        """Null for an old one that did not keep them."""
        return offer.figures or None


class FailureSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class RunRowSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(RunStatus.choices)
    status_text = serializers.CharField(source="get_status_display")
    institutions = api.NamedSerializer(many=True)
    zone = serializers.SerializerMethodField()
    horizon_start = serializers.DateField()
    horizon_days = serializers.IntegerField()
    seconds = serializers.IntegerField(help_text="Time limit of the search.")
    trigger = serializers.ChoiceField(RunTrigger.choices)
    requested_by = serializers.StringRelatedField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    heartbeat_at = serializers.DateTimeField(allow_null=True, help_text="The worker's last sign of life.")
    finished_at = serializers.DateTimeField(allow_null=True)
    based_on = serializers.CharField(
        source="based_on.public_id", allow_null=True, default=None, help_text="The run that this one repeats."
    )
    attempts = serializers.IntegerField(help_text="More than one: a worker was lost and another took over.")
    stop_requested = serializers.BooleanField()
    failure = serializers.SerializerMethodField()
    proposals = OfferSerializer(many=True)

    def get_zone(self, run: PlanningRun) -> str | None:
        return next((institution.zone for institution in run.institutions.all()), None)

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, run: PlanningRun) -> Any:
        return {"code": run.failure["code"], "message": solver_text.failure_text(run.failure)} if run.failure else None


class RunSerializer(RunRowSerializer):
    progress = ProgressSerializer(many=True)


@api.example({"horizon_start": "2026-12-07", "horizon_days": 14, "seconds": 20}, "Two weeks")
class NewRunSerializer(serializers.Serializer):
    institutions = api.PublicId(
        Institution, many=True, required=False, help_text="Without: all hospitals that one coordinates."
    )
    horizon_start = serializers.DateField(required=False, help_text="Any day of the first week; without: this week.")
    horizon_days = serializers.IntegerField(min_value=1, max_value=56, default=14)
    seconds = serializers.IntegerField(min_value=1, max_value=runs.MAX_SECONDS, required=False)
    alternatives = serializers.BooleanField(default=False, help_text="Also plans that are better in one respect.")


class RunFilter(Changed):
    ordering = Ordering(list_orders.RUNS)
    status = django_filters.MultipleChoiceFilter(choices=RunStatus.choices)
    institution = django_filters.CharFilter(method="of_institution")

    def of_institution(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=PlanningRun.objects.filter(institutions__public_id=value).values("pk"))


ONE_RUN = {200: RunSerializer, **api.errors(403, 404, 409)}


@extend_schema_view(
    list=extend_schema(summary="Planning runs, the newest first", tags=["planning"]),
    retrieve=extend_schema(
        summary="One run with its progress", tags=["planning"], responses={200: RunSerializer, **api.errors(404)}
    ),
)
class RunViewSet(api.PublicIdMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    queryset = PlanningRun.objects.none()
    filterset_class = RunFilter

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return RunRowSerializer if self.action == "list" else RunSerializer

    def get_queryset(self) -> QuerySet[PlanningRun]:
        rows = self.visible(PlanningRun.objects.defer("problem").order_by("-pk")).select_related(
            "requested_by", "based_on"
        )
        offers = Proposal.objects.defer("plan").order_by("pk")
        return rows.prefetch_related(
            Prefetch("institutions", Institution.objects.order_by("pk")), Prefetch("proposals", offers)
        )

    def controlled(self, permission: str = "run.control") -> PlanningRun:
        run: PlanningRun = self.get_object()
        access.require(self.request.user, permission, run)
        return run

    def render(self, run: PlanningRun, status: int = 200) -> Response:
        return Response(RunSerializer(self.get_queryset().get(pk=run.pk)).data, status=status)

    @extend_schema(
        summary="Ask for a plan; a worker computes it",
        tags=["planning"],
        parameters=[api.IDEMPOTENCY_KEY],
        request=NewRunSerializer,
        responses={200: RunSerializer, 201: RunSerializer, **api.errors(400, 403)},
    )
    def create(self, request: api.SignedIn) -> Response:
        access.require(request.user, "plan.request", None)
        key = api.idempotency_key(request)
        given = api.checked(NewRunSerializer, self)
        scope = given.pop("institutions", None) or list(roles.institutions(request.user, Role.COORDINATOR))
        access.require(request.user, "plan.request", scope)
        known = bool(key) and PlanningRun.objects.filter(requested_by=request.user, idempotency_key=key).exists()
        run = runs.request_run(
            by=request.user, institutions=scope, trigger=RunTrigger.API, idempotency_key=key, **given
        )
        return self.render(run, 200 if known else 201)

    @extend_schema(
        summary="End the search early, with the best plan so far", tags=["planning"], request=None, responses=ONE_RUN
    )
    @action(methods=["post"], detail=True)
    def stop(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        run = self.controlled()
        runs.request_stop(run, by=request.user)
        return self.render(run)

    @extend_schema(summary="Put the proposals aside", tags=["planning"], request=None, responses=ONE_RUN)
    @action(methods=["post"], detail=True)
    def discard(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        run = self.controlled()
        runs.discard(run, by=request.user)
        return self.render(run)

    @extend_schema(
        summary="Plan once more, with the pins, bans and other changes of now",
        tags=["planning"],
        parameters=[api.IDEMPOTENCY_KEY],
        request=None,
        responses={201: RunSerializer, **api.errors(403, 404)},
    )
    @action(methods=["post"], detail=True)
    def again(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        run = self.controlled()
        key = api.idempotency_key(request)
        return self.render(runs.request_again(run, by=request.user, trigger=RunTrigger.API, key=key), 201)

    @extend_schema(
        summary="The run's plans side by side",
        tags=["planning"],
        responses={200: AlternativeSerializer(many=True), **api.errors(404)},
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def alternatives(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        table = comparison.of(self.get_object())
        return Response(AlternativeSerializer(table.columns if table else [], many=True).data)

    @extend_schema(
        summary="Publish the run's only proposal",
        tags=["planning"],
        request=None,
        responses={200: PublishedSerializer, **api.errors(403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def publish(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        run = self.controlled("plan.publish")
        offers = list(run.proposals.all())
        if len(offers) != 1:
            raise Conflict(
                _("The run has %(number)s proposals; publish one of them by its id.") % {"number": len(offers)}
            )
        return publish(offers[0], request)


class ProposalViewSet(api.PublicIdMixin, viewsets.GenericViewSet):
    queryset = Proposal.objects.none()
    serializer_class = ProposalSerializer

    def get_queryset(self) -> QuerySet[Proposal]:
        return self.visible(Proposal.objects.select_related("run"))

    @extend_schema(
        summary="A proposed plan: what it reaches, what it changes, whom it leaves out and why",
        tags=["planning"],
        responses={200: ProposalSerializer, **api.errors(404)},
    )
    def retrieve(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return Response(ProposalSerializer(detail_of(self.get_object())).data)

    @extend_schema(
        summary="What the plan changes, and what each change buys",
        description="Each changed session is left as it was, and the rest of the plan fitted around it. Takes seconds.",
        tags=["planning"],
        responses={200: ReasonedChangeSerializer(many=True), **api.errors(404)},
    )
    @action(detail=True, pagination_class=None)
    def reasons(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        return Response(ReasonedChangeSerializer(reasoned_changes(self.get_object(), request.user), many=True).data)

    @extend_schema(
        summary="Fit the plan to the present week: what still holds is kept, what clashes is planned anew",
        description="Answers a new proposal, which takes the place of this one's run. Nothing is published.",
        tags=["planning"],
        request=None,
        responses={201: FittedSerializer, **api.errors(400, 403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def fit(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        proposal: Proposal = self.get_object()
        access.require(request.user, "plan.publish", proposal.run)
        fitted = fitting.fit(proposal, by=request.user)
        return Response(FittedSerializer(fitted_json(fitted)).data, status=201)

    @extend_schema(
        summary="Make the plan binding and invite its people",
        tags=["planning"],
        request=None,
        responses={200: PublishedSerializer, **api.errors(403, 404, 409)},
    )
    @action(methods=["post"], detail=True)
    def publish(self, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        proposal: Proposal = self.get_object()
        access.require(request.user, "plan.publish", proposal.run)
        return publish(proposal, request)


def publish(proposal: Proposal, request: api.SignedIn) -> Response:
    outcome = publication.publish(proposal, by=request.user)
    return Response(PublishedSerializer(summary(proposal, outcome)).data)
