"""solve, the exact model, explanation, promise, repair, alternatives and tasks, on problems one can see through."""

import json
import time
from dataclasses import replace
from random import Random

import pytest

from benchmarks import instances
from scheduling.solver import alternatives, rules
from scheduling.solver.core import assembly, objectives
from scheduling.solver.core.plan import Bound
from scheduling.solver.core.problem import Choice, Relaxed, Reserved, Weights
from scheduling.solver.core.reading import as_json
from scheduling.solver.exact import goals, model
from scheduling.solver.explain import earliest_slots, explain
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import crew, decompose, repair
from scheduling.solver.solve import Clock, Search, solve
from tests.solver.builders import (
    DAY,
    case,
    expert,
    optional,
    plan,
    planned,
    problem,
    random_problem,
    room,
    session,
    team,
)

EFFORT = Weights(standing_discount=0, optional_missing=0, wait=0, moved_case=0, changed_person=0, fairness=0)


def best(of):
    found = solve(of, seconds=3)
    assert rules.violations(of, found) == []
    assert found.status == "optimal"
    return found


def starts(found):
    return {item.case: item.start_min for s in found.sessions for item in s.cases}


def test_every_rule_is_in_the_model_or_holds_by_construction():
    assert set(model.CONSTRAINTS) | model.BY_CONSTRUCTION == set(rules.RULES)


def test_every_term_of_effort_is_in_the_model():
    assert set(goals.TERMS) == set(objectives.TERMS)


def test_two_cases_with_the_same_people_share_a_session():
    found = best(problem([case(1, [[1], [2]]), case(2, [[1], [2]])], weights=EFFORT))
    assert (len(found.sessions), found.goals.effort) == (1, 4 + 2 * 3)


def test_required_outweighs_any_number_of_suggested():
    one_hour = problem(
        [case(1, duration_min=60), *(case(i, duration_min=30, tier="suggested", weight=9) for i in (2, 3))],
        teams=(team(windows=((480, 540),)),),
    )
    assert set(starts(best(one_hour))) == {1}


def test_empty_problem_has_an_empty_optimal_plan():
    assert solve(problem(), seconds=1).sessions == ()


def test_case_without_a_place_is_explained():
    lone = problem([case(1, [[1], [2]])], experts=(expert(1, free=((0, 60),)), expert(2)))
    found = best(lone)
    (left,) = found.unplaced
    assert [(reason.code, reason.seat) for reason in left.reasons] == [("seat_off_duty", 1)]


def test_explanation_tries_remedies_for_real():
    lone = problem([case(1, [[1]])], experts=(expert(1, free=((0, 20),)), expert(2)))
    seat = replace(lone.cases[0].seats[0], relaxed=(Relaxed(code="title", candidates=(2,)),))
    lone = replace(lone, cases=(replace(lone.cases[0], seats=(seat,)),))
    told = explain.explain(lone, plan(lone), 1)
    assert {remedy.code for remedy in told.remedies} == {"relax_seat", "ask_expert"}
    assert all(remedy.start_min == 480 for remedy in told.remedies)


def test_two_seats_that_need_one_person_are_named():
    told = explain.explain(of := problem([case(1, [[1], [1]])]), plan(of), 1)
    assert [reason.code for reason in told.reasons] == ["seats_share_people"]


def test_placed_case_has_nothing_to_explain():
    of = problem([case(1)])
    told = explain.explain(of, plan(of, session(1, 480, 510, planned(1, 480, 1))), 1)
    assert (told.reasons, told.remedies) == ((), ())


def test_promise_gives_the_earliest_slots_and_moves_nothing():
    of = problem([case(1)])
    published = plan(of, session(1, 480, 510, planned(1, 480, 1)))
    slots = earliest_slots.earliest(of, published, case(99, [[2]]), 2)
    assert [(slot.start_min, slot.session) for slot in slots] == [(510, 1), (540, None)]
    assert earliest_slots.earliest(of, published, case(98, [[1], [1]]), 2) == []


def test_promise_is_quick_on_a_hospital():
    hospital = instances.load("M-1")
    published = greedy.smart(hospital)
    began = time.process_time()
    for listed in hospital.cases[:20]:
        earliest_slots.earliest(hospital, published, replace(listed, id=10_000 + listed.id), 3)
    assert (time.process_time() - began) / 20 < 0.05


def absent(of, ident):
    return replace(of, experts=tuple(replace(e, free=((0, 1),)) if e.id == ident else e for e in of.experts))


def test_repair_substitutes_before_it_moves():
    of = problem([case(1, [[1, 2]]), case(2, [[3]])])
    published = plan(of, session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 3)))
    mended = repair.repair(absent(of, 1), published)
    assert (mended.rung, mended.moved, mended.replaced, mended.lost) == (0, (), 1, ())
    assert rules.violations(absent(of, 1), mended.plan) == []


def test_repair_moves_only_the_affected_case():
    of = problem(
        [case(1, [[1]]), case(2, [[3]])],
        teams=(team(windows=((480, 600), (DAY + 480, DAY + 600))),),
        experts=(expert(1, free=((480, 600), (DAY + 480, DAY + 600))), expert(2), expert(3)),
    )
    published = plan(of, session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 3)))
    later = replace(of, experts=(replace(of.experts[0], free=((DAY + 480, DAY + 600),)), *of.experts[1:]))
    mended = repair.repair(later, published)
    assert (mended.rung, mended.moved, mended.lost) == (1, (1,), ())
    assert starts(mended.plan)[2] == 510


def test_repair_puts_in_an_urgent_case():
    of = problem([case(1, [[1]]), case(2, [[2]], due_min=600)])
    published = plan(of, session(1, 480, 510, planned(1, 480, 1)))
    mended = repair.repair(of, published, urgent=(2,))
    assert (mended.moved, mended.plan.goals.required_unplaced, mended.plan.goals.required_late) == ((), 0, 0)


def test_alternatives_keep_their_word_and_the_first_three_levels():
    of = random_problem(11, cases=7)
    shared = greedy.general(of)
    for other in alternatives.alternatives(of, shared, seconds=2):
        assert other.measure <= other.shared_measure
        assert tuple(other.plan.goals)[:3] <= tuple(shared.goals)[:3]
        assert rules.violations(of, other.plan) == []


def test_solve_stops_when_asked():
    began = time.monotonic()
    found = solve(instances.load("M-1"), seconds=60, workers=1, should_stop=lambda: time.monotonic() - began > 1)
    assert time.monotonic() - began < 15
    assert rules.violations(instances.load("M-1"), found) == []


def coordinated(seed=1):
    of = random_problem(seed, cases=8)
    return of, decompose.Coordinator.start(of, greedy.general(of)), decompose.Worker(of)


@pytest.mark.parametrize("seed", range(4))
def test_answers_never_make_the_plan_worse(seed):
    of, coordinator, worker = coordinated(seed)
    before = coordinator.goals
    for _ in range(4):
        task = coordinator.next_task(0.5)
        coordinator.accept(task.id, worker.work(task))
        assert coordinator.goals <= before
        before = coordinator.goals
    assert rules.violations(of, coordinator.plan()) == []


def test_late_and_repeated_answers_do_no_harm():
    _, coordinator, worker = coordinated()
    task = coordinator.next_task(0.5)
    answer = worker.work(task)
    coordinator.accept(task.id, answer)
    again = coordinator.goals, coordinator.version
    assert not coordinator.accept(task.id, answer)
    assert (coordinator.goals, coordinator.version) == again


def test_what_a_worker_finds_that_chooses_itself_travels_as_json_and_is_checked():
    of, coordinator, _ = coordinated()
    improver = decompose.Improver(of, Random(1), lambda: False)
    found = next(filter(None, (improver.improve(tuple(coordinator.sessions.values()), 0.5) for _ in range(20))))
    assert decompose.read_exchange(json.loads(json.dumps(as_json(found)))) == found
    before = coordinator.goals
    coordinator.accept_unasked(found)
    assert coordinator.goals <= before
    assert rules.violations(of, coordinator.plan()) == []


def test_teams_in_flight_are_disjoint_and_lost_tasks_free_them():
    _, coordinator, _ = coordinated()
    tasks = []
    while (task := coordinator.next_task()) is not None:
        tasks.append(task)
    taken = [t for task in tasks for t in task.teams]
    assert len(taken) == len(set(taken))
    coordinator.forget(tasks[0].id)
    assert coordinator.next_task() is not None


def test_a_process_that_died_while_idle_costs_one_task_and_is_replaced():
    of, coordinator, _ = coordinated()
    team = crew.Processes(of, 1)
    try:
        died = team._children[0].process
        died.kill()
        died.join()
        task = coordinator.next_task(0.5)
        team.hand_out(task)
        assert results_of(team) == [crew.Lost(work=task)]
        team.hand_out(task)
        (answer,) = results_of(team)
        assert answer.task == task.id
    finally:
        team.dismiss()


def results_of(team):
    deadline = time.monotonic() + 30
    while not (found := list(team.results())):
        assert time.monotonic() < deadline
    return found


def test_a_better_plan_that_no_task_brought_is_a_new_version_of_the_same_search():
    of = random_problem(1, cases=8)
    search = Search(of, Clock(limit_s=5), lambda _: None)
    search.start(empty_plan(of), seed=7)
    before = search.coordinator.version
    search._learn(greedy.general(of), Bound())
    assert search.coordinator.goals == greedy.general(of).goals
    assert search.coordinator.version > before
    assert search.coordinator.seed == 7


def empty_plan(of):
    return assembly.plan_of(of, of.fixed)


# Each weight visibly decides.


def weighed(of, name):
    """The plan with this weight off, and with it as it is by default."""
    default = replace(EFFORT, **{name: getattr(Weights(), name)})
    plans = [solve(replace(of, weights=weights), seconds=2) for weights in (EFFORT, default)]
    assert [rules.violations(of, found) for found in plans] == [[], []]
    return plans


def test_optional_places_are_filled_where_that_is_worth_the_way():
    """One attendance (3) for two places (2 each)."""
    of = problem([replace(case(i, [[1]]), optional=(optional(7, 2),)) for i in (1, 2)])
    without, priced = weighed(of, "optional_missing")
    assert (without.sessions[0].people(), priced.sessions[0].people()) == ({1}, {1, 2})


def test_optional_place_alone_is_not_worth_the_way():
    of = problem([replace(case(1, [[1]]), optional=(optional(7, 2),))])
    assert weighed(of, "optional_missing")[1].sessions[0].people() == {1}


def test_wait_decides_the_day():
    """Five days of waiting (1 each) against a session of its own (4)."""
    of = problem(
        [case(1, [[1]]), case(2, [[2]], release_min=5 * DAY)],
        teams=(team(windows=((480, 600), (5 * DAY + 480, 5 * DAY + 600))),),
    )
    without, priced = weighed(of, "wait")
    assert (len(without.sessions), len(priced.sessions)) == (1, 2)
    assert starts(without)[1] > DAY > starts(priced)[1]


def test_moves_have_a_price():
    """The standing block is cheaper by 2; the case was published elsewhere."""
    of = problem([case(1, [[1]])], teams=(team(standing=((480, 540),)),))
    of = replace(of, previous=(session(8, 600, 630, planned(1, 600, 1)),))
    drawn = replace(EFFORT, standing_discount=2)
    assert starts(best(replace(of, weights=drawn)))[1] < 540
    assert starts(best(replace(of, weights=replace(drawn, moved_case=Weights().moved_case))))[1] == 600


def test_changed_people_have_a_price():
    """Person 2 could do both cases; person 1 was published on the first."""
    of = problem([case(1, [[1, 2]]), case(2, [[2]])], previous=(session(8, 480, 510, planned(1, 480, 1)),))
    without, priced = weighed(of, "changed_person")
    assert [without.sessions[0].people(), priced.sessions[0].people()] == [{2}, {1, 2}]


def test_fairness_spares_the_loaded():
    of = problem([case(1, [[1, 2]])], experts=(expert(1, load_min=600), expert(2)), fair_target_min=120)
    assert best(of).sessions[0].people() == {2}


def test_standing_block_is_cheaper_than_an_opened_one():
    of = problem([case(1)], teams=(team(standing=((600, 720),)),))
    assert 600 <= starts(best(of))[1] < 720


def test_reserved_stretch_is_left_to_its_class():
    stretch = Reserved(from_min=480, to_min=690, classes=("A",))
    of = problem([case(1), case(2, rare_class="A")], teams=(team(reserved=(stretch,)),))
    found = starts(best(of))
    assert found[1] >= 690
    assert set(found) == {1, 2}


def test_chair_attends_every_session():
    of = problem([case(1, [[1, 2]])], teams=(team(chairs=(2,)),))
    assert best(of).sessions[0].people() == {2}


def test_pins_and_forbidden_hold():
    of = problem(
        [case(1, [[1, 2]])],
        rooms=(room(), room(2)),
        pins=(Choice(case=1, expert=2, from_min=600), Choice(case=1, room=2)),
        forbidden=(Choice(case=1, from_min=600, to_min=660),),
    )
    (only,) = best(of).sessions
    assert (only.people(), only.room, only.start_min >= 660) == ({2}, 2, True)


def test_confirmed_session_is_extended_rather_than_a_new_one_opened():
    of = problem([case(1), case(2)], fixed=(session(5, 480, 510, planned(1, 480, 1)),), weights=EFFORT)
    (only,) = best(of).sessions
    assert (only.id, len(only.cases), only.end_min) == (5, 2, 540)


def test_break_is_kept_by_greedy():
    of = problem([case(i) for i in (1, 2, 3)], break_after_min=60, break_min=15, weights=EFFORT)
    found = greedy.general(of)
    assert rules.violations(of, found) == []
    assert len(starts(found)) == 3


def test_goals_count_days_late_from_started_days():
    late = case(1, due_min=-10)
    assert [objectives.days_late(late, start) for start in (-10, 0, 1430, 1431, 30 * DAY)] == [0, 1, 1, 2, 14]
