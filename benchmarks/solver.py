"""python -m benchmarks.solver --size M --seconds 30: one table, all baselines in the same run, on any machine.

    python -m benchmarks.solver --size S --size M          the frozen instances at their own limits
    python -m benchmarks.solver --profile list --cases 200 --seconds 60        generated demand
    python -m benchmarks.solver --size M --fair            with the fairness term, and effort without it

Every plan is judged by the rules; a violation ends the run. Goals are recomputed from the plan.
"""

import argparse
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks import instances
from scheduling.solver import rules
from scheduling.solver.core import objectives, presence
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Problem
from scheduling.solver.greedy import blocks, greedy
from scheduling.solver.solve import solve

LIMITS = {"S": 5, "M": 30, "L": 120, "XL": 300}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`fair` is the fairness term within effort; None where fairness is off."""

    name: str
    method: str
    plan: Plan
    seconds: float
    on_time: int
    attendances: int
    sessions: int
    spread: float
    fair: int | None

    def __str__(self) -> str:
        bound = " / ".join("-" if low is None else str(low) for low in self.plan.bound) if self.plan.bound else "-"
        first = self.plan.first_plan_s or self.seconds
        return (
            f"| {self.name} | {self.method} | {self.plan.goals} | {self.on_time} | {self.attendances} "
            f"| {self.sessions} | {bound} | {gap_text(self.plan)} | {first:.2f} | {self.seconds:.1f} "
            f"| {self.spread:.2f} |{'' if self.fair is None else f' {self.plan.goals.effort - self.fair} |'}"
        )


def gap(plan: Plan) -> float | None:
    """Of effort, where all levels above meet their bound."""
    if plan.bound is None or plan.bound.effort is None or not plan.goals.effort:
        return None
    return 1 - plan.bound.effort / plan.goals.effort


def gap_text(plan: Plan) -> str:
    value = gap(plan)
    return plan.status if plan.status == "optimal" else "-" if value is None else f"{100 * value:.1f} %"


def row(problem: Problem, name: str, method: str, make: Callable[[], Plan]) -> Row:
    began = time.perf_counter()
    plan = make()
    seconds = time.perf_counter() - began
    broken = rules.violations(problem, plan)
    if broken or plan.goals != objectives.goals(problem, plan):
        raise SystemExit(f"{name} {method}: {[rules.sentence(v) for v in broken[:3]] or 'goals are not as stated'}")
    items = {item.case: item for session in plan.sessions for item in session.cases}
    minutes = presence.minutes_by_expert(plan.sessions, problem)
    return Row(
        name=name,
        method=method,
        plan=plan,
        seconds=seconds,
        on_time=sum(1 for c in problem.cases if c.required and c.id in items and items[c.id].start_min <= c.due_min),
        attendances=sum(len(session.people()) for session in plan.sessions),
        sessions=len(plan.sessions),
        spread=statistics.pstdev((expert.load_min + minutes.get(expert.id, 0)) / 60 for expert in problem.experts),
        fair=objectives.effort_terms(problem, plan.sessions)["fairness"] if problem.fair_target_min else None,
    )


def rows(problem: Problem, name: str, seconds: float, workers: int) -> list[Row]:
    baselines: dict[str, Callable[[Problem], Plan]] = {"general": greedy.general}
    if blocks.fits(problem):
        baselines = {"fcfs": greedy.fcfs, "weekly": greedy.weekly, "smart": greedy.smart}
    found = [row(problem, name, method, lambda make=make: make(problem)) for method, make in baselines.items()]  # type: ignore[misc]
    found.append(row(problem, name, "ours", lambda: solve(problem, seconds=seconds, workers=workers)))
    return found


def fair(problem: Problem) -> Problem:
    """Weight 1, target = mean prior load, rounded, + 120."""
    target = round(sum(expert.load_min for expert in problem.experts) / len(problem.experts)) + 120
    return replace(problem, fair_target_min=target, weights=replace(problem.weights, fairness=1))


def summary(table: list[Row]) -> str:
    """Median over the instances of our attendances divided by each baseline's."""
    ours = {row.name: row for row in table if row.method == "ours"}
    lines = []
    for method in dict.fromkeys(row.method for row in table if row.method != "ours"):
        ratios = [ours[r.name].attendances / r.attendances for r in table if r.method == method and r.attendances]
        wins = sum(ours[r.name].plan.goals < r.plan.goals for r in table if r.method == method)
        lines.append(
            f"attendances against {method}: {statistics.median(ratios):.3f}; better goals on {wins} of {len(ratios)}"
        )
    gaps = [value for row in ours.values() if (value := gap(row.plan)) is not None]
    if gaps:
        lines.append(
            f"median gap of effort: {100 * statistics.median(gaps):.1f} % ({len(gaps)} of {len(ours)} have one)"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solver")
    parser.add_argument("--size", action="append", choices=list(LIMITS), default=None)
    parser.add_argument("--only", help="one instance by name, such as M-3")
    parser.add_argument("--profile", choices=list(instances.PROFILES))
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fair", action="store_true")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}, Python {platform.python_version()}")
    more = (" effort without fairness |", " ---: |") if options.fair else ("", "")
    print(f"| instance | method | goals | on time | A | N | bound | gap | first plan s | s | load sd h |{more[0]}")
    print(f"| --- | --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |{more[1]}")
    table: list[Row] = []
    for name, problem, seconds in _chosen(options):
        for line in rows(fair(problem) if options.fair else problem, name, seconds, options.workers):
            table.append(line)
            print(line, flush=True)
    print(f"\n{summary(table)}")
    peaks = (resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print("peak MB: coordinator {}, largest worker {}".format(*peaks))


def _chosen(options: argparse.Namespace) -> list[tuple[str, Problem, float]]:
    if options.profile:
        return [
            (f"{options.profile}-{seed}", _made(seed, options), options.seconds or 30)
            for seed in range(1, options.seeds + 1)
        ]
    sizes = options.size or ["M"]
    names = [options.only] if options.only else [name for size in sizes for name in instances.names(size)]
    return [(name, instances.load(name), options.seconds or LIMITS[name.split("-")[0]]) for name in names]


def _made(seed: int, options: argparse.Namespace) -> Problem:
    return instances.generate(seed, profile=options.profile, cases=options.cases)


if __name__ == "__main__":
    main()
