"""Small wrong problems at the solver's door: refused with every mistake and its place, never with a traceback.

Where a problem is merely empty or hopeless there is a plan.
"""

import gzip
import json
from pathlib import Path

import pytest

from scheduling.solver.__main__ import main
from scheduling.solver.core import reading
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import ProblemError
from scheduling.solver.rules import checking

FOLDER = Path(__file__).parent / "solver"
PLANNED = {"seat-no-candidates.json": 1}
"""File and how many cases stay without a place, at least."""
REFUSED = {
    "capacity-neg.json": ["rooms[0].capacity: too_small"],
    "case-unknown-team.json": ["cases[0].team: unknown_id"],
    "cases-dict.json": ["cases: not_a_list"],
    "day-starts-unsorted.json": ["day_starts: not_rising"],
    "dup-case-id.json": ["cases: id_twice"],
    "dup-seat-id.json": ["cases[0].seats: id_twice"],
    "duration-neg.json": ["cases[0].duration_min: too_small"],
    "empty.json": ["line 1, column 1: not_json"],
    "fixed-overlap.json": ["fixed[1]: breaks_rule"],
    "fixed-unknown-case.json": ["fixed[0]: breaks_rule"],
    "float-horizon.json": ["horizon_min: not_an_integer"],
    "grain-0.json": ["grain_min: too_small"],
    "grain-neg.json": ["grain_min: too_small"],
    "hugeint.json": ["grain_min: too_large"],
    "missing-key.json": ["experts: missing_key"],
    "nan.json": ["grain_min: not_an_integer"],
    "neg-horizon.json": ["horizon_min: too_small"],
    "no-cases.json": ["fixed[0]: breaks_rule"],  # a confirmed session names a case that is not there
    "not-json.json": ["line 1, column 2: not_json"],
    "null-top.json": ["document: not_an_object"],
    "seat-unknown-expert.json": ["cases[0].seats[0].candidates[0]: unknown_id"],
    "team-unknown-site.json": ["teams[0].site: unknown_id"],
    "tier-bad.json": ["cases[0].tier: not_a_choice"],
    "travel-bad.json": ["travel_min[0]: unknown_id"],
    "utf16.json": ["horizon_min: missing_key", "cases: missing_key", "weights: missing_key"],
    "weights-neg.json": ["weights.session_short: too_small"],
    "workers-0.json": ["limits.workers: too_small"],
    "workers-9999.json": ["limits.workers: too_large"],
}

GOOD = json.loads((FOLDER / "no-cases.json").read_text(encoding="utf-8")) | {"fixed": [], "previous": []}


def test_every_file_has_its_right_value() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*PLANNED, *REFUSED}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_problem_is_refused_with_its_places(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FOLDER / name)]) == 2
    said = capsys.readouterr()
    lines = said.err.splitlines()
    for wanted in REFUSED[name]:
        assert any(line.startswith(wanted) for line in lines), lines
    assert said.out == ""


@pytest.mark.parametrize("name", PLANNED)
def test_a_hopeless_problem_has_a_plan(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FOLDER / name), "--seconds", "0"]) == 0
    plan = Plan.from_json(json.loads(capsys.readouterr().out))
    assert len(plan.unplaced) >= PLANNED[name]


def test_an_empty_problem_has_an_empty_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    assert main([str(path), "--seconds", "0"]) == 0
    plan = Plan.from_json(json.loads(capsys.readouterr().out))
    assert (plan.sessions, plan.unplaced) == ((), ())


# Relatives ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"limits": {"seconds": float("nan"), "workers": 1, "seed": 1}}, "limits.seconds", "not_a_finite_number"),
        ({"limits": {"seconds": 1e300, "workers": 1, "seed": 1}}, "limits.seconds", "not_a_finite_number"),
        ({"limits": {"seconds": 1e9, "workers": 1, "seed": 1}}, "limits.seconds", "too_large"),
        ({"limits": {"seconds": 1, "workers": 1, "seed": 2**40}}, "limits.seed", "too_large"),
        ({"horizon_min": 10**12}, "horizon_min", "too_large"),
        ({"sites": [10**400]}, "sites[0]", "too_large"),
        ({"day_starts": [0, 10**15]}, "day_starts[1]", "too_large"),
    ],
)
def test_numbers_beyond_all_measure_are_refused_at_their_place(change: dict, place: str, code: str) -> None:
    with pytest.raises(ProblemError) as error:
        checking.read_problem(reading.from_bytes(json.dumps(GOOD | change).encode()))
    assert (place, code) in [(one.place, one.code) for one in error.value.mistakes]


def test_a_stretch_of_time_without_end_is_refused() -> None:
    changed = json.loads(json.dumps(GOOD))
    changed["teams"][0]["windows"] = [[0, 10**14]]
    with pytest.raises(ProblemError) as error:
        checking.read_problem(changed)
    assert [one.place for one in error.value.mistakes] == ["teams[0].windows[0][1]"]


def test_a_key_that_stands_twice_is_refused() -> None:
    text = json.dumps(GOOD).replace('"grain_min"', '"grain_min": 5, "grain_min"', 1)
    with pytest.raises(ProblemError) as error:
        checking.read_problem(reading.from_bytes(text.encode()))
    assert [(one.place, one.code) for one in error.value.mistakes] == [("grain_min", "key_twice")]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff\xfe\xff", "not_unicode"),
        (b"[" * 100_000, "nested_too_deeply"),
        (b'{"version": 1', "not_json"),
    ],
)
def test_what_is_no_document_is_refused(content: bytes, line: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "problem.json"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    assert line in capsys.readouterr().err


@pytest.mark.parametrize("cut", [slice(0, 40), slice(0, -6), slice(5, None)])
def test_a_broken_gzip_file_is_refused(cut: slice, tmp_path: Path, capsys) -> None:
    path = tmp_path / "problem.json.gz"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode())[cut])
    assert main([str(path)]) == 2
    assert "not_gzip" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--workers", "9999"), ("--seconds", "nan"), ("--seconds", "-1")])
def test_limits_of_the_command_line_are_limited_too(option: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(FOLDER / "seat-no-candidates.json"), *option])
    assert ended.value.code == 2
