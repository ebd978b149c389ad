"""A solution of the exact model, read back as a plan."""

from typing import Any

from scheduling.solver.core import assembly
from scheduling.solver.core.plan import Plan, PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case
from scheduling.solver.exact.variables import Exact


def plan_of(exact: Exact, solver: Any) -> Plan:
    """The solution as a plan; sessions shrink to their cases."""
    sessions = []
    for k, slot in enumerate(exact.slots):
        if not solver.value(exact.live[k]):
            continue
        members = [case for case in exact.cases_of(k) if solver.value(exact.member[case.id, k])]
        items = sorted((_item(exact, solver, case) for case in members), key=lambda item: item.start_min)
        end = max(item.start_min + exact.problem.case_of[item.case].duration_min for item in items)
        fixed = slot.fixed
        sessions.append(
            PlannedSession(
                id=fixed.id if fixed else max(exact.problem.fixed_of, default=0) + 1 + k,
                team=slot.team,
                site=slot.site,
                room=next((room for room, here in exact.rooms_of(k).items() if solver.value(here)), None),
                start_min=fixed.start_min if fixed else items[0].start_min,
                end_min=max(end, fixed.end_min) if fixed else end,
                cases=tuple(items),
            )
        )
    return assembly.plan_of(exact.problem, sessions)


def _item(exact: Exact, solver: Any, case: Case) -> PlannedCase:
    chosen: dict[str, dict[int, int]] = {"seat": {}, "optional": {}}
    for (ident, kind, place, expert), fills in exact.fills.items():
        if ident == case.id and solver.value(fills):
            chosen[kind][place] = expert
    return PlannedCase(
        case=case.id, start_min=solver.value(exact.start[case.id]), seats=chosen["seat"], optional=chosen["optional"]
    )
