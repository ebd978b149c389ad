"""The command line, and faults injected into its plans."""

import gzip
import json

import pytest

from benchmarks import instances
from scheduling.solver.__main__ import main
from scheduling.solver.rules import checking


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("solver")


@pytest.fixture(scope="module")
def solved(folder):
    """The frozen instance S-1 with its quick plan, as files."""
    path = instances.FOLDER / "S-1.json.gz"
    with pytest.MonkeyPatch.context() as patch:
        out = folder / "plan.json"
        with out.open("w", encoding="utf-8") as file:
            patch.setattr("sys.stdout", file)
            assert main([str(path), "--seconds", "0"]) == 0
    return path, out


def validated(path, plan_file, capsys):
    code = main([str(path), "--validate", str(plan_file)])
    return code, json.loads(capsys.readouterr().out)


def test_plan_of_no_time_at_all_is_valid(solved, capsys):
    code, verdict = validated(*solved, capsys)
    assert (code, verdict["valid"], verdict["violations"]) == (0, True, [])


def test_broken_problem_is_refused_with_its_places(folder, capsys):
    bad = folder / "bad.json.gz"
    bad.write_bytes(gzip.compress(json.dumps({"version": 1, "what": 1}).encode()))
    assert main([str(bad)]) == 2
    errors = capsys.readouterr().err
    assert "what: unknown_key" in errors
    assert "cases: missing_key" in errors


def test_progress_is_one_line_of_json_each(solved, capsys):
    assert main([str(solved[0]), "--seconds", "0", "--progress"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["phase"] for line in lines] == ["greedy", "done"]


def test_explain_names_the_case(solved, capsys):
    assert main([str(solved[0]), "--seconds", "0", "--explain", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["case"] == 3
    assert main([str(solved[0]), "--seconds", "0", "--explain", "999"]) == 2


def test_a_plan_with_a_stranger_is_judged_instead_of_explained(solved, folder, capsys):
    path, good = solved
    plan = json.loads(good.read_text())
    plan["sessions"][0]["cases"][0]["case"] = 9999
    bad = folder / "stranger.json"
    bad.write_text(json.dumps(plan))
    assert main([str(path), "--validate", str(bad), "--explain", "3"]) == 1
    assert json.loads(capsys.readouterr().out)["violations"][0]["code"] == "unknown"


def shift_case(plan, problem):
    plan["sessions"][0]["cases"][0]["start_min"] += 7


def move_session_out_of_window(plan, problem):
    session = plan["sessions"][1]
    for item in [session, *session["cases"]]:
        item["start_min"] += 720
    session["end_min"] += 720


def empty_a_seat(plan, problem):
    plan["sessions"][1]["cases"][0]["seats"].popitem()


def take_a_stranger(plan, problem):
    item = plan["sessions"][1]["cases"][0]
    seat = next(iter(item["seats"]))
    able = next(s for c in problem.cases if c.id == item["case"] for s in c.seats if s.id == int(seat))
    item["seats"][seat] = next(e.id for e in problem.experts if e.id not in able.candidates)


def sit_twice(plan, problem):
    seats = plan["sessions"][1]["cases"][0]["seats"]
    first, second = list(seats)[:2]
    seats[second] = seats[first]


def forget_the_room(plan, problem):
    plan["sessions"][1]["room"] = None


def name_a_room_that_is_not_there(plan, problem):
    plan["sessions"][1]["room"] = 99


def drop_a_case_silently(plan, problem):
    session = next(s for s in plan["sessions"] if len(s["cases"]) > 1)
    session["cases"].pop()


def plan_a_case_twice(plan, problem):
    plan["sessions"].append(plan["sessions"][1] | {"id": 77})


def touch_a_confirmed_session(plan, problem):
    session = next(s for s in plan["sessions"] if s["id"] == problem.fixed[0].id)
    session["end_min"] += 15


def praise_itself(plan, problem):
    plan["goals"]["effort"] -= 1


FAULTS = [
    shift_case,
    move_session_out_of_window,
    empty_a_seat,
    take_a_stranger,
    sit_twice,
    forget_the_room,
    name_a_room_that_is_not_there,
    drop_a_case_silently,
    plan_a_case_twice,
    touch_a_confirmed_session,
    praise_itself,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_validate_finds_the_injected_fault(fault, solved, folder, capsys):
    path, plan_file = solved
    with gzip.open(path, "rt", encoding="utf-8") as file:
        problem = checking.read_problem(json.load(file))
    plan = json.loads(plan_file.read_text(encoding="utf-8"))
    fault(plan, problem)
    broken = folder / "broken.json"
    broken.write_text(json.dumps(plan), encoding="utf-8")
    code, verdict = validated(path, broken, capsys)
    assert (code, verdict["valid"]) == (1, False)
