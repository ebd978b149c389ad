"""A stored corpus of small problems with their optimal goals: goals and bounds are compared, never assignments."""

import gzip
import json
from pathlib import Path

import pytest

from scheduling.solver import rules
from scheduling.solver.core.plan import Goals
from scheduling.solver.exact import model
from scheduling.solver.greedy import greedy
from scheduling.solver.proof import bounds
from scheduling.solver.rules import checking
from scheduling.solver.solve import valid_bound

CORPUS = json.loads(gzip.decompress((Path(__file__).parent / "corpus.json.gz").read_bytes()))


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: f"seed{entry['seed']}")
def test_exact_model_proves_the_stored_goals(entry):
    problem = checking.read_problem(entry["problem"])
    best = Goals(**dict(zip(Goals.__slots__, entry["goals"], strict=True)))
    plan, proven = model.solve(problem, seconds=10)
    assert plan.goals == best
    assert proven.proves(best)
    assert rules.violations(problem, plan) == []


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: f"seed{entry['seed']}")
def test_stored_goals_lie_between_bound_and_greedy(entry):
    problem = checking.read_problem(entry["problem"])
    best = Goals(**dict(zip(Goals.__slots__, entry["goals"], strict=True)))
    assert greedy.general(problem).goals >= best
    low = valid_bound(bounds.full_bound(problem), best)
    assert all(bound is None or bound <= value for bound, value in zip(low, best, strict=True))
