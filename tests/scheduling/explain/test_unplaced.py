"""Why a case has no place, in words."""

from typing import Any

import pytest
from django.utils import timezone, translation

from cases.models import Case
from scheduling.explain import unplaced
from scheduling.models import Proposal
from tests import factories

pytestmark = pytest.mark.django_db


def leave_out(case: Case, *reasons: dict[str, Any]) -> Proposal:
    """A proposed plan that has no place for `case`, for these reasons."""
    assert case.team is not None
    run = factories.run(case.team.institution, status="proposed")
    plan = {"unplaced": [{"case": case.pk, "reasons": list(reasons)}]}
    return Proposal.objects.create(run=run, plan=plan, goals={})


def test_each_reason_becomes_a_sentence_in_the_readers_language() -> None:
    factories.discipline("PATH", name_en="Pathology", name_zh="病理科")
    case = factories.case_waiting()
    assert case.team is not None
    day = 24 * 60
    leave_out(
        case,
        {"code": "seat_busy", "seat": 1, "params": {"discipline": "PATH", "first_free": day + 9 * 60}},
        {"code": "team_busy", "params": {"team": case.team.pk}},
        {"code": "no_room", "params": {"equipment": ["video"]}},
    )
    found = unplaced.why([case])[case.pk].reasons
    assert found[0].startswith("Pathology: everybody who may take the seat is needed elsewhere. First free: Tue ")
    assert found[0].endswith(" 09:00.")
    assert found[1:] == (
        f"{case.team.name} discusses other cases at the times that would do.",
        "No room with video is open when the team can meet.",
    )
    assert unplaced.why([case])[case.pk].short == f"{found[0]} 2 more reasons."
    with translation.override("zh-hans"):
        assert unplaced.why([case])[case.pk].reasons[0].startswith("病理科")


def test_a_code_without_words_is_still_shown() -> None:
    case = factories.case_waiting()
    leave_out(case, {"code": "brand_new", "params": {}})
    found = unplaced.why([case])[case.pk]
    assert str(found) == found.short == "Brand new."


def test_only_the_newest_plan_counts() -> None:
    case = factories.case_waiting()
    leave_out(case, {"code": "room_booked", "params": {"equipment": []}})
    leave_out(case)
    assert str(unplaced.why([case])[case.pk]) == "The plan found no place for it."


def test_a_plan_says_nothing_about_a_case_that_changed_after_it() -> None:
    case = factories.case_waiting()
    leave_out(case)
    case.evaluated_at = timezone.now()
    assert unplaced.why([case]) == {}


def test_queries_are_constant(django_assert_num_queries: Any) -> None:
    team = factories.team()
    cases = [factories.case_waiting(team=team) for _ in range(30)]
    run = factories.run(team.institution, status="proposed")
    reasons = [{"code": "team_busy", "params": {"team": team.pk}}]
    plan = {"unplaced": [{"case": case.pk, "reasons": reasons} for case in cases]}
    Proposal.objects.create(run=run, plan=plan, goals={})
    for number in (1, 30):
        with django_assert_num_queries(3):
            assert len(unplaced.why(cases[:number])) == number
