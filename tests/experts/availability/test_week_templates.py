"""A week under a name is given to several people at once."""

from datetime import date, time

import pytest

from experts.availability import time_keeping, week_templates
from experts.availability.core import week_pattern
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Expert, Institution, WeekTemplate
from mdt_portal.errors import RuleError
from mdt_portal.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)
MONDAYS, THURSDAYS = WeekSpan(0, time(8), time(12)), WeekSpan(3, time(8), time(12), 2, MONDAY)


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def mornings(hospital: Institution) -> WeekTemplate:
    return keep(hospital, "Mornings")


def keep(hospital: Institution, name: str, *week: WeekSpan, of: WeekTemplate | None = None) -> WeekTemplate:
    wanted = week or (MONDAYS, THURSDAYS)
    return week_templates.save(of, institution=hospital, name_en=name, name_zh="", week=wanted, by=None)


def week(expert: Expert) -> list[WeekSpan]:
    return week_pattern.of_rows(expert.weekly_availability.all())


def test_it_takes_the_place_of_what_they_have_or_is_added(hospital: Institution, mornings: WeekTemplate) -> None:
    afternoon = WeekSpan(0, time(12), time(16))
    ann, ben = (factories.expert(at=hospital, hours=[afternoon[:3]]) for _ in range(2))
    by = factories.user()
    assert [one.expert for one in week_templates.give(mornings, [ann], adds=False, by=by)] == [ann]
    week_templates.give(mornings, [ann, ben], adds=True, by=by)
    assert week(ann) == [MONDAYS, THURSDAYS]
    assert week(ben) == [WeekSpan(0, time(8), time(16)), THURSDAYS]
    assert week_templates.give(mornings, [ann], adds=False, by=by) == []
    recorded = AuditEvent.objects.filter(action="expert.week_set", by=by)
    assert set(recorded.values_list("subject_id", flat=True)) == {ann.pk, ben.pk}


def test_a_later_change_of_it_changes_nobody(hospital: Institution, mornings: WeekTemplate) -> None:
    ann = factories.expert(at=hospital, hours=[])
    week_templates.give(mornings, [ann], adds=False, by=None)
    keep(hospital, "Mornings", WeekSpan(1, time(8), time(9)), of=mornings)
    week_templates.remove(mornings, by=None)
    assert week(ann) == [MONDAYS, THURSDAYS]


def test_where_it_does_not_fit_one_nobody_gets_it(hospital: Institution, mornings: WeekTemplate) -> None:
    ann, ben = (factories.expert(at=hospital, hours=[]) for _ in range(2))
    third = WeekSpan(3, time(9), time(10), 3, MONDAY)
    time_keeping.set_week(ben, [third], by=None)
    assert [bool(one.wrong) for one in week_templates.changes(mornings, [ann, ben], adds=True)] == [False, True]
    with pytest.raises(RuleError, match=ben.name):
        week_templates.give(mornings, [ann, ben], adds=True, by=None)
    assert (week(ann), week(ben)) == ([], [third])


def test_people_of_other_hospitals_neither_get_it_nor_are_shown(hospital: Institution, mornings: WeekTemplate) -> None:
    stranger, gone = factories.expert(), factories.expert(at=hospital, active=False)
    for service in (week_templates.changes, lambda *given, adds: week_templates.give(*given, adds=adds, by=None)):
        for one in (stranger, gone):
            with pytest.raises(RuleError, match="Does not work at this hospital now"):
                service(mornings, [one], adds=False)
    assert list(week_templates.people_of(hospital)) == []


@pytest.mark.parametrize(
    ("name", "span", "field"),
    [("", MONDAYS, "name_zh"), ("mornings", MONDAYS, "name_en"), ("Nothing", None, "week")],
)
def test_a_template_without_name_or_time_is_refused(
    hospital: Institution, mornings: WeekTemplate, name: str, span: WeekSpan | None, field: str
) -> None:
    with pytest.raises(RuleError) as refused:
        week_templates.save(None, institution=hospital, name_en=name, name_zh="", week=[span] if span else [], by=None)
    assert list(refused.value.fields) == [field]
    assert WeekTemplate.objects.get() == mornings
