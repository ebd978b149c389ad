"""After a discussion, under /api/v1/cases/: the recommendation, its signing, and the follow-ups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from cases.models import Case, FollowUp, FollowUpOutcome, Recommendation, WithPerson
from cases.services import aftercare
from experts.models import Expert
from mdt_portal import access, api
from mdt_portal.models import User

# What is shown --------------------------------------------------------------------------------------------------------


class PersonSerializer(serializers.Serializer):
    """Somebody by name; `expert` where it is one of ours."""

    who = serializers.SerializerMethodField()
    expert = api.NamedSerializer(allow_null=True)

    def get_who(self, row: WithPerson) -> str:
        return str(row.person)


class TaskSerializer(PersonSerializer):
    what = serializers.CharField()
    due = serializers.DateField(allow_null=True)


class AddendumSerializer(serializers.Serializer):
    """What was added after the signature; the recommendation itself stays as it was signed."""

    id = serializers.CharField(source="public_id")
    text = serializers.CharField()
    signed_at = serializers.DateTimeField()
    signed_by = serializers.StringRelatedField()


class RecommendationSerializer(PersonSerializer):
    """`signed_at` is null for a draft, which only those see who may sign it; `who` calls on `next_follow_up_on`."""

    text = serializers.CharField()
    tasks = TaskSerializer(many=True)
    next_follow_up_on = serializers.DateField(allow_null=True)
    signed_at = serializers.DateTimeField(allow_null=True)
    signed_by = serializers.StringRelatedField(allow_null=True)
    in_time = serializers.BooleanField(allow_null=True, help_text="Signed by the end of the next working day.")
    version = serializers.IntegerField()
    addenda = AddendumSerializer(many=True, help_text="In the order in which they were signed.")


class FollowUpSerializer(PersonSerializer):
    """One follow-up: due on a day, and what was found; `outcome` is empty while it is still to be taken."""

    id = serializers.CharField(source="public_id")
    due = serializers.DateField()
    outcome = serializers.ChoiceField(FollowUpOutcome.choices, allow_blank=True)
    note = serializers.CharField()
    taken_at = serializers.DateTimeField(allow_null=True)
    taken_by = serializers.StringRelatedField(allow_null=True)


class FollowedSerializer(serializers.Serializer):
    """What followed the discussion of one case."""

    recommend_by = serializers.DateTimeField(allow_null=True, help_text="The end of the working day after the meeting.")
    recommendation = RecommendationSerializer(allow_null=True, source="shown_recommendation")
    follow_ups = FollowUpSerializer(many=True, source="all_follow_ups")


def add(case: Case, user: User) -> None:
    """Give the case what FollowedSerializer shows to this reader."""
    rows = Recommendation.objects.filter(case=case).select_related("case", "expert", "signed_by")
    found = rows.prefetch_related("tasks__expert", "addenda__signed_by").first()
    if found and found.signed_at is None and not access.can(user, "case.recommend", case):
        found = None
    case.shown_recommendation = found  # type: ignore[attr-defined]
    follow_ups = FollowUp.objects.filter(case=case).select_related("expert", "taken_by")
    case.all_follow_ups = list(follow_ups)  # type: ignore[attr-defined]


# What is asked --------------------------------------------------------------------------------------------------------


class NamedSomebodySerializer(serializers.Serializer):
    """Either a name, or an expert's id."""

    who = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    expert = api.PublicId(Expert, required=False, allow_null=True, default=None)


class TodoSerializer(NamedSomebodySerializer):
    what = serializers.CharField(max_length=200)
    due = serializers.DateField(required=False, allow_null=True, default=None)


class WordsSerializer(NamedSomebodySerializer):
    text = serializers.CharField(max_length=8000, required=False, allow_blank=True, default="")
    tasks = TodoSerializer(many=True, required=False, default=list)
    next_follow_up_on = serializers.DateField(required=False, allow_null=True, default=None)
    version = serializers.IntegerField(required=False, help_text="The version that was seen; 0: there was none.")


class MoreSerializer(serializers.Serializer):
    """The text of an addendum."""

    text = serializers.CharField(max_length=8000)
    seen = serializers.IntegerField(
        required=False, min_value=0, help_text="How many addenda were read; 409 if there are more by now."
    )


class TakenSerializer(NamedSomebodySerializer):
    """With `next_follow_up_on` somebody looks again; without, the case closes."""

    outcome = serializers.ChoiceField(FollowUpOutcome.choices)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    next_follow_up_on = serializers.DateField(required=False, allow_null=True, default=None)
    follow_up = serializers.CharField(
        required=False, help_text="The open follow-up that was seen; 409 if it is taken by now."
    )


def _person(given: Mapping[str, Any]) -> Expert | str:
    return given["expert"] or given["who"]


def _words(given: Mapping[str, Any]) -> aftercare.Words:
    todos = [aftercare.Todo(what=one["what"], who=_person(one), due=one["due"]) for one in given["tasks"]]
    return aftercare.Words(
        text=given["text"], todos=todos, next_follow_up_on=given["next_follow_up_on"], who=_person(given)
    )


class AftercareActions:
    """The actions after a discussion, for a view set of cases that has `case(action)` and `render(case)`."""

    @extend_schema(summary="Keep a draft of the recommendation", tags=["cases"], request=WordsSerializer)
    @action(methods=["post"], detail=True, url_path="recommendation")
    def recommend(self: Any, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.recommend")
        given = api.checked(WordsSerializer, self)
        aftercare.draft(case, by=request.user, words=_words(given), version=given.get("version"))
        return self.render(case)

    @extend_schema(
        summary="Sign the recommendation: the case is followed up, and the referrer is told",
        tags=["cases"],
        request=WordsSerializer,
    )
    @action(methods=["post"], detail=True, url_path="recommendation/sign")
    def conclude(self: Any, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.recommend")
        given = api.checked(WordsSerializer, self)
        aftercare.conclude(case, by=request.user, words=_words(given), version=given.get("version"))
        return self.render(case)

    @extend_schema(
        summary="Sign an addendum to a signed recommendation; the referrer is told",
        tags=["cases"],
        request=MoreSerializer,
    )
    @action(methods=["post"], detail=True, url_path="recommendation/addenda")
    def add_addendum(self: Any, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.recommend")
        given = api.checked(MoreSerializer, self)
        aftercare.add_addendum(case, by=request.user, text=given["text"], seen=given.get("seen"))
        return self.render(case)

    @extend_schema(
        summary="Was the plan carried out? Then another follow-up, or the case closes",
        tags=["cases"],
        request=TakenSerializer,
    )
    @action(methods=["post"], detail=True, url_path="follow-ups")
    def record_follow_up(self: Any, request: api.SignedIn, id: str) -> Response:  # noqa: A002
        case = self.case("case.follow_up")
        given = api.checked(TakenSerializer, self)
        who = _person(given) if given["next_follow_up_on"] else ""
        found: dict[str, Any] = {
            name: given.get(name) for name in ("outcome", "note", "next_follow_up_on", "follow_up")
        }
        return self.render(aftercare.record_follow_up(case, by=request.user, who=who, **found))
