"""A proposed plan in names and clock times: its goals, what it changes, its sessions, and whom it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rest_framework import serializers

from cases.models import Case
from experts.models import Expert, Institution, Team
from mdt_portal import api
from mdt_portal.models import User
from scheduling.explain import solver_text
from scheduling.models import Proposal, ProposalKind, Room
from scheduling.problem.core.horizon import Horizon
from scheduling.problem.core.plan_diff import ChangeKind, PlanChange
from scheduling.publishing import fitting, publication
from scheduling.selectors import review
from scheduling.solver.core.plan import Plan, PlannedSession, Unplaced
from scheduling.states import RunStatus


class GoalsSerializer(serializers.Serializer):
    """Smaller is better; an earlier level outweighs all later ones."""

    required_unplaced = serializers.IntegerField()
    required_late = serializers.IntegerField()
    suggested = serializers.IntegerField()
    effort = serializers.IntegerField()


class BoundSerializer(serializers.Serializer):
    """Per level what no plan can beat, given that all levels above equal theirs; null: nothing is proven."""

    required_unplaced = serializers.IntegerField(allow_null=True)
    required_late = serializers.IntegerField(allow_null=True)
    suggested = serializers.IntegerField(allow_null=True)
    effort = serializers.IntegerField(allow_null=True)


class NumberedCaseSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    number = serializers.CharField()


class PlannedSeatSerializer(serializers.Serializer):
    place = serializers.IntegerField()
    expert = api.NamedSerializer()
    optional = serializers.BooleanField()


class PlannedCaseSerializer(serializers.Serializer):
    case = NumberedCaseSerializer()
    start = serializers.DateTimeField()
    seats = PlannedSeatSerializer(many=True)


class PlannedSessionSerializer(serializers.Serializer):
    team = api.NamedSerializer()
    institution = api.NamedSerializer()
    room = api.NamedSerializer(allow_null=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    cases = PlannedCaseSerializer(many=True)


class MeetingSerializer(serializers.Serializer):
    """When and where a session is, before or after."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    room = api.NamedSerializer(allow_null=True)


class ChangeSerializer(serializers.Serializer):
    kind = serializers.ChoiceField([(kind.value, kind.name) for kind in ChangeKind])
    team = api.NamedSerializer()
    before = MeetingSerializer(allow_null=True)
    after = MeetingSerializer(allow_null=True)
    joins = api.NamedSerializer(many=True)
    leaves = api.NamedSerializer(many=True)
    shifted = api.NamedSerializer(many=True, help_text="Who comes to both, at another time or place.")


class ReasonedChangeSerializer(ChangeSerializer):
    """A change, and what it buys."""

    reason = serializers.CharField(help_text="What leaving the session as it was would cost, tried for real.")


class LeftOutSerializer(serializers.Serializer):
    case = NumberedCaseSerializer()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why, one sentence each.")


class ProposalSerializer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    run = serializers.CharField(source="run.public_id")
    run_status = serializers.ChoiceField(RunStatus.choices, source="run.status")
    kind = serializers.ChoiceField(ProposalKind.choices)
    zone = serializers.CharField()
    goals = GoalsSerializer()
    bound = BoundSerializer(allow_null=True)
    gap = serializers.FloatField(allow_null=True, help_text="How far the effort may be from the best, as a share.")
    optimal = serializers.BooleanField()
    stale = serializers.BooleanField(help_text="Another plan was published since; this one cannot be any more.")
    created_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)
    changes = ChangeSerializer(many=True, help_text="Against what is published; empty once the run is settled.")
    sessions = PlannedSessionSerializer(many=True)
    unplaced = LeftOutSerializer(many=True)


class FittedSerializer(serializers.Serializer):
    """A plan fitted to the present week."""

    proposal = ProposalSerializer()
    kept = serializers.IntegerField(help_text="Sessions that hold as they were planned.")
    anew = serializers.IntegerField(help_text="Sessions that were planned anew.")
    lost = NumberedCaseSerializer(many=True, help_text="Cases that had a place in the plan and wait again.")


class FiguresSerializer(serializers.Serializer):
    """What a plan costs and gives; changes are against what was published when the run began."""

    required = serializers.IntegerField()  # type: ignore[assignment]  # the figure, not whether a field must be there
    required_placed = serializers.IntegerField()
    required_late = serializers.IntegerField()
    required_late_days = serializers.IntegerField(help_text="Started days after the limits, of all these together.")
    suggested = serializers.IntegerField()
    suggested_placed = serializers.IntegerField()
    suggested_late = serializers.IntegerField()
    wait_mean_days = serializers.FloatField()
    wait_max_days = serializers.FloatField()
    sessions = serializers.IntegerField()
    attendances = serializers.IntegerField()
    expert_hours = serializers.FloatField()
    spread_hours = serializers.FloatField(help_text="Standard deviation of the experts' load.")
    changed_sessions = serializers.IntegerField()
    notified = serializers.IntegerField()


class AlternativeSerializer(serializers.Serializer):
    """One of the run's plans; `gains` and `gives_up` say in words how it differs from the first, balanced one."""

    id = serializers.CharField(source="proposal.public_id")
    kind = serializers.ChoiceField(ProposalKind.choices, source="proposal.kind")
    title = serializers.CharField()
    figures = FiguresSerializer()
    gains = serializers.ListField(child=serializers.CharField())
    gives_up = serializers.ListField(child=serializers.CharField())


class PublishedSerializer(serializers.Serializer):
    """What publishing did."""

    proposal = serializers.CharField()
    run = serializers.CharField()
    new = serializers.IntegerField()
    moved = serializers.IntegerField()
    people = serializers.IntegerField(help_text="Sessions that stay where they are with other people.")
    agenda = serializers.IntegerField(help_text="Sessions of which only the agenda changed.")
    cancelled = serializers.IntegerField()
    same = serializers.IntegerField()
    notified = serializers.IntegerField(help_text="How many people get a message.")


def summary(proposal: Proposal, outcome: publication.Outcome) -> dict[str, Any]:
    counts = Counter(str(change.kind) for change in outcome.changes)
    named = {"proposal": proposal.public_id, "run": proposal.run.public_id, "notified": outcome.notified}
    return named | {kind.value: counts[kind.value] for kind in ChangeKind}


@dataclass(kw_only=True)
class _Names:
    """Turns the ids and minutes of one plan into rows and moments; each kind of row is read once."""

    plan: Plan
    changes: tuple[PlanChange, ...]
    horizon: Horizon

    @cached_property
    def _meetings(self) -> list[PlannedSession]:
        return [*self.plan.sessions, *(change.old for change in self.changes if change.old)]

    @cached_property
    def teams(self) -> dict[int, Team]:
        return Team.objects.in_bulk({one.team for one in self._meetings})

    @cached_property
    def sites(self) -> dict[int, Institution]:
        return Institution.objects.in_bulk({one.site for one in self._meetings})

    @cached_property
    def rooms(self) -> dict[int, Room]:
        return Room.objects.in_bulk({one.room for one in self._meetings if one.room is not None})

    @cached_property
    def experts(self) -> dict[int, Expert]:
        return Expert.objects.in_bulk({expert for one in self._meetings for expert in one.people()})

    @cached_property
    def cases(self) -> dict[int, Case]:
        placed = {item.case for one in self._meetings for item in one.cases}
        return Case.objects.in_bulk(placed | {left.case for left in self.plan.unplaced})

    def meeting(self, one: PlannedSession | None) -> dict[str, Any] | None:
        if one is None:
            return None
        moment = self.horizon.moment
        room = self.rooms.get(one.room) if one.room is not None else None
        return {"start": moment(one.start_min), "end": moment(one.end_min), "room": room}

    def people(self, ids: Iterable[int]) -> list[Expert]:
        return sorted((self.experts[pk] for pk in ids), key=str)

    def session(self, one: PlannedSession) -> dict[str, Any]:
        cases = [
            {
                "case": self.cases[item.case],
                "start": self.horizon.moment(item.start_min),
                "seats": [
                    {"place": place, "expert": self.experts[expert], "optional": optional}
                    for people, optional in ((item.seats, False), (item.optional, True))
                    for place, expert in sorted(people.items())
                ],
            }
            for item in one.cases
        ]
        place = {"team": self.teams[one.team], "institution": self.sites[one.site], "cases": cases}
        return place | (self.meeting(one) or {})

    def change(self, change: PlanChange) -> dict[str, Any]:
        meeting: PlannedSession = change.new or change.old  # type: ignore[assignment]
        moved = {"before": self.meeting(change.old), "after": self.meeting(change.new)}
        parts = ("joins", "leaves", "shifted")
        people = {name: self.people(getattr(change, name)) for name in parts}
        return {"kind": str(change.kind), "team": self.teams[meeting.team]} | moved | people

    def left_out(self) -> list[dict[str, Any]]:
        left = self.plan.unplaced
        names = solver_text.names_of([reason.params for one in left for reason in one.reasons])

        def reason_text(one: Unplaced) -> list[str]:
            raw = [{"code": reason.code, "params": reason.params} for reason in one.reasons]
            return [solver_text.unplaced_text(reason, names, self.horizon) for reason in raw]

        return [{"case": self.cases[one.case], "reasons": reason_text(one)} for one in left]


def detail_of(proposal: Proposal) -> dict[str, Any]:
    """What ProposalSerializer shows. Compares with what is published now while the proposal can still be published."""
    run = proposal.run
    plan = Plan.from_json(proposal.plan)
    zone = run.institutions.order_by("pk")[0].tz
    changes: tuple[PlanChange, ...] = ()
    stale = run.status == RunStatus.SUPERSEDED
    if run.status == RunStatus.PROPOSED:
        found, seen = publication.preview(proposal)
        changes = tuple(change for change in found if change.kind != ChangeKind.SAME)
        stale = seen.base_versions != proposal.base_versions
    horizon = Horizon.around(run.horizon_start, run.horizon_days, zone)
    named = _Names(plan=plan, changes=changes, horizon=horizon)
    columns = ("public_id", "run", "kind", "goals", "bound", "gap", "created_at", "published_at")
    return {name: getattr(proposal, name) for name in columns} | {
        "zone": zone.key,
        "optimal": plan.status == "optimal",
        "stale": stale,
        "changes": [named.change(change) for change in changes],
        "sessions": [named.session(one) for one in plan.sessions],
        "unplaced": named.left_out(),
    }


def fitted_json(fitted: fitting.Fitted) -> dict[str, Any]:
    lost = Case.objects.filter(pk__in=fitted.lost).order_by("pk")
    return {"proposal": detail_of(fitted.proposal), "kept": fitted.kept, "anew": fitted.anew, "lost": lost}


def reasoned_changes(proposal: Proposal, user: User) -> list[dict[str, Any]]:
    """What ReasonedChangeSerializer shows; empty once the run is settled. Takes seconds where much changes."""
    run = proposal.run
    if run.status != RunStatus.PROPOSED:
        return []
    found, seen = publication.preview(proposal)
    changes = [change for change in found if change.kind != ChangeKind.SAME]
    named = _Names(plan=Plan.from_json(proposal.plan), changes=tuple(changes), horizon=seen.horizon)
    texts = review.reasons(proposal, changes, seen, user)
    return [named.change(change) | {"reason": text} for change, text in zip(changes, texts, strict=True)]
