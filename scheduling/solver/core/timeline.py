"""Where things may start: sets of start times as bit masks, and the state of a plan while it is built.

Bit k of a mask stands for the start `k * grain_min`. So "free for 40 minutes" is one mask per person or room, and a
whole group of people, rooms and cases is screened by a handful of ANDs and ORs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from scheduling.solver.core import presence
from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.problem import Case, Problem, Span, merged


def bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def starts(spans: Iterable[Span], minutes: int, grain: int) -> int:
    """All starts on the grain whose `[start, start + minutes)` lies inside one of the intervals."""
    mask = 0
    for start, end in spans:
        first, last = max(0, -(-start // grain)), (end - minutes) // grain
        if last >= first:
            mask |= (1 << (last + 1)) - (1 << first)
    return mask


def within(low: int, high: int, grain: int) -> int:
    """All starts s on the grain with low <= s < high."""
    first, beyond = max(0, -(-low // grain)), max(0, -(-high // grain))
    return (1 << beyond) - (1 << first) if beyond > first else 0


def back(mask: int, steps: int) -> int:
    """Each start and the `steps` before it."""
    done = 0
    while done < steps:
        step = min(done + 1, steps - done)
        mask |= mask >> step
        done += step
    return mask


def minus(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of merged intervals when others are cut out."""
    cuts = sorted(taken)
    left = []
    for start, end in spans:
        for a, b in cuts:
            if b <= start or a >= end:
                continue
            if a > start:
                left.append((start, a))
            start = max(start, b)
        if start < end:
            left.append((start, end))
    return left


class Starts:
    """What of a problem never changes: the permitted starts of each case, of each local day and week."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.grain = problem.grain_min
        self.every = within(0, problem.horizon_min, self.grain)
        ends = (*problem.day_starts[1:], max(problem.horizon_min, problem.day_starts[-1] + 1))
        self.days = [within(a, b, self.grain) for a, b in zip(problem.day_starts, ends, strict=True)]
        self.allowed: dict[int, int] = {}
        for case in problem.cases:
            self.admit(case)

    def admit(self, case: Case) -> None:
        """Also takes a case that the problem does not hold yet: a referral that asks for a promise."""
        self.allowed[case.id] = self._allowed(case)

    def permitted(self, case: Case) -> int:
        """After release and now, outside stretches reserved for others: pins and bans aside."""
        mask = within(max(case.release_min, self.problem.now_min), self.problem.horizon_min, self.grain)
        for stretch in self.problem.team_of[case.team].reserved:
            if case.rare_class not in stretch.classes:
                mask &= ~within(stretch.from_min, stretch.to_min, self.grain)
        return mask

    def _allowed(self, case: Case) -> int:
        """What is permitted, within pinned times, outside forbidden times that name nothing else."""
        mask = self.permitted(case)
        for choice in self.problem.pins:
            if choice.case == case.id:
                mask &= self.times(choice.from_min, choice.to_min)
        for choice in self.problem.forbidden:
            if choice.case == case.id and choice.expert is None and choice.room is None:
                mask &= ~self.times(choice.from_min, choice.to_min)
        return mask

    def times(self, from_min: int | None, to_min: int | None) -> int:
        low = 0 if from_min is None else from_min
        return within(low, self.problem.horizon_min if to_min is None else to_min, self.grain)


class State:
    """A plan in progress: who and what is taken, and the starts that are still open.

    Masks are cached per person, room and team, and forgotten when a session of theirs comes or goes.
    """

    def __init__(self, problem: Problem, sessions: Iterable[PlannedSession] = ()) -> None:
        self.problem = problem
        self.starts = Starts(problem)
        self.sessions: dict[int, PlannedSession] = {}
        self.changes = 0
        self.placed: dict[int, int] = {}
        self.minutes: dict[int, int] = defaultdict(int)
        self.team_sessions: dict[int, set[int]] = {team.id: set() for team in problem.teams}
        self._stays: dict[int, dict[int, presence.Presence]] = defaultdict(dict)
        self._bookings: dict[int, dict[int, Span]] = defaultdict(dict)
        self._expert_masks: dict[int, dict[tuple[int, int], int]] = defaultdict(dict)
        self._open_masks: dict[int, dict[tuple[int, int], int]] = defaultdict(dict)
        self._cap_masks: dict[int, dict[int, int]] = defaultdict(dict)
        self._room_masks: dict[int, dict[int, int]] = defaultdict(dict)
        self._team_masks: dict[int, dict[int, int]] = defaultdict(dict)
        self._lent: dict[int, tuple[Span, ...]] = {}
        self.next_id = 1 + max([0, *problem.fixed_of, *(s.id for s in problem.previous)])
        for session in sessions:
            self.add(session)

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def add(self, session: PlannedSession) -> None:
        self.changes += 1
        self.sessions[session.id] = session
        self.next_id = max(self.next_id, session.id + 1)
        self.team_sessions[session.team].add(session.id)
        self._team_masks.pop(session.team, None)
        for item in session.cases:
            self.placed[item.case] = session.id
        if session.room is not None:
            self._bookings[session.room][session.id] = (session.start_min, session.end_min)
            self._room_masks.pop(session.room, None)
        for stay in presence.presences(self.problem, session):
            self._stays[stay.expert][session.id] = stay
            self.minutes[stay.expert] += stay.minutes
            self._forget(stay.expert)

    def remove(self, ident: int) -> PlannedSession:
        session = self.sessions.pop(ident)
        self.changes += 1
        self.team_sessions[session.team].discard(ident)
        self._team_masks.pop(session.team, None)
        for item in session.cases:
            del self.placed[item.case]
        if session.room is not None:
            del self._bookings[session.room][ident]
            self._room_masks.pop(session.room, None)
        for expert in session.people():
            self.minutes[expert] -= self._stays[expert].pop(ident).minutes
            self._forget(expert)
        return session

    def _forget(self, expert: int) -> None:
        self.changes += 1
        self._expert_masks.pop(expert, None)
        self._open_masks.pop(expert, None)
        self._cap_masks.pop(expert, None)

    def stays(self, expert: int) -> Iterable[presence.Presence]:
        return self._stays[expert].values()

    def team_starts(self, team: int, minutes: int) -> int:
        masks = self._team_masks[team]
        if minutes not in masks:
            taken = [(self.sessions[i].start_min, self.sessions[i].end_min) for i in self.team_sessions[team]]
            open_spans = minus(self.problem.team_of[team].windows, taken)
            ends = [(a, min(b, self.problem.horizon_min)) for a, b in open_spans]
            masks[minutes] = starts(ends, minutes, self.starts.grain)
        return masks[minutes]

    def room_starts(self, room: int, minutes: int) -> int:
        masks = self._room_masks[room]
        if minutes not in masks:
            gap = self.problem.changeover_min
            taken = [(a - gap, b + gap) for a, b in self._bookings[room].values()]
            masks[minutes] = starts(self._rest(self.problem.room_of[room].free, taken), minutes, self.starts.grain)
        return masks[minutes]

    def _rest(self, free: Iterable[Span], taken: list[Span]) -> Iterable[Span]:
        return minus(free, taken) if taken else free

    def expert_starts(self, expert: int, site: int, minutes: int) -> int:
        """Where a presence of these minutes may start: on site with travel, else remotely (0 if they cannot)."""
        masks = self._expert_masks[expert]
        key = (site, minutes)
        if key not in masks:
            person = self.problem.expert_of[expert]
            if site not in person.sites and not person.remote:
                masks[key] = 0
            else:
                taken = [self._blocked(stay, site, site in person.sites) for stay in self._stays[expert].values()]
                free = self._lent.get(expert, person.free)
                masks[key] = starts(self._rest(free, taken), minutes, self.starts.grain)
        return masks[key]

    @contextmanager
    def lent(self, expert: int, spans: Iterable[Span]) -> Iterator[None]:
        """As if the expert were on duty in these intervals too."""
        self._lent[expert] = merged([*self.problem.expert_of[expert].free, *spans])
        self._forget(expert)
        try:
            yield
        finally:
            del self._lent[expert]
            self._forget(expert)

    def open_starts(self, expert: int, site: int, minutes: int) -> int:
        """Free for a presence of these minutes and within the caps, where it begins with its session."""
        masks = self._open_masks[expert]
        key = (site, minutes)
        if key not in masks:
            masks[key] = self.expert_starts(expert, site, minutes) & self.cap_starts(expert, minutes)
        return masks[key]

    def _blocked(self, stay: presence.Presence, site: int, on_site: bool) -> Span:
        travel = self.problem.travel(stay.site, site) if on_site and stay.on_site else 0
        return stay.from_min - travel, stay.to_min + travel

    def cap_starts(self, expert: int, minutes: int) -> int:
        """Session starts on days and in weeks in which one more presence of these minutes keeps the caps."""
        masks = self._cap_masks[expert]
        if minutes not in masks:
            person = self.problem.expert_of[expert]
            days: dict[int, int] = defaultdict(int)
            weeks: dict[int, list[int]] = defaultdict(list)
            for stay in self._stays[expert].values():
                days[stay.day] += 1
                weeks[stay.week].append(stay.minutes)
            mask = 0
            for day, starts_of_day in enumerate(self.starts.days):
                week = weeks[day // 7]
                if (
                    days[day] < person.max_sessions_day
                    and len(week) < person.max_sessions_week
                    and sum(week) + minutes <= person.max_minutes_week
                ):
                    mask |= starts_of_day
            masks[minutes] = mask
        return masks[minutes]
