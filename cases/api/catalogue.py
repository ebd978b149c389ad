"""The catalogue under /api/v1/: whatever its desk can do, by the same services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import django_filters
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import fields, mixins, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from cases.api import catalogue_serializers as shown
from cases.api import serializers as cases
from cases.catalogue import files, reviews, rule_diff, rule_list, rule_tester, rule_text, rulebook, wording  # fmt: skip
from cases.catalogue.core import evaluation, grammar
from cases.core import code_systems
from cases.diagnoses import code_search
from cases.models import CatalogueRule, RuleReview, Tier
from cases.selectors import catalogue_preview
from cases.services import workflow
from cases.states import RuleStatus
from mdt_portal import access, api, shell
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import StatusEvent
from mdt_portal.rest.filters import Changed, Ordering

TAGS = ["catalogue"]


def today(request: api.SignedIn) -> date:
    """The day at the reader's hospital."""
    return rulebook.today(getattr(shell.home(request.user), "zone", None))


def known_code(text: str) -> str:
    code = code_systems.who_code(text)
    if code is None:
        message = _("“%(code)s” is not a code of ICD-10.") % {"code": text}
        raise RuleError(message, code="unknown_code", fields={"code": [message]})
    return code


def mistake_rows(lines: Iterable[tuple[int, str, str, str]]) -> list[dict[str, Any]]:
    return [{"line": line, "rule": rule, "place": place, "text": text} for line, rule, place, text in lines]


# Asking the catalogue -------------------------------------------------------------------------------------------------


class EvaluateView(APIView):
    @extend_schema(
        summary="What the catalogue says to these facts; nothing is written",
        tags=TAGS,
        request=cases.FactsSerializer,
        responses={200: cases.AnswerSerializer, **api.errors(400)},
    )
    def post(self, request: api.SignedIn) -> Response:
        facts = api.checked(cases.FactsSerializer, self)
        found = workflow.evaluate_facts(institution=shell.home(request.user), **facts)
        return Response(cases.AnswerSerializer(cases.answer(found)).data)


class CodeSerializer(Serializer):
    code = fields.CharField(max_length=40, help_text="ICD-10")


class SearchSerializer(Serializer):
    search = fields.CharField(max_length=120, allow_blank=True)


class WantedFactsView(APIView):
    @extend_schema(
        summary="Which facts some rule asks for at a code",
        tags=TAGS,
        parameters=[CodeSerializer],
        responses={200: cases.FactSerializer(many=True), **api.errors(400)},
    )
    def get(self, request: api.SignedIn) -> Response:
        code = known_code(api.parameters(CodeSerializer, self)["code"])
        facts = evaluation.wanted_facts(code, rulebook.in_force(today(request)))
        rows = [{"fact": fact, "text": wording.fact_text(fact)} for fact in facts]
        return Response(cases.FactSerializer(rows, many=True).data)


class CodesView(APIView):
    @extend_schema(
        summary="Diagnoses that fit a code, English words or a Chinese name, the best first",
        tags=TAGS,
        parameters=[SearchSerializer],
        responses=cases.DiagnosisSerializer(many=True),
    )
    def get(self, request: api.SignedIn) -> Response:
        found = code_search.search(api.parameters(SearchSerializer, self)["search"], rulebook.in_force(today(request)))
        return Response(cases.DiagnosisSerializer(found, many=True).data)


class RuleTesterView(APIView):
    @extend_schema(
        summary="Which rules look at these facts, which apply, and why, clause by clause; also with the drafts",
        tags=TAGS,
        request=cases.FactsSerializer,
        responses={200: shown.RuleTesterSerializer, **api.errors(400)},
    )
    def post(self, request: api.SignedIn) -> Response:
        facts = workflow.checked_facts(**api.checked(cases.FactsSerializer, self))
        present = rulebook.in_force(today(request))
        drafts = [rulebook.parsed(row) for row in CatalogueRule.objects.filter(status=RuleStatus.DRAFT)]
        keys = {rule.key for rule in drafts}
        after = [*(rule for rule in present if rule.key not in keys), *drafts]
        found = {"in_force": self._rule_test(rule_tester.run(facts, present)), "with_drafts": None}
        if drafts:
            found["with_drafts"] = self._rule_test(rule_tester.run(facts, after))
        return Response(shown.RuleTesterSerializer(found).data)

    @staticmethod
    def _rule_test(trial: rule_tester.RuleTest) -> Any:
        return {"answer": cases.answer(trial.answer), "tried": trial.tried}


# Rules and their versions ---------------------------------------------------------------------------------------------


class RuleFilter(Changed):
    tier = django_filters.ChoiceFilter(choices=Tier.choices)
    code = django_filters.CharFilter(method="covering", label="ICD-10 code that the rule covers")
    search = django_filters.CharFilter(method="about", label="words of the key, the names or the source")
    evidence = django_filters.CharFilter("evidence__tier")
    disease_group = django_filters.CharFilter("content__disease_group")
    review_due = django_filters.BooleanFilter(method="to_review", label="in force, and its day of review has come")
    ordering = Ordering(rule_list.ORDERS)

    def covering(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        code = known_code(value)
        words = rulebook.known_words()
        return rows.filter(pk__in=[row.pk for row in rows if rulebook.parsed(row, words).width(code) is not None])

    def to_review(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        due = reviews.due(today(self.request)).values("pk")
        return rows.filter(pk__in=due) if value else rows.exclude(pk__in=due)

    def about(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        for word in value.split()[:8]:
            rows = rows.filter(
                Q(key__icontains=word)
                | Q(name_en__icontains=word)
                | Q(name_zh__icontains=word)
                | Q(source__icontains=word)
            )
        return rows


class StateSerializer(Serializer):
    state = fields.ChoiceField(
        [*rule_list.STATES],
        default="in_force",
        help_text="in_force if left out; withdrawn gives rules that were given up",
    )


class VersionSerializer(Serializer):
    version = fields.IntegerField(min_value=1, required=False, help_text="A version instead of the one in force.")


class TwoVersionsSerializer(Serializer):
    before = fields.IntegerField(min_value=1)
    after = fields.IntegerField(min_value=1)


class KindSerializer(Serializer):
    kind = fields.ChoiceField([*files.KINDS], default="json")


def listed_whole(summary: str, row: type[Serializer], **schema: Any) -> Callable[[Callable], Callable]:
    """An address below a rule that lists something in full, without pages and filters."""
    answers = {200: row(many=True), **api.errors(404)}
    described = extend_schema(summary=summary, tags=TAGS, responses=answers, filters=False, **schema)
    return lambda view: described(action(detail=True, pagination_class=None, filterset_class=None)(view))


@extend_schema_view(
    list=extend_schema(
        summary="The rules in force today, or in another state", tags=TAGS, parameters=[StateSerializer]
    ),
    retrieve=extend_schema(
        summary="One rule as it is today, or one of its versions",
        tags=TAGS,
        parameters=[VersionSerializer],
        responses={200: shown.RuleSerializer, **api.errors(404)},
    ),
)
class RuleViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    queryset = CatalogueRule.objects.none()
    serializer_class = shown.RuleSerializer
    filterset_class = RuleFilter
    lookup_field = "key"
    lookup_value_regex = "[A-Za-z0-9._-]+"

    def get_queryset(self) -> QuerySet[CatalogueRule]:
        rows = access.visible(self.request.user, CatalogueRule.objects.order_by(F("key").asc(), "-version"))
        if self.detail and (number := api.parameters(VersionSerializer, self).get("version")):
            return rows.filter(version=number)
        state = "in_force" if self.detail else api.parameters(StateSerializer, self)["state"]
        return rows.filter(pk__in=[pk for pk, one in self.states.items() if one == state])

    @property
    def states(self) -> dict[int, str]:
        """Where each version stands today; one query."""
        if not hasattr(self, "_states"):
            versions = rule_list.versions(rule_list.newest(), today(self.request))  # type: ignore[arg-type]
            self._states = {one.row.pk: one.state for one in versions}
        return self._states

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "states": self.states}

    def versions_of(self, key: str) -> list[rule_list.Version]:
        rows = access.visible(self.request.user, CatalogueRule.objects.filter(key=key).select_related("changed_by"))
        found = rule_list.versions(rows, today(self.request))  # type: ignore[arg-type]
        if not found:
            raise Http404
        return found

    @listed_whole("All versions of a rule: who, when, why", shown.RuleVersionSerializer)
    def versions(self, request: api.SignedIn, key: str) -> Response:
        return self._history(key)

    def _history(self, key: str) -> Response:
        found = self.versions_of(key)
        events: dict[int, list[StatusEvent]] = {}
        for event in StatusEvent.objects.filter(
            subject_type=CatalogueRule._meta.label_lower, subject_id__in=[one.row.pk for one in found]
        ).select_related("by"):
            events.setdefault(event.subject_id, []).append(event)
        rows = [
            {"row": one.row, "state": one.state, "label": one.label, "events": events.get(one.row.pk, [])}
            for one in found
        ]
        return Response(shown.RuleVersionSerializer(rows, many=True).data)

    @listed_whole(
        "Two versions of a rule field by field",
        shown.RuleChangeSerializer,
        parameters=[TwoVersionsSerializer],
    )
    def changes(self, request: api.SignedIn, key: str) -> Response:
        rows, wanted = (
            {one.row.version: one.row for one in self.versions_of(key)},
            api.parameters(TwoVersionsSerializer, self),
        )
        try:
            before, after = (rows[wanted[name]] for name in ("before", "after"))
        except KeyError:
            raise Http404 from None
        known, words = rule_text.names(), rulebook.known_words()
        found = rule_diff.changes(
            *(rule_diff.fields(row, rulebook.parsed(row, words), known) for row in (before, after))
        )
        return Response(shown.RuleChangeSerializer(found, many=True).data)

    @extend_schema(
        summary="Take a version back, with a reason",
        tags=TAGS,
        request=shown.RuleWithdrawSerializer,
        responses={200: shown.RuleVersionSerializer(many=True), **api.errors(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: api.SignedIn, key: str) -> Response:
        access.require(request.user, "catalogue.edit")
        given = api.checked(shown.RuleWithdrawSerializer, self)
        row = get_object_or_404(CatalogueRule, key=key, version=given["version"])
        rulebook.withdraw(row, by=request.user, reason=given["reason"])
        return self._history(key)

    @extend_schema(
        summary="Say that the version in force was looked at and stays, with a note and the day of the next look",
        tags=TAGS,
        request=shown.RuleReviewSerializer,
        responses={200: shown.RuleReviewedSerializer, **api.errors(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def review(self, request: api.SignedIn, key: str) -> Response:
        access.require(request.user, "catalogue.edit")
        given = api.checked(shown.RuleReviewSerializer, self)
        row = next((one.row for one in self.versions_of(key) if one.state == "in_force"), None)
        if row is None:
            raise Http404
        done = reviews.keep(row, by=request.user, today=today(request), **given)
        return Response(shown.RuleReviewedSerializer(done).data)

    @extend_schema(
        summary="The looks at a rule that changed nothing, the newest first",
        tags=TAGS,
        responses={200: shown.RuleReviewedSerializer(many=True), **api.errors(404)},
        filters=False,
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def reviews(self, request: api.SignedIn, key: str) -> Response:
        self.versions_of(key)
        rows = RuleReview.objects.filter(rule__key=key).select_related("rule", "by")
        return Response(shown.RuleReviewedSerializer(rows, many=True).data)


# Drafts, preview, publishing ------------------------------------------------------------------------------------------


class CheckView(APIView):
    @extend_schema(
        summary="Everything that is wrong with a rule; nothing is written",
        tags=TAGS,
        request=shown.RuleGivenSerializer,
        responses={200: shown.RuleCheckedSerializer, **api.errors(400)},
    )
    def post(self, request: api.SignedIn) -> Response:
        raw = api.checked(shown.RuleGivenSerializer, self)["rule"]
        words = rulebook.known_words()
        _rule, mistakes = rulebook.check(raw, words)
        lines = [(one.line, one.rule, one.place, wording.mistake_text(one)) for one in mistakes]
        sentence = "" if mistakes else rule_text.sentence(grammar.as_far_as_it_goes(raw, words), rule_text.names())
        found = {"fine": not mistakes, "mistakes": mistake_rows(lines), "sentence": sentence}
        return Response(shown.RuleCheckedSerializer(found).data)


class DraftsView(APIView):
    @extend_schema(
        summary="Save the next version of a rule as a draft",
        tags=TAGS,
        request=shown.RuleDraftSerializer,
        responses={201: shown.RuleSerializer, **api.errors(400, 403, 409)},
    )
    def post(self, request: api.SignedIn) -> Response:
        access.require(request.user, "catalogue.edit")
        given = api.checked(shown.RuleDraftSerializer, self)
        row = rulebook.save_draft(given["rule"], by=request.user, reason=given["reason"], version=given.get("version"))
        return Response(shown.RuleSerializer(row, context={"states": {}}).data, status=201)


class PreviewView(APIView):
    @extend_schema(
        summary="Whose tier drafts would change, and what they cost each discipline; nothing is written",
        tags=TAGS,
        request=shown.WhichDraftsSerializer,
        responses={200: shown.CataloguePreviewSerializer, **api.errors(400, 403)},
    )
    def post(self, request: api.SignedIn) -> Response:
        access.require(request.user, "catalogue.preview")
        given = api.checked(shown.WhichDraftsSerializer, self)
        drafts = {row.key: row for row in CatalogueRule.objects.filter(status=RuleStatus.DRAFT)}
        keys = given.get("drafts", list(drafts))
        if unknown := [key for key in keys if key not in drafts]:
            message = _("There is no draft of %(rule)s.") % {"rule": unknown[0]}
            raise RuleError(message, code="no_draft", fields={"drafts": [message]})
        on = max(given.get("valid_from", today(request)), today(request))
        found = catalogue_preview.of_drafts(
            [drafts[key] for key in keys], on=on, now=timezone.now(), reader=request.user
        )
        return Response(shown.CataloguePreviewSerializer(found).data)


def drafts_named(given: Iterable[Mapping[str, Any]]) -> list[CatalogueRule]:
    """The drafts in the order in which they were named. Raises StaleState where one is none any more."""
    drafts = {(row.key, row.version): row for row in CatalogueRule.objects.filter(status=RuleStatus.DRAFT)}
    names = [(one["key"], one["version"]) for one in given]
    if any(name not in drafts for name in names):
        raise StaleState(_("A draft was changed in the meantime. Look at the preview again."))
    return [drafts[name] for name in dict.fromkeys(names)]


class PublishView(APIView):
    @extend_schema(
        summary="Publish drafts together from a day on, with a reason",
        description="400 `needs_approval` where a second person must approve one of them: POST to `approvals/` then.",
        tags=TAGS,
        request=shown.RulePublishSerializer,
        responses={200: shown.RuleSerializer(many=True), **api.errors(400, 403, 409)},
    )
    def post(self, request: api.SignedIn) -> Response:
        access.require(request.user, "catalogue.edit")
        given = api.checked(shown.RulePublishSerializer, self)
        rows = rulebook.release(
            drafts_named(given["drafts"]),
            by=request.user,
            valid_from=given["valid_from"],
            reason=given["reason"],
            not_before=today(request),
        )
        states = {one.row.pk: one.state for one in rule_list.versions(rule_list.newest(), today(request))}
        return Response(shown.RuleSerializer(rows, many=True, context={"states": states}).data)


# Files ----------------------------------------------------------------------------------------------------------------


class ImportView(APIView):
    @extend_schema(
        summary="A file of rules: all its mistakes, or what it would change; with `confirm` it is written as drafts",
        tags=TAGS,
        request=shown.RuleFileSerializer,
        responses={200: shown.RuleImportedSerializer, **api.errors(400, 403)},
    )
    def post(self, request: api.SignedIn) -> Response:
        access.require(request.user, "catalogue.edit")
        given = api.checked(shown.RuleFileSerializer, self)
        read = files.read(given["text"])
        plan = files.plan(read, rule_text.names())
        write = given["confirm"] and not read.file.mistakes
        if write:
            files.take_in(read, by=request.user, reason=given["reason"])
        found = {
            "written": write,
            "mistakes": mistake_rows(read.lines),
            "hints": mistake_rows(read.hints),
            "new": plan.new,
            "changed": plan.changed,
            "unchanged": plan.unchanged,
        }
        return Response(shown.RuleImportedSerializer(found).data)


class ExportView(APIView):
    @extend_schema(
        summary="The rules in force today as a file; importing it changes nothing",
        tags=TAGS,
        parameters=[KindSerializer],
        responses={
            (200, mime.partition(";")[0]): OpenApiTypes.OBJECT if kind == "json" else OpenApiTypes.STR
            for kind, mime in files.KINDS.items()
        },
    )
    def get(self, request: api.SignedIn) -> HttpResponse:
        kind = api.parameters(KindSerializer, self)["kind"]
        return HttpResponse(files.export(kind, today(request)), content_type=files.KINDS[kind])
