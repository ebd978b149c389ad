"""The pure catalogue: what the shipped rules decide, and the laws that any set of rules keeps."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.catalogue.core import evaluation, json_io, requirement, vocabulary
from cases.catalogue.core.evaluation import Condition, Facts, Reason, Requirement, Rule, SeatNeed, Undecided
from cases.catalogue.core.requirement import TIERS
from cases.core import icd10, staging

HOURS = {"emergency": 4, "urgent": 24, "routine": 72}


@cache
def shipped() -> tuple[Rule, ...]:
    found = json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped())
    assert found.mistakes == ()
    return found.rules


def known(code: str, **facts: Any) -> Facts:
    return Facts(code=code, **{"age": 50, "comorbidities": 0} | facts)


def decided(facts: Facts, rules: tuple[Rule, ...] | None = None) -> Requirement:
    answer = evaluation.evaluate(facts, shipped() if rules is None else rules)
    assert isinstance(answer, Requirement), answer
    return answer


def undecided(facts: Facts, rules: tuple[Rule, ...] | None = None) -> Undecided:
    answer = evaluation.evaluate(facts, shipped() if rules is None else rules)
    assert isinstance(answer, Undecided), answer
    return answer


def rule(key: str, tier: str, codes: str = "C34", *seats: tuple[str, int, int], **fields: Any) -> Rule:
    condition = Condition(**fields.pop("condition", {}))
    ranges = tuple(icd10.parse_range(one) for one in codes.split())
    needs = tuple(SeatNeed(discipline=name, count=count, min_rank=rank) for name, count, rank in seats)
    defaults = {"minutes": 10, "hours": HOURS, "care_level": "regional", "disease_group": "lung"}
    return Rule(key=key, tier=tier, ranges=ranges, condition=condition, seats=needs, **defaults | fields)  # type: ignore[arg-type]


# What the shipped rules decide --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("facts", "tier", "rules"),
    [
        (known("C34.9", stage="IIIB"), "required", {"LUNG-3B", "LUNG-3-OLIGO"}),
        (known("C34.9", stage="IIIA"), "required", {"LUNG-3-OLIGO"}),
        (known("C34.9", stage="IIB"), "suggested", {"LUNG-NEW"}),
        (known("C34.9", stage="IB", flags=frozenset({"oligometastatic"})), "required", {"LUNG-3-OLIGO", "LUNG-NEW"}),
        (known("C34.9", stage="IV"), "required", {"LUNG-3B", "LUNG-3-OLIGO", "ONC-STAGE4"}),
        (known("C18.7", stage="IV"), "required", {"ONC-STAGE4"}),
        (known("C85.9", flags=frozenset({"difficult"})), "required", {"LYMPHOMA-DIFF", "HAEM-ALL"}),
        (known("K37"), "none", {"APPX-SIMPLE"}),
        (known("K37", flags=frozenset({"complicated"})), "none", set()),
        (known("I63.9", scores={"NIHSS": 4}), "none", {"STROKE-LE4"}),
        (known("I63.9", scores={"NIHSS": 5}), "suggested", {"STROKE-5-15"}),
        (known("I63.9", scores={"NIHSS": 16}), "required", {"STROKE-GE16"}),
        (known("E66.9", scores={"BMI": 30.5}), "none", set()),
        (known("C71.9", age=15), "required", {"GLIOMA", "ONC-PAED"}),
        (known("C61", stage="I", flags=frozenset({"low_grade"})), "none", {"PROST-LOW"}),
        (known("C61", stage="I", flags=frozenset({"low_grade", "recurrence"})), "suggested", {"ONC-RECUR"}),
        (known("K40.9", surgery_level=4), "required", {"SURG-L4"}),
        (known("E72.1", rare_class="C"), "suggested", {"RARE-C"}),
        (known("S72.0", age=65), "suggested", {"HIPFX"}),
        (known("S72.0", age=64), "none", set()),
        (known("T31.4"), "required", {"BURN"}),
        (known("Z00.0"), "none", set()),
    ],
)
def test_the_shipped_rules(facts: Facts, tier: str, rules: set[str]) -> None:
    answer = decided(facts)
    assert (answer.tier, {key for key, _version in answer.rules}) == (tier, rules)


def test_a_stroke_without_its_score_cannot_be_decided_and_runs_with_the_shortest_limit() -> None:
    answer = undecided(known("I64", urgency="urgent"))
    assert (answer.missing, answer.at_least, answer.could_be, answer.hours) == (("score:NIHSS",), None, "required", 4)
    assert answer.disease_group == "stroke"


def test_lung_cancer_without_a_stage_cannot_be_decided() -> None:
    assert undecided(known("C34.9")).missing == ("stage",)


def test_what_is_certain_already_is_said_with_what_is_missing() -> None:
    answer = undecided(known("C34.9", stage="I", age=None))
    assert (answer.missing, answer.could_be) == (("age",), "required")
    assert answer.at_least is not None
    assert answer.at_least.tier == "suggested"


def test_a_required_case_stays_decided_and_names_what_might_be_added() -> None:
    answer = decided(known("C20", comorbidities=None, stage="I"))
    assert answer.tier == "required"
    additions = [reason for reason in answer.reasons if reason.code == "possible_addition"]
    assert [(one.params["rule"], one.params["facts"]) for one in additions] == [("ONC-COMORB", ["comorbidities"])]


def test_a_stage_without_sub_stage_is_compared_by_its_major_stage_and_says_so() -> None:
    answer = decided(known("C34.9", stage="III"))
    noted = [one.params["rule"] for one in answer.reasons if one.code == "major_stage_compared"]
    assert noted == ["LUNG-3B"]


def test_a_generic_rule_goes_to_the_team_of_the_organ_whose_lead_is_welcome() -> None:
    answer = decided(known("C18.7", stage="IV"))
    assert answer.disease_group == "colorectal"
    assert answer.optional[0] == "COLORECT"


@pytest.mark.parametrize(
    ("facts", "group"),
    [
        (known("C34.9", stage="IV"), "lung"),
        (known("C22.0"), "hepatobiliary"),
        (known("C22.0", flags=frozenset({"transplant_candidate"})), "transplant"),
        (known("E72.1", rare_class="A"), "rare"),
        (known("Z00.0"), "general"),
        (known("C17.0", stage="IV"), "oncology"),
        (known("K40.9", surgery_level=4), "surgery"),
    ],
)
def test_the_narrowest_rule_names_the_team(facts: Facts, group: str) -> None:
    assert decided(facts).disease_group == group


def test_a_brain_metastasis_calls_in_its_own_rule_and_stays_with_the_primary_team() -> None:
    answer = decided(known("C50.9", stage="IV", flags=frozenset({"brain_metastasis"})))
    assert ("ONC-BRMETS", 1) in answer.rules
    assert "NSURG" in {seat.discipline for seat in answer.seats}
    assert answer.disease_group == "breast"


def test_a_case_without_discussion_takes_nobodys_time() -> None:
    answer = decided(known("K37"))
    assert (answer.seats, answer.minutes, answer.hours, answer.optional) == ((), 0, 0, ("GENSURG",))


def test_no_rule_is_said() -> None:
    assert decided(known("Z00.0")).reasons == (Reason(code="no_rule", params={"code": "Z00.0"}),)


def test_the_form_asks_only_for_what_a_rule_wants() -> None:
    assert evaluation.wanted_facts("I64", shipped()) == ("score:NIHSS", "rare_class", "surgery_level")
    assert evaluation.wanted_facts("C34.9", shipped())[:2] == ("stage", "flag:oligometastatic")


# How rules unite ----------------------------------------------------------------------------------
def test_seats_unite_with_the_largest_count_and_title_hours_shortest_minutes_longest() -> None:
    rules = (
        rule("A", "required", "C34", ("PATH", 1, 4), ("RADIOL", 1, 2), optional=("CNS", "PALL"), minutes=10),
        rule("B", "suggested", "C34.9", ("PATH", 2, 3), ("CNS", 1, 1), minutes=20, care_level="national",
             hours={"emergency": 1, "urgent": 2, "routine": 3}),
    )  # fmt: skip
    answer = decided(known("C34.9"), rules)
    assert (answer.tier, answer.minutes, answer.hours, answer.care_level) == ("required", 20, 3, "national")
    assert {(seat.discipline, seat.count, seat.min_rank) for seat in answer.seats} == {
        ("PATH", 2, 4), ("CNS", 1, 1), ("RADIOL", 1, 2),
    }  # fmt: skip
    assert answer.optional == ("PALL",), "who is seated is not merely welcome"


def test_a_seat_with_a_sub_specialty_serves_a_plain_one_too() -> None:
    special = replace(rule("S", "required"), seats=(SeatNeed(discipline="RADIOL", min_rank=3, sub_specialty="chest"),))
    plain = rule("P", "required", "C34", ("RADIOL", 2, 3))
    seats = decided(known("C34.9"), (special, plain)).seats
    assert {(seat.sub_specialty, seat.count) for seat in seats} == {("chest", 1), ("", 1)}
    higher = rule("P", "required", "C34", ("RADIOL", 1, 4))
    assert len(decided(known("C34.9"), (special, higher)).seats) == 2, "a lower title cannot serve the higher need"


def test_a_none_rule_wins_only_alone() -> None:
    none = rule("N", "none", "C34", ("RESP", 1, 3), minutes=0, hours={})
    assert decided(known("C34.9"), (none,)).rules == (("N", 1),)
    assert decided(known("C34.9"), (none, rule("S", "suggested", "C34", ("PATH", 1, 1)))).rules == (("S", 1),)


def test_the_flags_stand_in_for_the_stage_only() -> None:
    rules = (
        rule("X", "required", condition={"stage_min": "III", "or_flags": frozenset({"recurrence"}), "age_max": 15}),
    )
    relapse = frozenset({"recurrence"})
    assert decided(known("C34.9", age=10, flags=relapse), rules).tier == "required"
    assert decided(known("C34.9", age=50, flags=relapse), rules).tier == "none"
    assert undecided(known("C34.9", age=None, flags=relapse), rules).missing == ("age",)


# Laws ---------------------------------------------------------------------------------------------
CODES = [
    "C34.9",
    "C18.7",
    "C20",
    "C61",
    "C73",
    "C85.9",
    "I64",
    "I25.1",
    "K37",
    "K80.2",
    "E66.9",
    "S72.0",
    "C71.9",
    "I10",
]
FLAGS = [
    "recurrence",
    "low_grade",
    "low_risk",
    "difficult",
    "liver_metastasis",
    "brain_metastasis",
    "complicated",
    "pregnant",
]


def some_facts() -> st.SearchStrategy[Facts]:
    return st.builds(
        Facts,
        code=st.sampled_from(CODES),
        stage=st.none() | st.sampled_from(staging.STAGES),
        scores=st.dictionaries(st.sampled_from(vocabulary.SCORES), st.integers(0, 75).map(float)),
        flags=st.frozensets(st.sampled_from(FLAGS)),
        age=st.none() | st.integers(0, 110),
        comorbidities=st.none() | st.integers(0, 9),
        rare_class=st.none() | st.sampled_from("ABC"),
        surgery_level=st.none() | st.integers(1, 4),
        urgency=st.sampled_from(requirement.URGENCIES),
    )


def filled(facts: Facts, draw: Any) -> Facts:
    """The same case with every unknown fact supplied."""
    scores = {name: float(draw(st.integers(0, 75))) for name in vocabulary.SCORES} | dict(facts.scores)
    return replace(
        facts,
        stage=facts.stage or draw(st.sampled_from(staging.STAGES)),
        scores=scores,
        age=draw(st.integers(0, 110)) if facts.age is None else facts.age,
        comorbidities=draw(st.integers(0, 9)) if facts.comorbidities is None else facts.comorbidities,
    )


@given(some_facts(), st.data())
@settings(max_examples=300, deadline=None)
def test_a_decided_tier_never_changes_when_unknown_facts_arrive(facts: Facts, data: st.DataObject) -> None:
    before = evaluation.evaluate(facts, shipped())
    after = decided(filled(facts, data.draw))
    if isinstance(before, Requirement):
        assert after.tier == before.tier
        assert {(one.discipline, one.sub_specialty) for one in before.seats} <= {
            (one.discipline, one.sub_specialty) for one in after.seats
        }
        assert after.tier == "none" or after.hours <= before.hours


@given(some_facts(), st.data())
@settings(max_examples=300, deadline=None)
def test_what_is_undecided_keeps_its_bounds(facts: Facts, data: st.DataObject) -> None:
    before = evaluation.evaluate(facts, shipped())
    after = decided(filled(facts, data.draw))
    if isinstance(before, Undecided):
        floor = before.at_least.tier if before.at_least else "none"
        assert TIERS.index(floor) <= TIERS.index(after.tier) <= TIERS.index(before.could_be)
        assert after.tier == "none" or before.hours <= after.hours
        assert before.missing


@given(some_facts(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_rules_does_not_matter(facts: Facts, chance: random.Random) -> None:
    shuffled = list(shipped())
    chance.shuffle(shuffled)
    assert evaluation.evaluate(facts, shuffled) == evaluation.evaluate(facts, shipped())


@given(some_facts())
@settings(max_examples=200, deadline=None)
def test_an_answer_survives_freezing(facts: Facts) -> None:
    import json

    answer = evaluation.evaluate(facts, shipped())
    assert requirement.from_json(json.loads(json.dumps(answer.to_json()))) == answer


@given(some_facts())
@settings(max_examples=200, deadline=None)
def test_every_answer_can_be_kept(facts: Facts) -> None:
    """Within 30 minutes, somebody on each seat, a positive limit; or nothing at all for tier none."""
    answer = evaluation.evaluate(facts, shipped())
    found = answer.at_least if isinstance(answer, Undecided) else answer
    if isinstance(answer, Undecided):
        assert answer.hours >= 1
    if found is not None and found.tier != "none":
        assert 1 <= found.minutes <= 30
        assert found.hours >= 1
        assert found.seats
        assert all(seat.count >= 1 and 0 <= seat.min_rank <= 4 for seat in found.seats)
