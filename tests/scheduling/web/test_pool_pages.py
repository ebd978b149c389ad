"""The pools' pages: who sees and changes what, people with their load, rooms and closures, standing times."""

from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experts.availability import special_days
from experts.models import CalendarDay, Expert, Institution, Role, Team
from experts.roster import hospitals, person_cards
from experts.roster.person_cards import Card
from mdt_portal.errors import RuleError
from mdt_portal.models import AuditEvent, User
from scheduling.models import Block, Room, RoomClosure
from scheduling.resources import recurring_blocks, room_services
from tests import factories

pytestmark = pytest.mark.django_db
LISTS = ["people", "teams", "rooms", "blocks", "hospitals", "special_days"]


@pytest.fixture
def hospital() -> Institution:
    return factories.institution(name_en="General", name_zh="总医院")


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital)


@pytest.fixture
def coordinator_client(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def text(answer: Any) -> str:
    return answer.content.decode()


# Who sees and changes what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("role", "status"), [(Role.COORDINATOR, 200), (Role.MANAGER, 200), (Role.REFERRER, 403), (Role.EXPERT, 403)]
)
def test_who_may_look(client: Client, hospital: Institution, name: str, role: str, status: int) -> None:
    client.force_login(factories.user(role, at=hospital))
    assert client.get(reverse(name)).status_code == status


@pytest.mark.parametrize("name", LISTS)
def test_each_list_opens_before_there_is_a_hospital(client: Client, name: str) -> None:
    client.force_login(factories.user(Role.COORDINATOR, at=factories.alliance()))
    assert client.get(reverse(name), follow=True).status_code == HTTPStatus.OK


def test_the_navigation_has_people_for_those_who_may_look(client: Client, hospital: Institution) -> None:
    for role, shown in ((Role.COORDINATOR, True), (Role.REFERRER, False)):
        client.force_login(factories.user(role, at=hospital))
        assert ('href="/people/"' in text(client.get("/catalogue/"))) is shown


@pytest.mark.parametrize("same_alliance", [True, False])
def test_rows_of_other_hospitals_are_read_only_or_do_not_exist(client: Client, same_alliance: bool) -> None:
    alliance = factories.alliance()
    mine = factories.institution(alliance=alliance)
    other = factories.institution(alliance=alliance if same_alliance else None)
    client.force_login(factories.user(Role.COORDINATOR, at=mine))
    team = factories.team(at=other)
    block = factories.block(team)
    addresses = {
        "hospital": other.public_id,
        "team": team.public_id,
        "room": factories.room(at=other).public_id,
        "block": block.public_id,
    }
    for name, public_id in addresses.items():
        url = reverse(name, args=[public_id])
        looked, changed = client.get(url), client.post(url, {})
        wanted = (200, 403) if same_alliance else (404, 404)
        assert (looked.status_code, changed.status_code) == wanted, name
        assert ">Save<" not in text(looked)
    expert = factories.expert(at=other)
    wanted = (200, 403) if same_alliance else (404, 404)
    answers = [client.get(reverse(name, args=[expert.public_id])) for name in ("person", "person_edit")]
    assert tuple(answer.status_code for answer in answers) == wanted
    assert expert.email not in text(answers[0])
    for name in ("block_end", "team"):
        assert client.post(reverse(name, args=[addresses[name.split("_")[0]]])).status_code == wanted[1]
    assert client.post(f"{reverse('special_days')}?hospital={other.public_id}", {}).status_code == wanted[1]
    assert client.get(reverse("people_export", args=[other.public_id, "csv"])).status_code == wanted[1]
    assert not AuditEvent.objects.exclude(action__startswith="user").exists()


def test_lists_do_not_ask_per_row(coordinator_client: Client, hospital: Institution) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            team = factories.team(f"g{Team.objects.count()}", at=hospital, core=[factories.expert(at=hospital)])
            factories.block(team, start=time(8), end=time(9))
            room = factories.room(at=hospital)
            room.hours.create(weekday=0, start=time(8), end=time(9))
            room_services.close(room, start=timezone.now(), end=soon(1), reason="x", by=None)

    def counted() -> dict[str, int]:
        found = {}
        for name in LISTS:
            with CaptureQueriesContext(connection) as queries:
                assert coordinator_client.get(reverse(name)).status_code == HTTPStatus.OK
            found[name] = len(queries)
        return found

    fill(2)
    before = counted()
    fill(8)
    assert counted() == before


def soon(days: int) -> datetime:
    return timezone.now() + timedelta(days=days)


# People ---------------------------------------------------------------------------------------------------------------


def found(coordinator_client: Client, **wanted: str) -> set[str]:
    return {row.expert.name_en for row in coordinator_client.get(reverse("people"), wanted).context["rows"]}


def test_people_are_found_by_every_filter(coordinator_client: Client, hospital: Institution) -> None:
    a = factories.expert("RADIOL", at=hospital, rank=4, name_en="Ann", name_zh="安")
    factories.expert("PATH", at=hospital, rank=2, name_en="Bob", email="bob@x.org")
    factories.expert("PATH", at=hospital, name_en="Cid", active=False)
    team = factories.team(at=hospital, core=[a])
    assert found(coordinator_client) == {"Ann", "Bob"}
    assert found(coordinator_client, state="all") == {"Ann", "Bob", "Cid"}
    assert found(coordinator_client, state="inactive") == {"Cid"}
    assert (
        found(coordinator_client, q="安")
        == found(coordinator_client, discipline="RADIOL")
        == found(coordinator_client, rank="3")
        == {"Ann"}
    )
    assert found(coordinator_client, team=team.public_id) == {"Ann"}
    assert found(coordinator_client, q="bob@") == {"Bob"}
    assert found(coordinator_client, hospital="nowhere") == set()
    assert found(coordinator_client, hospital=hospital.public_id) == {"Ann", "Bob"}
    assert "<table" in text(coordinator_client.get(reverse("people"), headers={"HX-Request": "true"}))


def test_the_load_of_this_week_and_the_next_stands_beside_the_limits(
    coordinator_client: Client, hospital: Institution
) -> None:
    busy = factories.expert(at=hospital, max_sessions_week=1, max_minutes_week=600)
    team = factories.team(at=hospital)
    today = timezone.now().astimezone(hospital.tz).date()
    day = today + timedelta(days=7 - today.weekday())
    for clock in ("09:00", "14:00"):
        factories.session(team, experts=[busy], cases=[], start=factories.moment(day, clock, hospital))
    [row] = [one for one in coordinator_client.get(reverse("people")).context["rows"] if one.expert == busy]
    this, following = row.loads
    assert (this.sessions, following.sessions, following.over, this.over) == (0, 2, True, False)
    assert following.percent == 200
    assert row.free_h == 40
    page = coordinator_client.get(reverse("person", args=[busy.public_id]))
    assert len(page.context["seats"]) == 2
    assert "over the limit" in text(page)


def person_fields(**changes: Any) -> dict[str, Any]:
    fields = {"name_en": "Ann", "email": "ann@example.org", "remote": "on", "active": "on", "max_sessions_day": 2}
    return fields | {"max_sessions_week": 4, "max_minutes_week": 300, "discipline_0": "PATH", "sub_0": "lung"} | changes


def test_a_person_is_added_and_changed(coordinator_client: Client, hospital: Institution) -> None:
    factories.discipline("PATH")
    title = factories.title(3)
    value = {f"title_{hospital.public_id}": f"{title.family}/{title.name_en}"}
    answer = coordinator_client.post(reverse("person_new"), person_fields(**value))
    expert = Expert.objects.get()
    assert answer.headers["Location"] == reverse("person", args=[expert.public_id])
    assert list(expert.qualifications.values_list("discipline__key", "sub_specialty")) == [("PATH", "lung")]

    edit = reverse("person_edit", args=[expert.public_id])
    assert 'value="lung"' in text(coordinator_client.get(edit))
    coordinator_client.post(edit, person_fields(**value, phone="110", remote=""))
    expert.refresh_from_db()
    assert (expert.phone, expert.remote) == ("110", False)
    actions = list(
        AuditEvent.objects.filter(action__startswith="expert").order_by("pk").values_list("action", "params")
    )
    assert actions[1] == ("expert.changed", {"fields": ["phone", "remote"]})

    wrong = coordinator_client.post(edit, person_fields(name_en="", max_sessions_week=1, discipline_0="", phone="119"))
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert {name for name, texts in wrong.context["form"].errors.items() if texts} == {
        "name_zh",
        "max_sessions_week",
        "skills",
    }
    assert 'value="119"' in text(wrong)
    factories.expert(email="taken@example.org")
    assert "Somebody else has this" in text(coordinator_client.post(edit, person_fields(email="Taken@example.org")))


def test_an_import_is_tried_then_confirmed(coordinator_client: Client, hospital: Institution) -> None:
    factories.discipline("PATH")
    factories.title(3)
    url = reverse("people_import")
    wrong = coordinator_client.post(url, {"text": "邮箱,姓名,职称,学科\na@b.cn,李,大师,PATH\n"})
    assert (wrong.status_code, "大师" in text(wrong)) == (422, True)
    good = "邮箱,姓名,职称,学科,鞋码\na@b.cn,李,副主任医师,PATH,42\n"
    tried = coordinator_client.post(url, {"text": good})
    assert (tried.status_code, Expert.objects.count(), "鞋码" in text(tried)) == (200, 0, True)
    assert coordinator_client.post(url, {"text": tried.context["found"].sheet.text, "confirm": "1"}).headers[
        "Location"
    ] == reverse("people")
    assert Expert.objects.get().name_zh == "李"
    assert "Choose a file, or paste" in text(coordinator_client.post(url, {}))
    assert coordinator_client.get(reverse("people_template", args=["csv"])).content.startswith(b"\xef\xbb\xbfE-mail,")
    assert "a@b.cn" in text(coordinator_client.get(reverse("people_export", args=[hospital.public_id, "csv"])))


# Teams, hospitals, holidays -------------------------------------------------------------------------------------------


def test_a_team_is_made_and_a_second_for_its_disease_is_refused(
    coordinator_client: Client, hospital: Institution
) -> None:
    factories.disease_group("lung")
    factories.discipline("RESP")
    chair, stranger = factories.expert(at=hospital), factories.expert()
    fields = {"name_zh": "肺", "disease_group": "lung", "lead_discipline": "RESP", "active": "on"}
    url = f"{reverse('team_new')}?hospital={hospital.public_id}"
    coordinator_client.post(url, fields | {"chair": chair.public_id, "core_members": [chair.public_id]})
    team = Team.objects.get()
    assert (team.institution, team.chair, list(team.core_members.all())) == (hospital, chair, [chair])
    assert "active team for this disease group already" in text(coordinator_client.post(url, fields))
    same = reverse("team", args=[team.public_id])
    assert (
        coordinator_client.post(same, fields | {"chair": stranger.public_id}).status_code
        == HTTPStatus.UNPROCESSABLE_ENTITY
    )
    coordinator_client.post(same, fields | {"name_en": "Lung"})
    team.refresh_from_db()
    assert (team.name_en, team.chair, team.core_members.count()) == ("Lung", None, 0)


def hospital_fields(page: Any) -> dict[str, Any]:
    form = page.context["form"]
    return {name: form[name].value() for name in form.fields}


def test_a_hospitals_thresholds_and_hours(coordinator_client: Client, hospital: Institution) -> None:
    url = reverse("hospital", args=[hospital.public_id])
    fields = hospital_fields(coordinator_client.get(url))
    assert fields["day_0"] == "08:00–12:00, 14:00–18:00"
    assert coordinator_client.post(url, fields).status_code == HTTPStatus.FOUND
    assert not AuditEvent.objects.filter(action="institution.changed").exists()
    coordinator_client.post(url, fields | {"answer_within_h": 48, "day_5": "9-12：30", "day_0": ""})
    hospital.refresh_from_db()
    assert hospital.answer_within_h == 48
    assert list(hospital.opening_hours.filter(weekday__in=(0, 5)).values_list("start", "end")) == [
        (time(9), time(12, 30))
    ]
    assert AuditEvent.objects.get(action="institution.changed").params == {
        "fields": ["answer_within_h", "opening_hours"]
    }
    wrong = coordinator_client.post(
        url, fields | {"emergency_limit_h": 5, "day_1": "10-9", "day_2": "8-10, 9-11", "day_3": "noon"}
    )
    assert set(wrong.context["form"].errors) == {"emergency_limit_h", "day_1", "day_2", "day_3"}


def test_special_days_come_and_go(coordinator_client: Client, hospital: Institution) -> None:
    hospital.holiday_country = "CN"
    hospital.save()
    sunday = factories.monday(3) - timedelta(days=1)
    url = f"{reverse('special_days')}?hospital={hospital.public_id}"
    coordinator_client.post(url, {"date": sunday.isoformat(), "working": "yes", "name": "Swap"})
    row = CalendarDay.objects.get()
    assert (row.date, row.working) == (sunday, True)
    shown = {one.date: one for _, days in coordinator_client.get(url).context["months"] for one in days}
    assert (shown[sunday].name, shown[sunday].kind.value) == ("Swap", "make_up")
    assert sum(one.public for one in shown.values()) > 10
    coordinator_client.post(url, {"drop": sunday.isoformat()})
    assert not CalendarDay.objects.exists()
    assert coordinator_client.post(url, {"drop": "x"}).status_code == HTTPStatus.NOT_FOUND
    with pytest.raises(RuleError):
        special_days.set_day(hospital, sunday, working=False, by=None)


# Rooms ----------------------------------------------------------------------------------------------------------------


def test_a_room_is_added_with_hours_in_words(coordinator_client: Client, hospital: Institution) -> None:
    url = f"{reverse('room_new')}?hospital={hospital.public_id}"
    week = {f"day_{day}": "8-12" for day in range(5)}
    coordinator_client.post(
        url, {"name_zh": "一号", "capacity": 9, "equipment": ["video"], "active": "on", **week, "day_6": "9-10"}
    )
    room = Room.objects.get()
    [group] = coordinator_client.get(reverse("rooms")).context["groups"]
    [row] = group["rows"]
    assert (row.equipment, row.week) == ("video", [("Monday–Friday", "08:00–12:00"), ("Sunday", "09:00–10:00")])
    answer = coordinator_client.post(reverse("room", args=[room.public_id]), {"name_zh": "", "capacity": 0})
    assert set(answer.context["form"].errors) == {"capacity"}


def test_a_closure_says_which_sessions_it_hits(coordinator_client: Client, hospital: Institution) -> None:
    room = factories.room(at=hospital)
    day = factories.monday(1)
    session = factories.session(
        factories.team(at=hospital), room=room, experts=[], cases=[], start=factories.moment(day, "09:00", hospital)
    )
    url = reverse("room", args=[room.public_id])
    fields = {"first_day": day, "last_day": day, "start": "08:00", "end": "12:00"}
    link = reverse("session", args=[session.public_id])
    hits = reverse("hits", args=["closure", room.public_id])
    before = text(coordinator_client.get(hits, fields))
    assert link in before
    assert "No published session" in text(coordinator_client.get(hits, fields | {"end": "08:30"}))
    assert text(coordinator_client.get(hits, {"first_day": day})).strip() == ""
    assert (
        coordinator_client.post(url, fields | {"action": "close"}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    )  # no reason
    coordinator_client.post(url, fields | {"action": "close", "reason": "Paint"})
    closure = RoomClosure.objects.get()
    assert link in text(coordinator_client.get(url))
    backwards = coordinator_client.post(url, fields | {"action": "close", "reason": "x", "end": "07:00"})
    assert set(backwards.context["closure_form"].errors) == {"end"}
    coordinator_client.post(reverse("room_reopen", args=[closure.public_id]))
    assert not RoomClosure.objects.exists()


# Standing times -------------------------------------------------------------------------------------------------------


@pytest.fixture
def team(hospital: Institution) -> Team:
    return factories.team(at=hospital)


def block_fields(team: Team, **changes: Any) -> dict[str, Any]:
    fields = {"team": team.public_id, "repeats": "monthly", "weekdays": [3], "places": [2, 4], "start": "14:00"}
    return fields | {"end": "16:00", "first_day": factories.monday(0)} | changes


def test_a_standing_time_is_written_as_a_rule(coordinator_client: Client, team: Team) -> None:
    url = f"{reverse('block_new')}?hospital={team.institution.public_id}"
    coordinator_client.post(url, block_fields(team))
    block = Block.objects.get()
    assert block.recurrence == "FREQ=MONTHLY;BYDAY=2TH,4TH"
    page = coordinator_client.get(reverse("block", args=[block.public_id]))
    assert page.context["form"]["places"].value() == (2, 4)
    assert page.context["said"] == "2nd and 4th Thursday of the month"
    coordinator_client.post(
        reverse("block", args=[block.public_id]), block_fields(team, repeats="fortnight", weekdays=[1, 4])
    )
    block.refresh_from_db()
    assert block.recurrence == "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR"
    clash = coordinator_client.post(url, block_fields(team, repeats="weekly", weekdays=[1], start="15:00", end="17:00"))
    assert "overlaps another time of this team" in text(clash)
    assert (
        coordinator_client.post(url, block_fields(team, repeats="weekly", weekdays=[0])).status_code == HTTPStatus.FOUND
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"end": "13:00"}, "end"),
        ({"weekdays": []}, "weekdays"),
        ({"places": []}, "places"),
        ({"repeats": "text"}, "recurrence"),
        ({"repeats": "text", "recurrence": "every day"}, "recurrence"),
        ({"repeats": "text", "recurrence": "FREQ=HOURLY"}, "recurrence"),
        ({"last_day": "2020-01-01"}, "last_day"),
        ({"repeats": "text", "recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence"),
    ],
)
def test_what_cannot_be_is_refused(coordinator_client: Client, team: Team, changes: dict[str, Any], field: str) -> None:
    answer = coordinator_client.post(reverse("block_new"), block_fields(team, **changes))
    assert set(answer.context["form"].errors) == {field}
    assert not Block.objects.exists()


def test_a_room_of_another_hospital_is_refused(team: Team) -> None:
    fields: dict[str, Any] = {"first_day": date(2027, 1, 4), "last_day": None, "start": time(8), "end": time(9)}
    with pytest.raises(RuleError, match="another hospital"):
        recurring_blocks.save(None, team=team, room=factories.room(), recurrence="FREQ=WEEKLY", by=None, **fields)


def test_the_next_dates_follow_what_is_typed(coordinator_client: Client, team: Team, hospital: Institution) -> None:
    first = factories.monday(1)
    CalendarDay.objects.create(institution=hospital, date=first + timedelta(days=7), working=False)
    typed = block_fields(team, repeats="weekly", weekdays=[0], first_day=first)
    days = coordinator_client.get(reverse("block_dates"), typed).context["days"]
    assert [one.falls_out for one in days] == [False, True, *[False] * 7]
    assert days[-1].date == first + timedelta(days=7 * 8)
    assert "must lie after the start" in text(coordinator_client.get(reverse("block_dates"), typed | {"end": "08:00"}))
    assert "Fill in the form" in text(coordinator_client.get(reverse("block_dates"), {"team": team.public_id}))


def test_a_rule_that_the_form_cannot_say_is_shown_as_text(coordinator_client: Client, team: Team) -> None:
    block = factories.block(team, recurrence="FREQ=MONTHLY;BYMONTHDAY=15")
    page = coordinator_client.get(reverse("block", args=[block.public_id]))
    assert page.context["form"]["repeats"].value() == "text"
    assert 'value="FREQ=MONTHLY;BYMONTHDAY=15"' in text(page)


def test_an_end_keeps_the_past(coordinator_client: Client, team: Team) -> None:
    today = timezone.now().astimezone(team.institution.tz).date()
    begun = factories.block(team, first_day=today - timedelta(days=30))
    future = factories.block(team, first_day=today + timedelta(days=30))
    for block in (begun, future):
        coordinator_client.post(reverse("block_end", args=[block.public_id]))
    assert [(one.pk, one.last_day) for one in Block.objects.all()] == [(begun.pk, today - timedelta(days=1))]


@pytest.mark.parametrize("phone", ["abc", "12", "+", "1234 or 5678", "138 1234 5678 call me"])
def test_what_is_no_phone_number_is_refused(coordinator_client: Client, hospital: Institution, phone: str) -> None:
    factories.discipline("PATH")
    title = factories.title(3)
    value = {f"title_{hospital.public_id}": f"{title.family}/{title.name_en}"}
    answer = coordinator_client.post(reverse("person_new"), person_fields(**value, phone=phone))
    assert set(answer.context["form"].errors) == {"phone"}
    for fine in ("110", "+86 10 6512-3456", "(030) 123 456 x12", "010-65123456转8012", "+49 30/123456"):
        assert "phone" not in person_cards.mistakes(Card(phone=fine))


def test_two_active_teams_of_one_name_are_refused(hospital: Institution) -> None:
    first = factories.team("lung", at=hospital, name_en="Thorax", name_zh="胸部")
    asked = {
        "institution": hospital,
        "disease_group": factories.disease_group("breast"),
        "lead_discipline": first.lead_discipline,
        "chair": None,
        "core_members": [],
        "by": None,
    }
    with pytest.raises(RuleError) as raised:
        hospitals.save_team(None, name_en="thorax", name_zh="", **asked)
    assert set(raised.value.fields) == {"name_en"}
    hospitals.save_team(None, name_en="thorax", name_zh="", active=False, **asked)
    Team.objects.filter(pk=first.pk).update(active=False)
    hospitals.save_team(None, name_en="Thorax", name_zh="", **asked)
