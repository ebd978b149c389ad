"""python -m scheduling.solver PROBLEM.json > PLAN.json

Exit codes: 0 done (a plan may leave cases unplaced), 1 the validated plan breaks a rule, 2 the input is refused.
"""

import argparse
import json
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scheduling.solver import rules
from scheduling.solver.core import objectives, reading
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Problem
from scheduling.solver.core.reading import ProblemError, as_json
from scheduling.solver.explain import explain
from scheduling.solver.rules import checking
from scheduling.solver.solve import Progress, solve


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        problem = checking.read_problem(_load(options.problem))
        plan = Plan.from_json(_load(options.validate)) if options.validate else None
    except ProblemError as error:
        for mistake in error.mistakes:
            print(
                f"{mistake.place or 'document'}: {mistake.code} {dict(mistake.params) or ''}".rstrip(), file=sys.stderr
            )
        return 2
    except OSError as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    if plan is not None and (options.explain is None or not _known(rules.violations(problem, plan))):
        return _validate(problem, plan)
    if options.explain is not None and options.explain not in problem.case_of:
        print(f"case {options.explain} is not part of the problem", file=sys.stderr)
        return 2
    plan = plan or _solve(problem, options)
    if options.explain is not None:
        _write(as_json(explain.explain(problem, plan, options.explain)))
    else:
        _write(plan.to_json())
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scheduling.solver", description="Plan MDT sessions.")
    parser.add_argument("problem", help="PROBLEM.json, also .gz, or - for standard input")
    parser.add_argument("--validate", metavar="PLAN", help="judge this plan by the hard rules instead of solving")
    parser.add_argument(
        "--explain", metavar="CASE", type=int, help="why this case has no place (with --validate: there)"
    )
    parser.add_argument("--progress", action="store_true", help="one line of JSON per improvement on standard error")
    parser.add_argument("--seconds", type=_seconds, help="limit, else the problem's")
    parser.add_argument("--workers", type=_workers, help="processes, else the problem's")
    parser.add_argument("--seed", type=int, help="else the problem's")
    return parser.parse_args(arguments)


def _load(name: str) -> Any:
    if name == "-":
        return reading.from_bytes(sys.stdin.buffer.read())
    path = Path(name)
    return reading.from_bytes(path.read_bytes(), compressed=path.suffix == ".gz")


def _seconds(text: str) -> float:
    given = float(text)
    if not 0 <= given <= checking.MOST_SECONDS:
        raise ValueError(text)
    return given


def _workers(text: str) -> int:
    given = int(text)
    if not 1 <= given <= checking.MOST_WORKERS:
        raise ValueError(text)
    return given


def _solve(problem: Problem, options: argparse.Namespace) -> Plan:
    """Ctrl-C ends the search, not the answer."""
    stopped: list[int] = []
    old = signal.signal(signal.SIGINT, lambda number, _: stopped.append(number))
    try:
        return solve(
            problem,
            seconds=options.seconds,
            workers=options.workers,
            seed=options.seed,
            on_progress=_tell if options.progress else None,
            should_stop=lambda: bool(stopped),
        )
    finally:
        signal.signal(signal.SIGINT, old)


def _tell(progress: Progress) -> None:
    print(json.dumps(as_json(progress)), file=sys.stderr, flush=True)


def _validate(problem: Problem, plan: Plan) -> int:
    """The broken rules with their sentences, and the goals as they really are."""
    found = rules.violations(problem, plan)
    goals = objectives.goals(problem, plan) if _known(found) else None
    _write(
        {
            "valid": not found and goals == plan.goals,
            "goals": as_json(goals),
            "goals_as_stated": goals == plan.goals,
            "violations": [as_json(violation) | {"sentence": rules.sentence(violation)} for violation in found],
        }
    )
    return 0 if not found and goals == plan.goals else 1


def _known(found: Iterable[rules.Violation]) -> bool:
    """Whether all that the plan names is part of the problem; else there is nothing to count or explain."""
    return all(violation.code != "unknown" for violation in found)


def _write(data: Any) -> None:
    json.dump(data, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    sys.exit(main())
