"""What does this hit? Before something is saved, and as things stand."""

from __future__ import annotations

import enum
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from experts.api.availability import WeekHoursSerializer, spans
from experts.models import Discipline, Expert, Institution, Team
from experts.roster import person_cards
from mdt_portal import access, api
from mdt_portal.errors import RuleError
from mdt_portal.rest.fields import EndOfHoursField, TimeOfDayField
from scheduling.models import Room, Session
from scheduling.resources import hits, impact
from scheduling.resources.impact import Cause, Impact

TAGS = ["impact"]


class Change(enum.StrEnum):
    """What somebody is about to change, and which fields say it (`of` is the public id of the row)."""

    LEAVE = "leave"  # of: expert; first_day, last_day, start and end for a part of each day
    TAKEN = "taken"  # of: expert; first_day, start, end
    WEEK = "week"  # of: expert; week
    PERSON = "person"  # of: expert: is not asked any more
    SKILLS = "skills"  # of: expert; disciplines that stay
    DEPARTURE = "departure"  # of: expert; hospital, last_day
    HOLIDAY = "holiday"  # of: institution; first_day
    CLOSURE = "closure"  # of: room; begin, finish
    ROOM = "room"  # of: room: is not used any more
    TEAM = "team"  # of: team: meets no more


NEEDS: dict[str, tuple[str, ...]] = {
    Change.LEAVE: ("first_day", "last_day"),
    Change.TAKEN: ("first_day", "start", "end"),
    Change.WEEK: ("week",),
    Change.SKILLS: ("disciplines",),
    Change.DEPARTURE: ("hospital", "last_day"),
    Change.HOLIDAY: ("first_day",),
    Change.CLOSURE: ("begin", "finish"),
}


class TriedChangeSerializer(serializers.Serializer):
    """A change to try. Which fields go with a `change`: leave: first_day, last_day, and start with end for a part of
    each day; taken: first_day, start, end; week: week; skills: disciplines; departure: hospital, last_day; holiday:
    first_day; closure: begin, finish; person, room, team: none."""

    change = serializers.ChoiceField([one.value for one in Change])
    of = serializers.CharField(max_length=16, help_text="Public id of the expert, institution, room or team.")
    first_day = serializers.DateField(required=False)
    last_day = serializers.DateField(required=False)
    start = TimeOfDayField(required=False, allow_null=True)
    end = EndOfHoursField(required=False, allow_null=True)
    week = WeekHoursSerializer(many=True, required=False)
    disciplines = serializers.ListField(
        child=serializers.CharField(max_length=12), required=False, help_text="Keys of those that stay."
    )
    hospital = api.PublicId(Institution, required=False)
    begin = serializers.DateTimeField(required=False)
    finish = serializers.DateTimeField(required=False)


class HitSessionSerializer(serializers.Serializer):
    """A published session that could not stay as it is, and why; `expert` is null where all of it is hit."""

    session = serializers.CharField(source="session.public_id")
    team = serializers.CharField(source="session.team.name")
    start = serializers.DateTimeField(source="session.start")
    end = serializers.DateTimeField(source="session.end")
    cause = serializers.ChoiceField(Cause.choices)
    words = serializers.CharField(source="cause_label", help_text="The cause in the reader's language.")
    expert = api.NamedSerializer(allow_null=True)
    answer = serializers.CharField(help_text="What the expert has answered so far, in the reader's language.")


class BlockDateSerializer(serializers.Serializer):
    recurring_block = serializers.CharField(source="block.public_id")
    date = serializers.DateField()


class ImpactSerializer(serializers.Serializer):
    sessions = HitSessionSerializer(many=True, source="hits")
    holds = serializers.SerializerMethodField(help_text="How many times that are held for cases cannot be kept.")
    recurring_dates = BlockDateSerializer(many=True, source="dates")

    def get_holds(self, found: Impact) -> int:
        return len(found.holds)


class AtSerializer(serializers.Serializer):
    institution = api.PublicId(Institution, required=False, help_text="Without it all that one sees.")


class ImpactView(APIView):
    request: api.SignedIn

    @extend_schema(
        summary="Published sessions that cannot stay as things are: leave, closures, days off, departures and the like",
        tags=TAGS,
        parameters=[AtSerializer],
        responses={200: HitSessionSerializer(many=True), **api.errors(400, 403)},
    )
    def get(self, request: api.SignedIn) -> Response:
        access.require(request.user, "plan.view")
        rows = access.visible(request.user, Session.objects.all())
        if institution := api.parameters(AtSerializer, self).get("institution"):
            rows = rows.filter(institution=institution)
        found = [hit for of_session in hits.now(rows).values() for hit in of_session]
        return Response(HitSessionSerializer(found, many=True).data)

    @extend_schema(
        summary="Try a change: what is published, held or recurring and would be hit; nothing is written",
        tags=TAGS,
        request=TriedChangeSerializer,
        responses={200: ImpactSerializer, **api.errors(400, 403, 404)},
    )
    def post(self, request: api.SignedIn) -> Response:
        given = api.checked(TriedChangeSerializer, self)
        missing = [name for name in NEEDS.get(given["change"], ()) if given.get(name) is None]
        if missing:
            text = _("This is needed for %(change)s.") % {"change": given["change"]}
            raise RuleError(text, code="invalid", fields={name: [text] for name in missing})
        return Response(ImpactSerializer(_try(request, given)).data)


def _try(request: api.SignedIn, given: dict[str, Any]) -> Impact:
    change = given["change"]
    if change in (Change.LEAVE, Change.TAKEN, Change.WEEK):
        expert = _row(request, Expert, given["of"])
        access.require(request.user, "expert.change_availability", expert)
        return _of_time(expert, given)
    if change in (Change.PERSON, Change.SKILLS, Change.DEPARTURE):
        return _of_person(request, _row(request, Expert, given["of"]), given)
    model: type[models.Model] = {Change.HOLIDAY: Institution, Change.TEAM: Team}.get(change, Room)
    row = _row(request, model, given["of"])
    access.require(request.user, "pool.edit", row)
    if change == Change.HOLIDAY:
        return impact.of_day_off(row, given["first_day"])
    if change == Change.TEAM:
        return impact.of_team_end(row)
    if change == Change.ROOM:
        return impact.of_room_end(row)
    return impact.of_closure(row, start=given["begin"], end=given["finish"])


def _of_time(expert: Expert, given: dict[str, Any]) -> Impact:
    start, end = given.get("start"), given.get("end")
    if given["change"] == Change.LEAVE:
        return impact.of_leave(expert, first_day=given["first_day"], last_day=given["last_day"], start=start, end=end)
    if given["change"] == Change.TAKEN:
        return impact.of_taken(expert, day=given["first_day"], start=given["start"], end=given["end"])
    return impact.of_week(expert, spans(given["week"]))


def _of_person(request: api.SignedIn, expert: Expert, given: dict[str, Any]) -> Impact:
    if given["change"] == Change.DEPARTURE:
        people = Expert.objects.filter(pk=expert.pk)
        work = person_cards.work_at(people, given["hospital"].public_id).first()
        if work is None:
            text = _("%(who)s does not work there.") % {"who": expert.name}
            raise RuleError(text, code="invalid", fields={"hospital": [text]})
        access.require(request.user, "pool.edit", work.institution)
        return impact.of_departure(work, given["last_day"])
    access.require(request.user, "pool.edit", expert)
    if given["change"] == Change.PERSON:
        return impact.of_person_end(expert)
    kept = set(Discipline.objects.filter(key__in=given["disciplines"]).values_list("pk", flat=True))
    skills = expert.qualifications.filter(discipline__in=kept).values_list("discipline", "sub_specialty")  # type: ignore[attr-defined]
    return impact.of_skills(expert, skills)


def _row(request: api.SignedIn, model: type[models.Model], public_id: str) -> Any:
    """The row that the reader may see; its absence and its invisibility are one answer."""
    row = access.visible(request.user, model._default_manager.all()).filter(public_id=public_id).first()
    if row is None:
        text = _("There is no “%(value)s” here, or you may not see it.") % {"value": public_id}
        raise RuleError(text, code="invalid", fields={"of": [text]})
    return row
