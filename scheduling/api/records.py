"""The record of a meeting and how meetings went, as the API reads and shows them; `sessions` has the addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from cases.models import Outcome
from experts.models import Expert
from mdt_portal import api, shell
from mdt_portal.errors import RuleError
from mdt_portal.i18n import clock
from mdt_portal.models import User
from scheduling.models import Session
from scheduling.selectors import evaluation
from scheduling.sessions import meetings
from scheduling.sessions.meetings import CaseOutcome

LONGEST_DAYS = 366


class JudgedSerializer(serializers.Serializer):
    """One meeting: begun in time, discussed, recommended."""

    late_min = serializers.IntegerField(allow_null=True, help_text="0 within five minutes; null without a record")
    cases = serializers.IntegerField(help_text="on the agenda when the record was made")
    discussed = serializers.IntegerField()
    signed = serializers.IntegerField(help_text="recommendations that are signed")


class QuorumSerializer(serializers.Serializer):
    """Who came to a meeting against what its discussed cases needed, as its record says."""

    met = serializers.BooleanField(help_text="Somebody came, and every required seat of the discussed cases was filled")
    came = serializers.IntegerField(help_text="people")
    seats_needed = serializers.IntegerField(source="needed", help_text="required seats of the discussed cases")
    seats_filled = serializers.IntegerField(source="filled")
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="the discipline's key of each seat that nobody filled"
    )


class DaysSerializer(serializers.Serializer):
    days = serializers.IntegerField(
        min_value=1, max_value=LONGEST_DAYS, default=30, help_text="So many days back from now."
    )


class EvaluationSerializer(serializers.Serializer):
    """Sums over the meetings that one may see."""

    over = serializers.IntegerField(help_text="meetings whose time has passed")
    held = serializers.IntegerField(help_text="those that are on record")
    on_time = serializers.IntegerField()
    cases = serializers.IntegerField()
    discussed = serializers.IntegerField()
    wanted = serializers.IntegerField(help_text="recommendations that are signed, or should be by now")
    in_time = serializers.IntegerField(help_text="those that were signed by the end of the next working day")
    followed_up = serializers.IntegerField(help_text="cases at whose plan somebody has looked")
    carried_out = serializers.IntegerField(help_text="those whose plan was carried out")
    overdue = serializers.IntegerField(help_text="looks that are overdue now, whenever the meeting was")


class CaseOutcomeSerializer(serializers.Serializer):
    case = serializers.CharField(help_text="public id")
    outcome = serializers.ChoiceField(Outcome.choices)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    missing = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        default=list,
        help_text="with `materials`: codes of the checklist that were not at hand; they are awaited again",
    )


class RecordSerializer(serializers.Serializer):
    """Every case on the agenda must be named once."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    came = api.PublicId(Expert, many=True)
    cases = CaseOutcomeSerializer(many=True)
    quorum_reason = serializers.CharField(
        max_length=meetings.QUORUM_REASON,
        required=False,
        allow_blank=True,
        default="",
        help_text="Why the meeting counts although nobody came, or a required seat of a discussed case was empty; "
        "needed then, and only kept then.",
    )
    version = serializers.IntegerField(
        required=False, help_text="The session's version that was seen; needed to correct a record."
    )


def record(session: Session, given: Mapping[str, Any], *, by: User) -> None:
    """Carry out what was sent."""
    came, cases = _attendances(session, given["came"]), _outcomes(session, given["cases"])
    try:
        meetings.record(
            session,
            by=by,
            start=given["start"],
            end=given["end"],
            came=came,
            cases=cases,
            quorum_reason=given["quorum_reason"],
            version=given.get("version"),
        )
    except RuleError as error:
        places = {
            f"{name}_{pk}": f"cases.{number}.{name}" for number, pk in enumerate(cases) for name in ("note", "missing")
        }
        fields = {places.get(name, name): texts for name, texts in error.fields.items()}
        raise RuleError(error.message, code=error.code, params=error.params, fields=fields) from error


def _attendances(session: Session, came: list[Expert]) -> list[int]:
    """Whoever was asked twice (declined, then came back) came as the newest of the two."""
    asked = {one.expert_id: one.pk for one in meetings.invited(session).order_by("pk")}
    strangers = [str(one) for one in came if one.pk not in asked]
    if strangers:
        message = _("%(who)s was not asked to this meeting.") % {"who": strangers[0]}
        raise RuleError(message, fields={"came": [message]})
    return [asked[one.pk] for one in came]


def _outcomes(session: Session, rows: list[Mapping[str, Any]]) -> dict[int, CaseOutcome]:
    """What is said of each case, by its id, in the order in which it was sent."""
    known = {item.case.public_id: item.case_id for item in meetings.agenda(session)}
    unknown = [row["case"] for row in rows if row["case"] not in known]
    if unknown or len({row["case"] for row in rows}) != len(rows):
        message = _("A record names every case on the agenda once, and no other.")
        raise RuleError(message, fields={"cases": [message]})
    return {
        known[row["case"]]: CaseOutcome(
            outcome=Outcome(row["outcome"]), note=row["note"], missing=frozenset(row["missing"])
        )
        for row in rows
    }


def figures(request: api.SignedIn, sessions: QuerySet[Session], *, days: int) -> evaluation.Figures:
    now, zone = timezone.now(), clock.zone(getattr(shell.home(request.user), "zone", None))
    return evaluation.figures(sessions, days=days, now=now, today=now.astimezone(zone).date())
