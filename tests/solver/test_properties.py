"""Properties on random small problems: plans are valid, goals are what they say, bounds bound, brute force agrees."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduling.solver import rules
from scheduling.solver.core import objectives
from scheduling.solver.exact import model
from scheduling.solver.greedy import greedy
from scheduling.solver.proof import bounds, team_proof
from scheduling.solver.proof.proof import Proof
from scheduling.solver.rules import checking
from scheduling.solver.solve import solve
from tests.solver import brute
from tests.solver.builders import decided_problem, expert, random_problem, tiny_problem

SEEDS = st.integers(0, 10_000)
AMPLE_S = 300
"""A proof takes four seconds at most; a machine that does much else needs longer, and this is no test of speed."""


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from((5, 15)))
@example(132, 5)  # somebody else's session in the break between two cases
def test_greedy_breaks_no_rule(seed, grain):
    problem = random_problem(seed, cases=6, grain=grain)
    plan = greedy.general(problem)
    assert rules.violations(problem, plan) == []


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_solve_breaks_no_rule_and_never_worsens_the_first_plan(seed):
    problem = random_problem(seed, cases=7)
    plan = solve(problem, seconds=1)
    assert rules.violations(problem, plan) == []
    assert plan.goals == objectives.goals(problem, plan)
    assert plan.goals <= greedy.first_plan(problem).goals


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_problem_survives_json(seed):
    problem = random_problem(seed)
    assert checking.read_problem(problem.to_json()) == problem


@settings(max_examples=12, deadline=None)
@given(SEEDS)
def test_bound_never_exceeds_the_optimum(seed):
    problem = tiny_problem(seed)
    best = brute.optimum(problem)
    for bound in (bounds.full_bound(problem), team_proof.full_bound(problem)):
        for low, value in zip(bound, best, strict=True):
            assert low is None or low <= value
            if low != value:
                break


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_proof_equals_brute_force(seed):
    problem = replace(tiny_problem(seed), fair_target_min=None)
    plan, proven = Proof(problem).run(greedy.first_plan(problem), AMPLE_S)
    assert rules.violations(problem, plan) == []
    assert plan.goals == brute.optimum(problem)
    assert proven.proves(plan.goals)


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_two_proofs_agree_where_much_is_decided(seed):
    """The decomposition and the whole exact model share no search; confirmed, published, pinned and forbidden parts."""
    problem = decided_problem(seed)
    first = greedy.first_plan(problem)
    one, proven = Proof(problem).run(first, AMPLE_S)
    two, also = model.solve(problem, first, AMPLE_S)
    assert rules.violations(problem, one) == rules.violations(problem, two) == []
    assert proven.proves(one.goals)
    assert also.proves(two.goals)
    assert one.goals == two.goals


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_solve_equals_brute_force(seed):
    problem = tiny_problem(seed)
    plan = solve(problem, seconds=1)
    best = brute.optimum(problem)
    assert plan.goals >= best
    if plan.status == "optimal":
        assert plan.goals == best


@settings(max_examples=4, deadline=None)
@given(SEEDS)
def test_one_more_expert_never_makes_proven_levels_worse(seed):
    problem = tiny_problem(seed)
    more = replace(
        problem,
        experts=(*problem.experts, expert(6)),
        cases=tuple(
            replace(c, seats=tuple(replace(s, candidates=(*s.candidates, 6)) for s in c.seats)) for c in problem.cases
        ),
    )
    assert tuple(brute.optimum(more))[:3] <= tuple(brute.optimum(problem))[:3]


@pytest.mark.parametrize("seed", range(3))
def test_same_seed_same_first_plan(seed):
    problem = random_problem(seed, cases=6)
    assert greedy.first_plan(problem).sessions == greedy.first_plan(problem).sessions
