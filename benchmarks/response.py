"""python -m benchmarks.response --size M: how quickly repair, promise and explanation answer, on a published plan.

Published = `seconds` of search. Repair: one random attendance declined, each from the same plan. Promise: the three
earliest slots of each case as if it were referred anew. Explanation: each case that the first greedy plan leaves out.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks import instances
from scheduling.solver import rules
from scheduling.solver.core import presence
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Problem
from scheduling.solver.core.timeline import minus
from scheduling.solver.explain import earliest_slots, explain
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import repair
from scheduling.solver.solve import solve


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return 1000 * (time.perf_counter() - began), result


def line(what: str, spent_ms: list[float], note: str = "") -> str:
    if not spent_ms:
        return f"| {what} | 0 | - | - | - | {note} |"
    spent = sorted(spent_ms)
    p95 = spent[min(len(spent) - 1, int(0.95 * len(spent)))]
    return f"| {what} | {len(spent)} | {statistics.median(spent):.1f} | {p95:.1f} | {spent[-1]:.1f} | {note} |"


def declined(problem: Problem, plan: Plan, rnd: random.Random) -> Problem:
    """Somebody cannot come to one session after all."""
    session = rnd.choice([s for s in plan.sessions if s.id not in problem.fixed_of])
    expert = rnd.choice(sorted(session.people()))
    gone = presence.stretches(problem, session)[expert]
    experts = (replace(e, free=tuple(minus(e.free, [gone]))) if e.id == expert else e for e in problem.experts)
    return replace(problem, experts=tuple(experts))


def repairs(problem: Problem, plan: Plan, count: int) -> str:
    rnd, spent, done = random.Random(5), [], []
    for _ in range(count):
        world = declined(problem, plan, rnd)
        ms, mended = timed(lambda world=world: repair.repair(world, plan))  # type: ignore[misc]
        if rules.violations(world, mended.plan):
            raise SystemExit("a repaired plan breaks a rule")
        spent.append(ms)
        done.append(mended)
    moved = statistics.mean(len(mended.moved) for mended in done)
    lost = sum(len(mended.lost) for mended in done)
    rungs = [sum(mended.rung == rung for mended in done) for rung in (0, 1, 2)]
    return line("repair", spent, f"moved {moved:.2f} a decline, lost {lost}, rungs {rungs}")


def slots_line(problem: Problem, plan: Plan) -> str:
    spent, kept = [], 0
    for case in problem.cases:
        asked = replace(case, id=1_000_000 + case.id)
        ms, slots = timed(lambda asked=asked: earliest_slots.earliest(problem, plan, asked, 3))  # type: ignore[misc]
        spent.append(ms)
        kept += bool(slots)
    return line("promise", spent, f"{kept} have a slot")


def explanations(problem: Problem) -> str:
    plan = greedy.general(problem)
    explainer = explain.Explainer(problem, Plan.from_json(plan.to_json()))
    spent = [timed(lambda left=left: explainer.reasons(left.case))[0] for left in plan.unplaced]  # type: ignore[misc]
    return line("explanation", spent)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.response")
    parser.add_argument("--size", default="M")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--repairs", type=int, default=40)
    options = parser.parse_args()
    print("| instance | what | n | median ms | p95 ms | max ms | |\n| --- | --- | ---: | ---: | ---: | ---: | --- |")
    for name in instances.names(options.size):
        problem = instances.load(name)
        plan = solve(problem, seconds=options.seconds, workers=1)
        for text in (repairs(problem, plan, options.repairs), slots_line(problem, plan), explanations(problem)):
            print(f"| {name} {text}", flush=True)


if __name__ == "__main__":
    main()
