"""The hard rules: what every plan must satisfy, free of the solver. One function per code, all in `RULES`.

It guards each commit, checks each manual edit and judges the solver in tests. A rule answers its violations as
codes with parameters; `SENTENCES` puts them into words. A plan that names things which do not exist is only
judged by the first rule, since the others could not read it.
"""

from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Problem
from scheduling.solver.rules.registry import RULES, SENTENCES, Board, Violation

from scheduling.solver.rules.sessions import held  # isort: skip - the order of these two is the registry's
from scheduling.solver.rules import people  # isort: skip

__all__ = ["RULES", "SENTENCES", "Violation", "held", "people", "sentence", "violations"]


def violations(problem: Problem, plan: Plan) -> list[Violation]:
    """All broken rules, in the order of the registry; an empty list means a valid plan."""
    board = Board(problem, plan)
    strangers = list(RULES["unknown"](board))
    if strangers:
        return strangers
    board.attend()
    return [violation for judge in RULES.values() for violation in judge(board)]


def sentence(violation: Violation) -> str:
    return SENTENCES[violation.code] % violation.params
