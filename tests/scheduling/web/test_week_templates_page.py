"""Week templates: who keeps them, what giving one shows before it is saved, and whom it is given to."""

from datetime import date, time, timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from experts.availability import week_templates
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Expert, Institution, Role, WeekTemplate
from tests import factories

pytestmark = pytest.mark.django_db
WEEK = "Mon 08:00–12:00\nThu 14:00-18:00 every 2 weeks from 2026-12-01"


@pytest.fixture
def hospital() -> Institution:
    return factories.institution(name_en="General")


@pytest.fixture
def coordinator(client: Client, hospital: Institution) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    return client


@pytest.fixture
def template(hospital: Institution) -> WeekTemplate:
    week = [WeekSpan(0, time(8), time(12))]
    return week_templates.save(None, institution=hospital, name_en="Mondays", name_zh="周一", week=week, by=None)


def weekdays(expert: Expert) -> list[int]:
    return list(expert.weekly_availability.values_list("weekday", flat=True))


def test_a_template_is_kept_changed_shown_and_removed(coordinator: Client, hospital: Institution) -> None:
    answer = coordinator.post(reverse("week_template_new"), {"name_en": "Clinic", "week": WEEK})
    row = WeekTemplate.objects.get()
    assert answer.headers["Location"] == reverse("week_template_give", args=[row.public_id])
    assert [(one.weekday, one.every, one.since) for one in row.times.all()] == [
        (0, 1, None),
        (3, 2, date(2026, 11, 30)),
    ]
    page = coordinator.get(reverse("week_templates")).content.decode()
    assert "Mon 08:00–12:00; Thu 14:00–18:00 every 2 weeks from 2026-11-30" in page
    chinese = coordinator.get(reverse("week_templates"), headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "周一 08:00–12:00；周四 14:00–18:00 每2周 自2026-11-30起" in chinese
    form = coordinator.get(reverse("week_template", args=[row.public_id])).context["form"]
    given = {name: form[name].value() for name in form.fields}
    coordinator.post(reverse("week_template", args=[row.public_id]), given | {"name_zh": "门诊"})
    row.refresh_from_db()
    assert (row.name_zh, row.times.count()) == ("门诊", 2)
    coordinator.post(reverse("week_template", args=[row.public_id]), {"action": "remove"})
    assert not WeekTemplate.objects.exists()


@pytest.mark.parametrize(
    ("week", "said"),
    [
        ("mornings", "is no time of the week"),
        ("Mon 08:00-12:00\nMon 11:00-13:00", "Two stretches overlap"),
        ("", "This field is required"),
        ("-", "Say when the people can come"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(coordinator: Client, week: str, said: str) -> None:
    answer = coordinator.post(reverse("week_template_new"), {"name_en": "Clinic", "week": week})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert said in str(answer.context["form"].errors["week"])
    assert answer.context["form"]["week"].value() == week
    assert not WeekTemplate.objects.exists()


def test_giving_shows_changes_and_hits_first_and_then_writes(
    coordinator: Client, hospital: Institution, template: WeekTemplate
) -> None:
    tuesday = factories.monday(2) + timedelta(days=1)
    ann = factories.expert("PATH", at=hospital, name_en="Ann", hours=[(1, time(8), time(12))])
    ben = factories.expert("PATH", at=hospital, name_en="Ben", hours=[(0, time(8), time(12))])
    team = factories.team(at=hospital)
    session = factories.session(
        team,
        experts=[ann],
        cases=[factories.case_waiting(team=team)],
        start=factories.moment(tuesday, "09:00", hospital),
    )
    address = reverse("week_template_give", args=[template.public_id])
    fields = {"people": [ann.public_id, ben.public_id], "mode": "replace"}
    answer = coordinator.post(address, fields)
    lines = {one["expert"]: one for one in answer.context["lines"]}
    assert (lines[ann]["before"], lines[ann]["after"]) == ("Tue 08:00–12:00", "Mon 08:00–12:00")
    assert [one.session for one in lines[ann]["impact"].hits] == [session]
    assert not lines[ben]["changes"]
    page = answer.content.decode()
    assert "1 published session needs another person" in page
    assert "Save for 1 person" in page
    assert (weekdays(ann), weekdays(ben)) == ([1], [0])
    added = coordinator.post(address, fields | {"mode": "add"}).context["lines"]
    assert [one["impact"] for one in added] == [None, None]
    assert coordinator.post(address, fields | {"confirm": "1"}).status_code == HTTPStatus.FOUND
    assert (weekdays(ann), weekdays(ben)) == ([0], [0])


def test_nobody_ticked_and_somebody_of_elsewhere_are_refused(coordinator: Client, template: WeekTemplate) -> None:
    stranger = factories.expert(hours=[])
    address = reverse("week_template_give", args=[template.public_id])
    for people in ([], [stranger.public_id]):
        answer = coordinator.post(address, {"people": people, "mode": "replace", "confirm": "1"})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "people" in answer.context["form"].errors
    assert weekdays(stranger) == []


def test_only_the_coordinators_of_the_hospital_keep_and_give_them(client: Client, template: WeekTemplate) -> None:
    addresses = [reverse(name, args=[template.public_id]) for name in ("week_template", "week_template_give")]
    client.force_login(factories.user(Role.COORDINATOR))
    assert [client.get(one).status_code for one in addresses] == [HTTPStatus.NOT_FOUND] * 2
    client.force_login(factories.user(Role.EXPERT, at=template.institution))
    assert [client.post(one).status_code for one in addresses] == [HTTPStatus.FORBIDDEN] * 2
    assert WeekTemplate.objects.exists()


def test_the_pages_cost_the_same_for_one_and_for_thirty(
    coordinator: Client, hospital: Institution, template: WeekTemplate
) -> None:
    def cost() -> tuple[int, int]:
        people = [one.public_id for one in week_templates.people_of(hospital)]
        with CaptureQueriesContext(connection) as listed:
            coordinator.get(reverse("week_templates"))
        with CaptureQueriesContext(connection) as tried:
            coordinator.post(
                reverse("week_template_give", args=[template.public_id]), {"people": people, "mode": "replace"}
            )
        return len(listed), len(tried)

    def meet(number: int) -> None:
        team = factories.team(f"group{number}", at=hospital)
        someone = factories.expert("PATH", at=hospital, hours=[(1, time(8), time(12))])
        day = factories.monday(2) + timedelta(days=1)
        factories.session(
            team,
            experts=[someone],
            cases=[factories.case_waiting(team=team)],
            start=factories.moment(day, "09:00", hospital),
        )
        week_templates.save(
            None, institution=hospital, name_en=f"T{number}", name_zh="", week=[WeekSpan(0, time(8), time(9))], by=None
        )

    meet(0)
    few = cost()
    for number in range(1, 6):
        meet(number)
    assert cost() == few
