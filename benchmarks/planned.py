"""The task of benchmarks.workers: one search over whoever helps, as a planning run does it; the result in a file."""

import json
from pathlib import Path

from celery import shared_task


@shared_task(name="benchmarks.planned.plan", queue="solve")
def plan(instance: str, seconds: float, seed: int, result: str) -> None:
    from benchmarks import instances
    from scheduling.distributed.distributed_crew import DistributedCrew
    from scheduling.solver import rules, solve
    from scheduling.solver.neighbourhood import warm

    problem = instances.load(instance)
    clock = solve.Clock(limit_s=seconds)
    search = solve.Search(problem, clock, lambda _: None)
    search.start(warm.first_plan(problem, clock.over), seed)
    crew = DistributedCrew(problem, lambda: search.coordinator.sessions, clock.over)
    search.run(team=crew)
    found = search.finish()
    figures = {
        "goals": list(found.goals),
        "bound": list(found.bound) if found.bound else None,
        "violations": len(rules.violations(problem, found)),
        "seconds": round(clock.seconds, 1),
        "done": crew.done,
        "helped": crew.helped,
        "lost": crew.lost,
    }
    unfinished = Path(f"{result}.part")
    unfinished.write_text(json.dumps(figures))
    unfinished.rename(result)
