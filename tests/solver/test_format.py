"""PROBLEM and PLAN as JSON: nothing is guessed, every mistake has its place."""

import json

import pytest

from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import ProblemError
from scheduling.solver.rules import checking
from tests.solver.builders import case, plan, planned, problem, random_problem, session


def mistakes(data, read=checking.read_problem):
    with pytest.raises(ProblemError) as error:
        read(data)
    return [(mistake.place, mistake.code) for mistake in error.value.mistakes]


def small():
    return problem([case(1)]).to_json()


def test_problem_survives_json():
    of = random_problem(3, cases=5)
    assert checking.read_problem(json.loads(json.dumps(of.to_json()))) == of


def test_plan_survives_json():
    of = problem([case(1)])
    made = plan(of, session(1, 480, 510, planned(1, 480, 1)))
    assert Plan.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_every_mistake_is_reported_at_once():
    data = small() | {"colour": "red", "grain_min": 0, "version": 2}
    del data["sites"]
    data["cases"][0]["tier"] = "perhaps"
    data["experts"][1]["free"] = [[60, 30]]
    assert sorted(mistakes(data)) == [
        ("cases[0].tier", "not_a_choice"),
        ("colour", "unknown_key"),
        ("experts[1].free[0]", "empty_span"),
        ("grain_min", "too_small"),
        ("sites", "missing_key"),
        ("version", "not_a_choice"),
    ]


def test_names_of_things_that_do_not_exist_are_refused():
    data = small()
    data["cases"][0]["team"] = 7
    data["cases"][0]["seats"][0]["candidates"] = [1, 99]
    data["pins"] = [{"case": 5}]
    assert mistakes(data) == [
        ("cases[0].team", "unknown_id"),
        ("cases[0].seats[0].candidates[1]", "unknown_id"),
        ("pins[0].case", "unknown_id"),
    ]


def test_ids_are_unique_per_kind():
    data = small()
    data["experts"][1]["id"] = 1
    assert mistakes(data) == [("experts", "id_twice")]


def test_numbers_are_integers_and_not_truth_values():
    data = small() | {"grain_min": True, "horizon_min": 20160.0}
    assert sorted(mistakes(data)) == [("grain_min", "not_an_integer"), ("horizon_min", "not_an_integer")]


def test_confirmed_part_that_breaks_a_rule_is_refused_by_name():
    data = small() | {"fixed": [_fixed()]}
    assert mistakes(data) == [("fixed[0]", "breaks_rule")]


def _fixed():
    return {
        "id": 1,
        "team": 1,
        "site": 1,
        "room": 1,
        "start_min": 480,
        "end_min": 510,
        "cases": [{"case": 1, "start_min": 480, "seats": {"1": 2}, "optional": {}}],
    }


def test_confirmed_session_without_cases_is_refused():
    data = small() | {"fixed": [_fixed() | {"cases": []}]}
    assert mistakes(data) == [("fixed[0].cases", "no_case")]


def test_absent_weights_have_their_defaults_but_weights_must_be_there():
    data = small() | {"weights": {"wait": 0}}
    assert checking.read_problem(data).weights.attendance == 3
    del data["weights"]
    assert mistakes(data) == [("weights", "missing_key")]


def test_touching_intervals_merge():
    data = small()
    data["experts"][0]["free"] = [[60, 90], [0, 60]]
    assert checking.read_problem(data).experts[0].free == ((0, 90),)


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_what_is_no_object_is_refused(data):
    assert mistakes(data) == [("", "not_an_object")]
    assert mistakes(data, Plan.from_json) == [("", "not_an_object")]
