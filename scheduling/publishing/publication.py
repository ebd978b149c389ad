"""Publishing: Plan -> ORM. Lock what is used up, check again, write; then tell those who will notice.

    publish ──▶ advisory locks ──▶ version still the proposal's? ──▶ fresh snapshot, rules.violations ──▶ write

The rules judge the plan against the world as it is now, in the transaction that writes it; the database's exclusion
constraints have the last word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case
from mdt_portal import audit, lifecycle
from mdt_portal.errors import Conflict, StalePlan
from mdt_portal.i18n import phrases
from mdt_portal.models import User
from scheduling import locks
from scheduling.explain import solver_text
from scheduling.models import PlanningRun, Proposal, PublishedPlan, Session
from scheduling.problem import published, snapshot
from scheduling.problem.core import plan_diff
from scheduling.problem.core.plan_diff import ChangeKind, PlanChange, compare
from scheduling.publishing import changed_since, holds, writer
from scheduling.sessions import notifications, session_services
from scheduling.solver import rules
from scheduling.solver.core.plan import Plan, Unplaced
from scheduling.states import RunStatus

MOST_NAMED = 3  # broken rules that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What publishing changed, and how many people are told."""

    changes: tuple[PlanChange, ...]
    notified: int


def preview(proposal: Proposal) -> tuple[list[PlanChange], snapshot.Snapshot]:
    """What publishing would change against what is published now; nothing is written."""
    seen = snapshot.take(proposal.run, notice=snapshot.NO_NOTICE)
    plan = _up_to_date(Plan.from_json(proposal.plan), seen)
    return _changes(seen, plan), seen


def obstacles(proposal: Proposal, seen: snapshot.Snapshot) -> str:
    """The rules that the proposal breaks by now, as sentences; publishing would be refused. `seen` is `preview`'s."""
    broken = rules.violations(seen.problem, _up_to_date(Plan.from_json(proposal.plan), seen))
    return solver_text.violations_text(broken[:MOST_NAMED], seen)


def as_of_now(proposal: Proposal, seen: snapshot.Snapshot) -> Plan:
    """The proposal's plan in the terms of the present problem. `seen` is `preview`'s."""
    return _up_to_date(Plan.from_json(proposal.plan), seen)


def is_stale(proposal: Proposal) -> bool:
    """Whether another plan was published since this one was computed."""
    scope = proposal.run.institutions.values_list("pk", flat=True)
    now = dict(PublishedPlan.objects.filter(institution__in=scope).values_list("institution_id", "version"))
    return any(now.get(pk, 0) != proposal.base_versions.get(str(pk), 0) for pk in scope)


def publish(proposal: Proposal, *, by: User | None) -> Outcome:
    """Make the proposal binding. Raises StalePlan or another Conflict when the world has moved on; then nothing is
    written."""
    try:
        with transaction.atomic():
            outcome = _publish(proposal, by=by)
            locks.check_constraints_now()
            return outcome
    except (IntegrityError, OperationalError) as error:
        raise Conflict(
            _("Somebody else took one of these people or rooms at the same moment. Please plan again.")
        ) from error


def _publish(proposal: Proposal, *, by: User | None) -> Outcome:
    plan = Plan.from_json(proposal.plan)
    scope = list(proposal.run.institutions.values_list("pk", flat=True))
    in_force = session_services.occupancy(Session.objects.live().filter(institution__in=scope))
    locks.take(
        plans=scope,
        rooms=in_force.rooms | {session.room for session in plan.sessions if session.room is not None},
        experts=in_force.experts | {expert for session in plan.sessions for expert in session.people()},
    )
    run = PlanningRun.objects.select_for_update().get(pk=proposal.run_id)
    _hold_still(plan, scope)
    holds.expire()
    if is_stale(proposal):
        raise StalePlan(_overtaken(proposal))
    seen = snapshot.take(run, notice=snapshot.NO_NOTICE)
    plan = _up_to_date(plan, seen)
    broken = rules.violations(seen.problem, plan)
    if broken:
        raise StalePlan(
            _("Since this plan was computed something has changed: %(what)s Fit it to the present week, or plan again.")
            % {"what": solver_text.violations_text(broken[:MOST_NAMED], seen)},
            params={"rules": sorted({violation.code for violation in broken})},
        )
    changes = _changes(seen, plan)
    affected = writer.Writer(seen, proposal, by).write(changes)
    _close(run, proposal, scope, by=by)
    Proposal.objects.filter(pk=proposal.pk).update(changes=plan_diff.to_json(changes))
    notified = notifications.notify(affected)
    notifications.notify_referrers(writer.replaced(changes))
    audit.record("plan.published", by=by, subject=proposal, changes=sum(c.kind != ChangeKind.SAME for c in changes))
    return Outcome(changes=tuple(changes), notified=notified)


def _overtaken(proposal: Proposal) -> str:
    """Who changed the published week meanwhile, and what to do."""
    changes = changed_since.of(proposal)[-MOST_NAMED:]
    what = phrases.labelled(
        _("The published week has changed since this plan was computed"), changed_since.text(changes)
    )
    return phrases.sentences(
        _("%(sentence)s.") % {"sentence": what}, _("Fit the plan to the present week, or plan again.")
    )


def _hold_still(plan: Plan, scope: Iterable[int]) -> None:
    """Lock the cases that get or have a place: nobody edits or withdraws one between the check and the writing."""
    planned = {item.case for session in plan.sessions for item in session.cases}
    placed = Case.objects.filter(
        items__active=True, items__session__in=Session.objects.live(), items__session__institution__in=scope
    )
    list(
        Case.objects.filter(Q(pk__in=planned) | Q(pk__in=placed.values("pk")))
        .order_by("pk")
        .select_for_update()
        .values("pk")
    )


def _up_to_date(plan: Plan, seen: snapshot.Snapshot) -> Plan:
    """The plan in the terms of the present problem: sessions that exist carry their id, and cases that came in after
    the computing count as unplaced. Nothing else is touched, so a broken plan stays broken."""
    existing = [*seen.problem.fixed, *seen.problem.previous]
    next_id = max([0, *(s.id for s in existing), *(s.id for s in plan.sessions)]) + 1
    renumbered = []
    for change in compare(existing, plan.sessions, _minutes(plan, seen), writer.roles(seen)):
        if change.new is not None:
            renumbered.append(replace(change.new, id=change.old.id if change.old else next_id))
            next_id += 1
    placed = {item.case for session in plan.sessions for item in session.cases}
    reasons = {left.case: left for left in plan.unplaced}
    unplaced = tuple(
        reasons.get(case.id, Unplaced(case=case.id)) for case in seen.problem.cases if case.id not in placed
    )
    return replace(plan, sessions=tuple(renumbered), unplaced=unplaced)


def _minutes(plan: Plan, seen: snapshot.Snapshot) -> dict[int, int]:
    """Minutes by case; a case that left the problem since counts as nothing, and the rules refuse it by name."""
    known = dict.fromkeys((item.case for session in plan.sessions for item in session.cases), 0)
    return known | {case.id: case.duration_min for case in seen.problem.cases}


def _changes(seen: snapshot.Snapshot, plan: Plan) -> list[PlanChange]:
    existing = [*seen.problem.fixed, *seen.problem.previous]
    return compare(existing, plan.sessions, _minutes(plan, seen), writer.roles(seen))


def _close(run: PlanningRun, proposal: Proposal, scope: Iterable[int], *, by: User | None) -> None:
    """The run is published, its rivals are overtaken, and the published version rises."""
    now = timezone.now()
    lifecycle.move(run, RunStatus.PUBLISHED, by=by, why="run.published", finished_at=run.finished_at or now)
    rivals = PlanningRun.objects.filter(status=RunStatus.PROPOSED, institutions__in=scope).exclude(pk=run.pk).distinct()
    for rival in rivals:
        lifecycle.move(rival, RunStatus.SUPERSEDED, by=by, why="run.superseded", params={"by": run.pk})
    published.raise_version(scope)
    Proposal.objects.filter(pk=proposal.pk).update(published_at=now)
