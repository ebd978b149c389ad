"""Every list that people work with: sorted by its headings, and taken away as a file of what is filtered."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import openpyxl
import pytest
from django.test import Client, override_settings
from django.utils import timezone, translation

from cases.models import FhirFile, HeldMatch
from experts.models import Expert, Role, Team
from mdt_portal.models import AuditEvent, KeptMail, User
from mdt_portal.tables import lists, orders
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator() -> User:
    return factories.user(Role.COORDINATOR)


@pytest.fixture
def signed_in(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def table(answer: Any) -> list[list[str]]:
    """The lines of a CSV that was downloaded, the headings first."""
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def column(answer: Any, heading: str) -> list[str]:
    head, *rows = table(answer)
    return [row[head.index(heading)] for row in rows]


def sorted_by(page: str) -> list[tuple[str, str]]:
    """Label and direction of the headings that say that the list is sorted by them."""
    found = re.findall(r'<th[^>]*aria-sort="(\w+)"[^>]*>(.*?)</th>', page, re.DOTALL)
    return [(re.sub(r"<span.*?</span>|<[^>]*>", "", text, flags=re.DOTALL).strip(), way) for way, text in found]


def links(page: str, css: str = "sort") -> dict[str, str]:
    """The addresses of the headings by their labels."""
    found = re.findall(rf'<a class="{css}" href="([^"]*)"[^>]*>([^<]*)', page)
    return {label.strip(): unescape(address) for address, label in found}


# One list of each kind ------------------------------------------------------------------------------------------------

Filled = Callable[[User], None]


def _cases(by: User) -> None:
    hospital = by.roles.get().institution
    for name in ("Beta team", "Alpha team"):
        factories.case_waiting(team=factories.team(at=hospital, name_en=name, group=name.split()[0].lower()))


def _people(by: User) -> None:
    for name in ("Beta", "Alpha"):
        factories.expert(at=by.roles.get().institution, name_en=name)


def _teams(by: User) -> None:
    for group in ("lung", "breast"):
        factories.team(group, at=by.roles.get().institution)


def _rooms(by: User) -> None:
    for capacity in (20, 8):
        factories.room(at=by.roles.get().institution, capacity=capacity)


def _blocks(by: User) -> None:
    for group in ("lung", "breast"):
        factories.block(factories.team(group, at=by.roles.get().institution))


def _sessions(by: User) -> None:
    hospital = by.roles.get().institution
    for week in (1, 2):
        start = factories.moment(factories.monday(week), "14:00", hospital)
        factories.session(factories.team(f"group{week}", at=hospital), start=start)


def _runs(by: User) -> None:
    for week in (1, 2):
        factories.run(by.roles.get().institution, horizon_start=factories.monday(week))


def _mails(by: User) -> None:
    for to in ("b@example.org", "a@example.org"):
        KeptMail.objects.create(to=to, subject="Please answer", body="Dear colleague")


def _files(by: User) -> None:
    for name in ("b.json", "a.json"):
        FhirFile.objects.create(name=name, institution=by.roles.get().institution, uploaded_by=by, report={})


def _held(by: User) -> None:
    hospital = by.roles.get().institution
    for _ in range(2):
        HeldMatch.objects.create(
            institution=hospital, candidate=factories.patient(at=hospital), name="Wang Fang", reasons=["name"]
        )


def _nothing(by: User) -> None:
    """The hospital of the reader is there, and so are the rules of the catalogue."""


LISTS: list[tuple[str, str, Filled, int]] = [
    ("/queue/", "team", _cases, 2),
    ("/people/", "name", _people, 2),
    ("/teams/", "disease_group", _teams, 2),
    ("/rooms/", "capacity", _rooms, 2),
    ("/standing/", "team", _blocks, 2),
    ("/hospitals/", "beds", _nothing, 1),
    ("/sessions/", "start", _sessions, 2),
    ("/plans/", "horizon_start", _runs, 2),
    ("/mails/", "to", _mails, 2),
    ("/refer/import/", "name", _files, 2),
    ("/identities/", "candidate", _held, 2),
]


@pytest.mark.parametrize(("address", "key", "fill", "rows"), LISTS, ids=[one[0] for one in LISTS])
def test_every_list_is_sorted_both_ways_and_taken_away(
    signed_in: Client, coordinator: User, address: str, key: str, fill: Filled, rows: int
) -> None:
    fill(coordinator)
    with override_settings(LOCAL=True):
        up = table(signed_in.get(address, {"ordering": key, "file": "csv"}))
        down = table(signed_in.get(address, {"ordering": f"-{key}", "file": "csv"}))
        assert len(up) == rows + 1
        assert up[1:] == down[:0:-1]
        page = signed_in.get(address, {"ordering": f"-{key}"}).content.decode()
        book = signed_in.get(address, {"ordering": key, "file": "xlsx"})
    if address != "/mails/":  # which has no table
        assert [way for _label, way in sorted_by(page)] == ["descending"]
    assert f"ordering={key}" in page
    assert f"?ordering=-{key}&amp;file=csv" in page
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    assert [[str(cell if cell is not None else "") for cell in line] for line in sheet.values] == up
    exported = AuditEvent.objects.filter(action="list.exported", by=coordinator)
    assert [one.params["rows"] for one in exported] == [rows] * 3


def test_the_rules_of_the_catalogue_are_sorted_and_taken_away(client: Client, whole_catalogue: None) -> None:
    client.force_login(factories.user(Role.CATALOGUE_ADMIN))
    answer = client.get("/catalogue/", {"tier": "required", "ordering": "-minutes", "file": "csv"})
    assert set(column(answer, "Tier")) == {"Required"}
    minutes = [int(one) for one in column(answer, "Min") if one]
    assert len(minutes) > 25  # more than a page holds
    assert minutes == sorted(minutes, reverse=True)
    page = client.get("/catalogue/", {"tier": "required", "ordering": "-minutes"}).content.decode()
    assert sorted_by(page) == [("Min", "descending")]


# The order in the address ---------------------------------------------------------------------------------------------


def test_a_heading_sorts_and_then_turns_the_order_and_keeps_the_filters(signed_in: Client, coordinator: User) -> None:
    _cases(coordinator)
    page = signed_in.get("/queue/", {"tier": "required", "page": "1"}).content.decode()
    assert sorted_by(page) == [("Limit", "ascending")]
    assert links(page)["Team"] == "?tier=required&ordering=team"
    assert links(page)["Limit"] == "?tier=required&ordering=-due_at"
    page = signed_in.get("/queue/" + links(page)["Team"]).content.decode()
    assert sorted_by(page) == [("Team", "ascending")]
    assert links(page)["Team"] == "?tier=required&ordering=-team"
    assert page.index("Alpha team</td>") < page.index("Beta team</td>")


def test_the_filter_hands_the_order_on(signed_in: Client, coordinator: User) -> None:
    """The form does not change with the list: the order stands in the list and belongs to the form."""
    _cases(coordinator)
    part = signed_in.get("/queue/", {"ordering": "-team"}, headers={"HX-Request": "true"}).content.decode()
    assert '<input type="hidden" name="ordering" value="-team" form="queue-filter">' in part


def test_pages_of_a_sorted_list_neither_overlap_nor_lose_a_row(signed_in: Client, coordinator: User) -> None:
    for _ in range(30):
        factories.expert(at=coordinator.roles.get().institution, name_en="Li Na", name_zh="李娜")
    seen = [
        row.expert.pk
        for number in (1, 2)
        for row in signed_in.get("/people/", {"ordering": "-name", "page": number}).context["rows"]
    ]
    assert len(seen) == len(set(seen)) == 30
    assert len(table(signed_in.get("/people/", {"ordering": "-name", "page": 2, "file": "csv"}))) == 31


def test_an_order_that_the_list_does_not_know_is_passed_over(signed_in: Client, coordinator: User) -> None:
    _cases(coordinator)
    for wish in ("nothing", "--team", "patient__identity", "-"):
        page = signed_in.get("/queue/", {"ordering": wish}).content.decode()
        assert sorted_by(page) == [("Limit", "ascending")]


def test_what_has_no_value_stands_last_whichever_way(signed_in: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    chair = factories.expert(at=hospital, name_en="Chair")
    led = factories.team("lung", at=hospital, chair=chair)
    alone = factories.team("breast", at=hospital)
    for wish in ("chair", "-chair"):
        groups = signed_in.get("/teams/", {"ordering": wish}).context["groups"]
        assert groups[0]["teams"] == [led, alone]


def test_chinese_names_stand_in_the_order_of_their_sound(signed_in: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    for english, chinese in (("A", "赵六"), ("B", "安宁"), ("C", "李娜"), ("", "白雪"), ("D", "")):
        factories.expert(at=hospital, name_en=english, name_zh=chinese)
    chinese = signed_in.get("/people/", {"file": "csv"}, headers={"accept-language": "zh-hans"})
    assert column(chinese, "姓名") == ["安宁", "白雪", "李娜", "赵六", "D"]
    english = signed_in.get("/people/", {"file": "csv"}, headers={"accept-language": "en"})
    assert column(english, "Name") == ["A", "B", "C", "D", "白雪"]


def test_rows_in_memory_are_sorted_as_those_of_the_database() -> None:
    rows = [Team(name_en=en, name_zh=zh) for en, zh in (("b", "赵"), ("A", "安"), ("", ""))]
    found = lists.in_memory(rows, lists.sound)
    assert [one.name_en for one in found] == ["A", "b", ""]
    assert [one.name_en for one in lists.in_memory(rows, lists.sound, descending=True)] == ["b", "A", ""]
    with translation.override("zh-hans"):
        assert [one.name_zh for one in lists.in_memory(rows, lists.sound)] == ["安", "赵", ""]


def test_a_saved_view_of_the_queue_keeps_its_order(signed_in: Client, coordinator: User) -> None:
    answer = signed_in.post("/queue/views/?tier=required&ordering=-team", {"name": "By team"})
    assert answer["HX-Redirect"] == "/queue/?tier=required&ordering=-team"


# Files ----------------------------------------------------------------------------------------------------------------


def test_a_file_holds_what_is_filtered_on_all_pages_and_nothing_else(signed_in: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    team = factories.team(at=hospital)
    now = timezone.now()
    wanted = [factories.case_waiting(team=team, due_at=now + timedelta(hours=n)) for n in range(1, 56)]
    factories.case_waiting(team=team, tier="suggested")
    factories.case_waiting()  # at another hospital
    answer = signed_in.get("/queue/", {"tier": "required", "file": "csv"})
    assert column(answer, "Case") == [case.number for case in wanted]
    assert answer["Content-Disposition"].startswith('attachment; filename="queue-')


def test_nothing_in_a_file_is_a_formula(signed_in: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    for name in ('=HYPERLINK("http://example.org")', "+1", "-1", "@SUM(1)", "\t=1"):
        factories.room(at=hospital, name_en=name)
    names = column(signed_in.get("/rooms/", {"file": "csv"}), "Room")
    assert len(names) == 5
    assert all(name.startswith("'") for name in names)
    book = openpyxl.load_workbook(io.BytesIO(signed_in.get("/rooms/", {"file": "xlsx"}).content))
    assert {cell.data_type for line in book.active.iter_rows() for cell in line} <= {"s", "n", "inlineStr"}  # type: ignore[union-attr]


def test_times_of_a_file_follow_the_hospitals_clock_and_words_the_readers_language(
    signed_in: Client, coordinator: User
) -> None:
    hospital = coordinator.roles.get().institution
    start = factories.moment(factories.monday(), "14:00", hospital)
    factories.session(factories.team(at=hospital), start=start)
    chinese = signed_in.get("/sessions/", {"file": "csv"}, headers={"accept-language": "zh-hans"})
    assert column(chinese, "时间") == [f"{factories.monday()} 14:00"]
    assert column(chinese, "地点") == ["视频"]


def test_the_queues_file_names_no_patient(signed_in: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    patient = factories.patient(at=hospital, name="Ouyang Testname")
    case = factories.case_waiting(team=factories.team(at=hospital), patient=patient)
    answer = signed_in.get("/queue/", {"q": "Ouyang Testname", "file": "csv"})
    assert column(answer, "Case") == [case.number]
    assert "Ouyang" not in answer.content.decode()
    looked = AuditEvent.objects.filter(action="looked", by=coordinator, subject_id=patient.pk)
    assert looked.count() == 1  # who found the case by the name has learned whose it is
    assert not AuditEvent.objects.filter(params__icontains="Ouyang").exists()


def test_who_may_not_open_a_list_gets_no_file(client: Client) -> None:
    client.force_login(factories.user(Role.REFERRER))
    for address in ("/plans/", "/identities/", "/refer/import/"):
        assert client.get(address, {"file": "csv"}).status_code == 403
    assert not AuditEvent.objects.filter(action="list.exported").exists()
    assert Client().get("/queue/", {"file": "csv"}).status_code == 302


def test_people_have_no_addresses_in_the_file_of_the_list(signed_in: Client, coordinator: User) -> None:
    factories.expert(at=coordinator.roles.get().institution, email="secret@example.org", phone="+86 21 5550 1234")
    text = signed_in.get("/people/", {"file": "csv"}).content.decode()
    assert "secret@" not in text
    assert "5550" not in text


def test_what_no_file_can_hold_is_refused_in_words(
    signed_in: Client, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST", 1)
    _people(coordinator)
    answer = signed_in.get("/people/", {"file": "csv"})
    assert answer.status_code == 400
    assert "at most 1 lines" in answer.content.decode()


def test_an_unknown_kind_of_file_is_the_page(signed_in: Client) -> None:
    assert signed_in.get("/queue/", {"file": "exe"})["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("address", ["/queue/", "/people/"])
def test_a_file_costs_the_same_queries_for_one_row_and_for_thirty(
    signed_in: Client, coordinator: User, address: str, django_assert_max_num_queries: Any
) -> None:
    hospital = coordinator.roles.get().institution
    team = factories.team(at=hospital)

    def add(count: int) -> None:
        for _ in range(count):
            factories.case_waiting(team=team)
            factories.expert(at=hospital)

    add(1)
    with django_assert_max_num_queries(100) as one:
        signed_in.get(address, {"file": "csv"})
    add(29)
    with django_assert_max_num_queries(len(one)):
        signed_in.get(address, {"file": "csv"})


# The API --------------------------------------------------------------------------------------------------------------


def test_the_api_takes_the_same_orders_and_refuses_others(signed_in: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    for name, chinese in (("Beta", "安宁"), ("alpha", "赵六")):
        factories.expert(at=hospital, name_en=name, name_zh=chinese)

    def names(ordering: str, language: str = "en") -> list[str]:
        answer = signed_in.get("/api/v1/experts/", {"ordering": ordering}, headers={"accept-language": language})
        return [row["name"] for row in answer.json()["results"]]

    assert names("name") == ["alpha", "Beta"]
    assert names("-name") == ["Beta", "alpha"]
    assert names("name", "zh-hans") == ["安宁", "赵六"]
    answer = signed_in.get("/api/v1/experts/", {"ordering": "phone"})
    assert answer.status_code == 400
    assert [*answer.json()["fields"]] == ["ordering"]


API = {
    "cases": ["number", "tier", "due_at", "status", "urgency", "team", "institution", "created_at"],
    "catalogue/rules": ["key", "name", "tier", "minutes", "evidence"],
    "institutions": ["name", "level", "beds", "answer_within_h", "materials_lead_days", "max_session_min"],
    "teams": ["name", "institution", "disease_group", "lead_discipline", "chair", "active"],
    "experts": ["name", "remote"],
    "disciplines": ["key", "name", "core"],
    "sessions": ["start", "team", "institution", "room", "status"],
    "runs": ["created_at", "horizon_start", "status", "requested_by"],
    "rooms": ["name", "institution", "capacity", "active"],
    "blocks": ["team", "first_day", "start", "room", "last_day"],
    "invitations": ["start", "expert", "status"],
    "moves": [],
    "placement-constraints": [],
    "time-requests": [],
    "saved-views": [],
}


@pytest.mark.parametrize("name", API)
def test_each_list_of_the_api_answers_in_each_order(signed_in: Client, coordinator: User, name: str) -> None:
    for fill in (_cases, _people, _rooms, _blocks, _sessions, _runs):
        fill(coordinator)
    for key in [*API[name], "updated_at"]:
        for wish in (key, f"-{key}"):
            answer = signed_in.get(f"/api/v1/{name}/", {"ordering": wish})
            assert answer.status_code == 200, (wish, answer.content)


def test_the_orders_of_the_database_put_ties_by_age() -> None:
    rows = [factories.expert(name_en="Same", name_zh="") for _ in range(3)]
    found = orders.ordered(Expert.objects.filter(name_en="Same"), (orders.Named(),), descending=True)
    assert list(found) == rows[::-1]
