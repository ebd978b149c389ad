"""How far a run has come, in figures and words: the best plan, what is proven, and the chart's points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from mdt_portal.i18n import phrases
from mdt_portal.web import charts
from scheduling.explain import solver_text
from scheduling.models import PlanningRun
from scheduling.planning.core import figures
from scheduling.states import RunStatus

COUNTED = {one.name for one in fields(figures.Counts)}
EFFORT = 3  # the last of the four goals; those above it outweigh it


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One goal: the best value so far in points and in what people count, and whether no plan can do better.

    `counted` is empty where a run of earlier days did not keep it.
    """

    label: str
    best: int
    bound: int | None
    counted: str = ""

    @property
    def proven(self) -> bool:
        return self.bound is not None and self.bound >= self.best


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A run as its page shows it. Seconds count from the start of the present attempt.

    `tasks` are parts of the search that are done, `helped` of them by other workers; others replace lost ones.
    """

    seconds: int
    percent: int
    answered_s: int | None
    levels: list[Level]
    quality: str
    best: list[charts.Point]
    bound: list[charts.Point]
    failure: str
    tasks: int | None
    helped: int
    lost: int
    workers: int | None


def of(run: PlanningRun, *, now: datetime) -> Live:
    points = [point for point in run.progress if point["goals"]]
    last = points[-1] if points else None
    seconds = _seconds(run, now=now)
    best, bound = _lines(points)
    return Live(
        seconds=seconds,
        percent=min(100, round(100 * seconds / run.seconds)) if run.seconds else 0,
        answered_s=_answered(run, now=now),
        levels=levels(last["goals"], last["bound"], last.get("counts")) if last else [],
        quality=within(last["goals"], last["bound"]) if last else "",
        best=best,
        bound=bound,
        failure=solver_text.failure_text(run.failure),
        tasks=last.get("tasks_done") if last else None,
        helped=last.get("tasks_helped", 0) if last else 0,
        lost=last.get("tasks_lost", 0) if last else 0,
        workers=last.get("workers") if last else None,
    )


def _seconds(run: PlanningRun, *, now: datetime) -> int:
    if run.started_at is None:
        return 0
    return max(0, round(((run.finished_at or now) - run.started_at).total_seconds()))


def _answered(run: PlanningRun, *, now: datetime) -> int | None:
    """Seconds since the worker's last sign of life; None when it is not at work."""
    if run.status != RunStatus.RUNNING or run.heartbeat_at is None:
        return None
    return max(0, round((now - run.heartbeat_at).total_seconds()))


def levels(
    goals: Sequence[int], bound: Sequence[int | None] | None, counts: Mapping[str, Any] | None = None
) -> list[Level]:
    """The goals in their order; `counts` are those of the plan (figures.Counts)."""
    labels = (
        _("Required cases without a place"),
        _("Required cases over their limit"),
        _("Suggested cases waiting or late"),
        _("Effort: sessions, attendance, changes"),
    )
    known = list(bound or (None,) * len(labels))
    counted = _counted(counts) if counts and counts.keys() >= COUNTED else ("",) * len(labels)
    return [
        Level(label=label, best=best, bound=_if_reached(goals, known, index), counted=counted[index])
        for index, (label, best) in enumerate(zip(labels, goals, strict=True))
    ]


def _counted(counts: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Each goal as cases, days, sessions and hours."""
    late = _cases(counts["required_late"])
    if counts["required_late"]:
        days = counts["required_late_days"]
        late = phrases.line(late, ngettext("%(n)d day in all", "%(n)d days in all", days) % {"n": days})
    left = counts["suggested"] - counts["suggested_placed"]
    suggested = [_("%(n)d without a place") % {"n": left}] if left else []
    suggested += [_("%(n)d late") % {"n": counts["suggested_late"]}] if counts["suggested_late"] else []
    effort = (
        ngettext("%(n)d session", "%(n)d sessions", counts["sessions"]) % {"n": counts["sessions"]},
        ngettext("%(n)d attendance", "%(n)d attendances", counts["attendances"]) % {"n": counts["attendances"]},
        _("%(n).1f h") % {"n": counts["expert_hours"]},
    )
    return (
        _cases(counts["required"] - counts["required_placed"]),
        late,
        phrases.line(*suggested) or _cases(0),
        phrases.line(*effort),
    )


def _cases(number: int) -> str:
    return ngettext("%(n)d case", "%(n)d cases", number) % {"n": number} if number else pgettext("cases", "none")


def _if_reached(goals: Sequence[int], bound: Sequence[int | None], index: int) -> int | None:
    """A bound says something about a level only where all levels above are proven."""
    return bound[index] if list(bound[:index]) == list(goals[:index]) else None


def within(goals: Sequence[int], bound: Sequence[int | None] | None) -> str:
    """How good the plan is for sure: `the best possible`, `within 2.1 % of the best possible`, how many goals are
    proven, or that it is open."""
    rows = levels(goals, bound)
    unproven = [level for level in rows if not level.proven]
    if not unproven:
        return _("the best possible")
    effort = rows[EFFORT]
    if unproven == [effort] and effort.bound is not None:
        return _within_percent(effort.best, effort.bound)
    reached = rows.index(unproven[0])
    if reached:
        words = ngettext(
            "%(n)d of %(all)d goals is the best possible, the rest is not yet proven",
            "%(n)d of %(all)d goals are the best possible, the rest is not yet proven",
            reached,
        )
        return words % {"n": reached, "all": len(rows)}
    return _("not yet proven how far from the best possible")


def _within_percent(best: int, bound: int) -> str:
    percent = 100 * (best - bound) / best if best else 0.0
    return _("within %(percent).1f %% of the best possible") % {"percent": percent}


def quality(run: PlanningRun) -> str:
    """The quality of a run's proposal, for lists; empty where there is none."""
    proposal = next(iter(run.proposals.all()), None)
    if proposal is None:
        return ""
    names = ("required_unplaced", "required_late", "suggested", "effort")
    bound = [proposal.bound[name] for name in names] if proposal.bound else None
    return within([proposal.goals[name] for name in names], bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """How many of the cases that a plan looked at have a place in it, by tier."""

    required: int
    required_placed: int
    suggested: int
    suggested_placed: int

    @property
    def left(self) -> int:
        return self.required - self.required_placed + self.suggested - self.suggested_placed


def placed(run: PlanningRun) -> Placed | None:
    """Of what was published, else of the first that is offered; None where there is no plan, or an old one that did not
    keep its figures."""
    offers = sorted(run.proposals.all(), key=lambda one: (one.published_at is None, one.pk))
    names = [one.name for one in fields(Placed)]
    if not offers or not all(name in offers[0].figures for name in names):
        return None
    return Placed(**{name: offers[0].figures[name] for name in names})


def _lines(points: list[dict[str, Any]]) -> tuple[list[charts.Point], list[charts.Point]]:
    """The effort over time, from when the goals above it had reached their present values."""
    if not points:
        return [], []
    above = points[-1]["goals"][:EFFORT]
    tail = [point for point in points if point["goals"][:EFFORT] == above]
    best = [(point["seconds"], point["goals"][EFFORT]) for point in tail]
    bound = [
        (point["seconds"], point["bound"][EFFORT])
        for point in tail
        if point["bound"] and point["bound"][:EFFORT] == above and point["bound"][EFFORT] is not None
    ]
    return best, bound
