"""Stage 2 of a session: the order of its cases, among equals of the goals.

Sets: cases c of one session, its experts e, disciplines q that leave early (radiology, pathology).
Of all orders that keep every rule and make no goal worse, the best by, in this order,

    presence     minutes of all presences: nobody waits for a case that does not need them
    early        minutes from the first to the last case that needs q: these cases stand together, and q may leave
    inversions   pairs in which the simpler case comes first; complex = more people-minutes

Each of these is a sum over the steps "after the cases of S comes c" (an expert is present at c if c needs them, or some
case of S and some later one does), as the goals are, so that a dynamic programme over subsets finds the best order.
Sessions of more than about ten cases keep the best `WIDTH` subsets of each size. Start, room, seats stay as they are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from scheduling.solver import rules
from scheduling.solver.columns.column import layout
from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import objectives, presence
from scheduling.solver.core.plan import Plan, PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.core.timeline import State

LEAVE_EARLY = (frozenset({"RADIOL", "rad"}), frozenset({"PATH", "path"}))  # as the catalogue and the instances say
WIDTH = 400

Key = tuple[int, ...]


def polished(problem: Problem, plan: Plan, stop: Callable[[], bool] = lambda: False) -> Plan:
    """The plan with the agenda of each session in its best order; no goal is worse and no rule is broken."""
    state = State(problem, plan.sessions)
    pricer = Pricer(state=state)
    bound = {choice.case for choice in problem.forbidden if choice.expert is not None or choice.room is not None}
    for ident in sorted(state.sessions):
        session = state.sessions[ident]
        if stop():
            break
        if len(session.cases) > 1 and ident not in problem.fixed_of and not bound & {i.case for i in session.cases}:
            state.add(_ordered(pricer, state.remove(ident)))
    sessions = tuple(sorted(state.sessions.values(), key=lambda session: (session.start_min, session.id)))
    if sessions == plan.sessions:
        return plan
    better = replace(plan, sessions=sessions, goals=objectives.goals_of(problem, sessions))
    return better if better.goals <= plan.goals and not rules.violations(problem, better) else plan


def _ordered(pricer: Pricer, session: PlannedSession) -> PlannedSession:
    """The session, taken out of the state, in its best order."""
    agenda = Agenda(pricer, session)
    others = [agenda.laid_out(order) for order in agenda.orders()]
    known = [other for other in others if other is not None and agenda.stands(other)]
    return min([session, *known], key=lambda one: (pricer.price_session(one), agenda.key(one)))


@dataclass(frozen=True, slots=True)
class _Label:
    """The best way to have had the cases of a subset."""

    key: Key
    order: tuple[int, ...]


class Agenda:
    """One session whose order is open. Positions are those of its cases as they stand now."""

    def __init__(self, pricer: Pricer, session: PlannedSession) -> None:
        self.pricer, self.session = pricer, session
        self.problem, self.grain = pricer.state.problem, pricer.state.starts.grain
        self.items: tuple[PlannedCase, ...] = tuple(sorted(session.cases, key=lambda item: item.start_min))
        self.cases = [self.problem.case_of[item.case] for item in self.items]
        self.steps = [-(-case.duration_min // self.grain) for case in self.cases]
        self.weight = [
            len(item.people()) * case.duration_min for item, case in zip(self.items, self.cases, strict=True)
        ]
        everyone = sorted(session.people())
        self.needs = [self._mask(item.people(), everyone) for item in self.items]
        self.early = [self._early_disciplines(case) for case in self.cases]
        self.early_of = {case.id: mask for case, mask in zip(self.cases, self.early, strict=True)}
        self.free = [self._free(expert) for expert in everyone]
        self.simpler = [
            sum(1 << other for other, weight in enumerate(self.weight) if weight < mine) for mine in self.weight
        ]

    def _early_disciplines(self, case: Case) -> int:
        needed = {seat.discipline for seat in case.seats}
        return sum(1 << bit for bit, names in enumerate(LEAVE_EARLY) if names & needed)

    def _mask(self, wanted: Iterable[object], among: Sequence[object]) -> int:
        return sum(1 << among.index(one) for one in set(wanted) if one in among)

    def _free(self, expert: int) -> dict[int, int]:
        state, site = self.pricer.state, self.session.site
        return {case.duration_min: state.expert_starts(expert, site, case.duration_min) for case in self.cases}

    # ---- the orders

    def orders(self) -> list[tuple[int, ...]]:
        """The best order by the dynamic programme, and, where breaks make it inexact, the complex cases first."""
        count = len(self.items)
        by_weight = tuple(sorted(range(count), key=lambda i: (-self.weight[i], i)))
        layer: dict[int, _Label] = {0: _Label((0,) * 6, ())}
        for _ in range(count):
            following: dict[int, _Label] = {}
            for done, label in layer.items():
                for i in range(count):
                    if not done >> i & 1:
                        self._extend(following, done, label, i)
            layer = dict(sorted(following.items(), key=lambda pair: pair[1].key)[:WIDTH])
        return [*(label.order for label in layer.values()), by_weight]

    def _extend(self, following: dict[int, _Label], done: int, label: _Label, i: int) -> None:
        start = self.session.start_min // self.grain + sum(self.steps[j] for j in label.order)
        cost = self._step(done, i, start)
        if cost is None:
            return
        key = tuple(a + b for a, b in zip(label.key, cost, strict=True))
        known = following.get(done | 1 << i)
        if known is None or key < known.key:
            following[done | 1 << i] = _Label(key, (*label.order, i))

    def _step(self, done: int, i: int, start: int) -> Key | None:
        """What the case at position i adds when it comes after those done; None where it cannot."""
        case = self.cases[i]
        if not self.pricer.state.starts.allowed[case.id] >> start & 1:
            return None
        there = self._present(self.needs, done, i)
        if any(there >> e & 1 and not free[case.duration_min] >> start & 1 for e, free in enumerate(self.free)):
            return None
        early = self._present(self.early, done, i)
        minutes = self.steps[i] * self.grain
        inversions = (done & self.simpler[i]).bit_count()
        return (
            *self._goals(case, start * self.grain),
            minutes * there.bit_count(),
            minutes * early.bit_count(),
            inversions,
        )

    def _present(self, needs: Sequence[int], done: int, i: int) -> int:
        before = after = 0
        for j, mask in enumerate(needs):
            if done >> j & 1:
                before |= mask
            elif j != i:
                after |= mask
        return needs[i] | before & after

    def _goals(self, case: Case, start_min: int) -> tuple[int, int, int]:
        weights = self.problem.weights
        days = case.weight * objectives.days_late(case, start_min)
        effort = weights.wait * objectives.waiting_days(case, start_min)
        effort += weights.moved_case * (self.pricer.old_start.get(case.id, start_min) != start_min)
        return days * case.required, days * (not case.required), effort

    # ---- the session in an order

    def laid_out(self, order: Sequence[int]) -> PlannedSession | None:
        """Without gaps but for grain and breaks, from the session's start; None where it would end later than now."""
        plan = layout(self.problem, [self.cases[i] for i in order])
        end = self.session.start_min + plan.length
        if end > self.session.end_min:
            return None
        items = tuple(
            replace(self.items[i], start_min=self.session.start_min + offset)
            for i, offset in zip(order, plan.offsets, strict=True)
        )
        return replace(self.session, cases=items, end_min=end)

    def stands(self, session: PlannedSession) -> bool:
        """Whether cases and people may be there then; the room is, since the session does not grow."""
        state = self.pricer.state
        for item in session.cases:
            if not state.starts.allowed[item.case] >> item.start_min // self.grain & 1:
                return False
        return all(
            state.expert_starts(expert, session.site, b - a) >> a // self.grain & 1
            and state.cap_starts(expert, b - a) >> session.start_min // self.grain & 1
            for expert, (a, b) in presence.stretches(self.problem, session).items()
        )

    def key(self, session: PlannedSession) -> Key:
        """Presence, early leave, inversions, as they really are."""
        stays = presence.stretches(self.problem, session)
        position = {item.case: i for i, item in enumerate(self.items)}
        order = [position[item.case] for item in sorted(session.cases, key=lambda item: item.start_min)]
        inversions = sum((self.simpler[i] & sum(1 << j for j in order[:at])).bit_count() for at, i in enumerate(order))
        return sum(b - a for a, b in stays.values()), self._early(session), inversions

    def _early(self, session: PlannedSession) -> int:
        minutes = 0
        for bit in range(len(LEAVE_EARLY)):
            spans = [
                (item.start_min, item.start_min + self.problem.case_of[item.case].duration_min)
                for item in session.cases
                if self.early_of[item.case] >> bit & 1
            ]
            if spans:
                minutes += max(b for _, b in spans) - min(a for a, _ in spans)
        return minutes
