"""A proposal fitted to the present week: what still holds is kept, what clashes is planned anew in seconds.

proposal ──▶ fresh snapshot ──▶ what was changed since stands ──▶ the rest around it ──▶ a proposal to be reviewed
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from mdt_portal import audit
from mdt_portal.errors import Conflict, RuleError
from mdt_portal.models import User
from scheduling.models import PlanningRun, Proposal
from scheduling.planning import runs
from scheduling.planning.offers import Offer
from scheduling.problem import snapshot
from scheduling.publishing import publication
from scheduling.solver import rules, solve
from scheduling.solver.core.plan import Plan, PlannedSession
from scheduling.solver.core.problem import Problem
from scheduling.solver.neighbourhood import rebase
from scheduling.solver.neighbourhood.rebase import Rebased
from scheduling.solver.rules import checking
from scheduling.states import RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The new proposal; how many of the plan's sessions hold as they were and how many were planned anew, and the cases
    (ids) that wait again."""

    proposal: Proposal
    kept: int
    anew: int
    lost: frozenset[int]


def fit(proposal: Proposal, *, by: User | None) -> Fitted:
    """Offer what still holds of the plan as a plan for the week as it is now; nothing is published.

    What others changed since stands. Raises RuleError where the plan needs no fitting or is settled, Conflict where
    hardly anything is left of it: then one plans again.
    """
    if proposal.run.status != RunStatus.PROPOSED:
        raise RuleError(_("This plan is settled already."), code="settled")
    seen = snapshot.take(proposal.run, notice=snapshot.NO_NOTICE)
    if not publication.is_stale(proposal) and not publication.obstacles(proposal, seen):
        raise RuleError(_("This plan still holds as it is; it can be published."), code="not_needed")
    plan = publication.as_of_now(proposal, seen)
    found = _fitted(proposal, plan, seen)
    if found is None:
        raise Conflict(_("Too much has changed to keep this plan. Please plan again."))
    fitted = replace(found.plan, unplaced=solve.reasons(seen.problem, found.plan))
    offer = Offer.of(seen.problem, fitted, proposal.kind)
    with transaction.atomic():
        new = runs.propose_fitted(
            proposal.run, by=by, problem=seen.problem, offer=offer, base_versions=seen.base_versions
        )
        audit.record("plan.fitted", by=by, subject=new, origin=proposal.pk, lost=len(found.lost))
    return Fitted(proposal=new, kept=len(found.kept), anew=len(plan.sessions) - len(found.kept), lost=found.lost)


def _fitted(proposal: Proposal, plan: Plan, seen: snapshot.Snapshot) -> Rebased | None:
    """Confirmed sessions with the cases that the plan adds to them; without, where that does not hold any more."""
    changed = _changed_since(proposal.run, seen.problem)
    standing = [
        *seen.problem.fixed,
        *(one for one in seen.problem.previous if one.id in changed and _sound(seen.problem, one)),
    ]
    as_planned = {session.id: session for session in plan.sessions if session.id not in changed}
    extended = [as_planned.get(one.id, one) if one.id in seen.problem.fixed_of else one for one in standing]
    not_before = _with_notice(proposal.run)
    for stands in (extended, standing):
        found = rebase.around(seen.problem, stands, plan.sessions, not_before=not_before)
        if found is not None and not rules.violations(seen.problem, found.plan):
            return found
    return None


def _changed_since(run: PlanningRun, now: Problem) -> set[int]:
    """The published sessions (ids) that are new or not as the run saw them."""
    stored = PlanningRun.objects.values_list("problem", flat=True).get(pk=run.pk)
    then = checking.read_problem(stored) if stored else None
    known = {one.id: _content(one) for one in (*then.fixed, *then.previous)} if then else {}
    return {one.id for one in (*now.fixed, *now.previous) if known.get(one.id) != _content(one)}


def _content(session: PlannedSession) -> PlannedSession:
    return replace(session, cases=tuple(sorted(session.cases, key=lambda item: (item.start_min, item.case))))


def _sound(problem: Problem, session: PlannedSession) -> bool:
    """Whether a session keeps the rules beside those that are confirmed."""
    held = replace(problem, fixed=(*problem.fixed, session), previous=())
    return not rules.violations(held, rebase.listed(held, held.fixed))


def _with_notice(run: PlanningRun) -> dict[int, int]:
    """From when on each case may be planned anew: people are given the time to answer that a run gives them."""
    problem = snapshot.take(run).problem
    return {case.id: max(case.release_min, problem.now_min) for case in problem.cases}
