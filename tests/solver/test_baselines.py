"""The baselines' frozen figures, to the last digit, from the table in benchmarks/instances/README.md."""

import hashlib
import re

import pytest

from benchmarks import instances
from scheduling.solver import rules
from scheduling.solver.greedy import greedy

README = (instances.FOLDER / "README.md").read_text(encoding="utf-8")
LINE = re.compile(r"\| *([A-Z]+-\d)? *\| *\d* *\| *(fcfs|weekly|smart)\*? *\| ([\d /]+) \| (\d+) \| (\d+) \| (\d+) \|")


def figures():
    name = ""
    for found in map(LINE.match, README.splitlines()):
        if found:
            name = found[1] or name
            yield name, found[2], (found[3].strip(), *map(int, found.groups()[3:]))


TABLE = list(figures())


def test_table_is_complete():
    assert len(TABLE) == 3 * 17


@pytest.mark.parametrize(
    ("name", "method", "expected"),
    [pytest.param(*row, marks=[pytest.mark.slow] if row[0].startswith(("L", "XL")) else []) for row in TABLE],
)
def test_baseline_gives_its_figures(name, method, expected):
    problem = instances.load(name)
    plan = getattr(greedy, method)(problem)
    items = {item.case: item for session in plan.sessions for item in session.cases}
    on_time = sum(c.required and c.id in items and items[c.id].start_min <= c.due_min for c in problem.cases)
    people = sum(len(session.people()) for session in plan.sessions)
    assert (str(plan.goals), on_time, people, len(plan.sessions)) == expected
    assert rules.violations(problem, plan) == []


def test_instances_are_the_frozen_ones():
    hashes = dict(re.findall(r"([0-9a-f]{64})  (\S+\.json\.gz)", README))
    hashes = {name: digest for digest, name in hashes.items()}
    for path in instances.FOLDER.glob("*.json.gz"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == hashes[path.name]
