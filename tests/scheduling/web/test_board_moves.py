"""The board as a tool: shaded places, the dialog, saving, a stale save, undo, and what a poll answers."""

from datetime import datetime, timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.models import MaterialItem
from experts.availability import time_keeping
from experts.models import Expert, Role
from scheduling.board import moves
from scheduling.board.moves import Where
from scheduling.models import Move, Session
from scheduling.selectors.weeks import Week
from tests import factories
from tests.scheduling.worlds import World, small

pytestmark = pytest.mark.django_db
NEXT = Week.around(factories.monday())


@pytest.fixture
def world() -> World:
    return small(cases=3)


@pytest.fixture
def coordinator_client(client: Client, world: World) -> Client:
    client.force_login(world.coordinator)
    return client


def at(world: World, day: int, clock: str) -> datetime:
    return factories.moment(factories.monday() + timedelta(days=day), clock, world.hospital)


def placed(world: World, number: int = 0, *, day: int = 1, clock: str = "14:00") -> Session:
    moves.place(world.cases[number], Where(start=at(world, day, clock), room=world.rooms[0]), by=world.coordinator)
    return Session.objects.live().get(items__case=world.cases[number], items__active=True)


def spots(coordinator_client: Client, **query: str) -> dict[str, tuple[str, str, str]]:
    answer = coordinator_client.get(reverse("board_places"), {"week": str(NEXT)} | query)
    assert answer.status_code == HTTPStatus.OK
    return {one["cell"]: (one["level"], one["time"], one["text"]) for one in answer.json()["places"]}


# Places ---------------------------------------------------------------------------------------------------------------


def test_every_cell_and_session_says_whether_it_is_free(coordinator_client: Client, world: World) -> None:
    session = placed(world)
    found = spots(coordinator_client, case=world.cases[1].public_id)
    room, monday = world.rooms[0].public_id, NEXT.monday
    assert found[f"r|{room}|{monday}"] == ("ignore", "08:00", "free")
    assert found[f"s|{session.public_id}"] == ("ignore", "14:15", "free")
    assert found[f"r|{room}|{NEXT.day(6)}"] == ("block", "", "The room is taken or closed")
    assert found[f"r|remote|{monday}"] == ("block", "", "Needs a room: somebody attends in person")
    assert found[f"t|{world.team.public_id}|{monday}"][0] == "ignore"


def test_a_shaded_cell_names_the_discipline_or_the_limit(coordinator_client: Client, world: World) -> None:
    world.experts[4].weekly_availability.filter(weekday=0).delete()
    case = world.cases[0]
    case.due_at = at(world, 1, "07:00")
    case.save()
    found = spots(coordinator_client, case=case.public_id)
    room = world.rooms[0].public_id
    assert found[f"r|{room}|{NEXT.monday}"] == ("block", "", "Thorsurg: nobody free")
    level, time, text = found[f"r|{room}|{NEXT.day(1)}"]
    assert (level, time, text[:15]) == ("warn", "08:00", "After the limit")


@pytest.mark.parametrize("subject", ["case", "session"])
def test_what_is_called_free_passes_the_check(coordinator_client: Client, world: World, subject: str) -> None:
    session = placed(world, 0)
    placed(world, 1, clock="15:00")
    row = world.cases[2] if subject == "case" else session
    found = coordinator_client.get(reverse("board_places"), {subject: row.public_id, "week": str(NEXT)}).json()[
        "places"
    ]
    free = [one for one in found if one["level"] == "ignore"]
    assert len(free) > 10
    for one in free[:: len(free) // 4]:  # all over the week: each look is a whole dialog
        page = coordinator_client.get(
            reverse("board_move"), {subject: row.public_id, "week": str(NEXT), "to": one["to"]}
        )
        assert [warning.text for warning in page.context["warnings"]] == [], one


ONE_A_DAY, ONE_A_WEEK = {"max_sessions_day": 1}, {"max_sessions_day": 1, "max_sessions_week": 1}


@pytest.mark.parametrize(
    ("subject", "cap", "days", "text"),
    [
        ("case", ONE_A_DAY, {1}, "would have 2 sessions on one day; the limit is 1."),
        ("session", ONE_A_DAY, {1}, "would have 2 sessions on one day; the limit is 1."),
        pytest.param(
            *("case", ONE_A_WEEK, {0, 2, 3, 4}, "would have 2 sessions in one week; the limit is 1."),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("case", {"max_minutes_week": 20}, {0, 1, 4}, "would be present 30 minutes in one week; the limit is 20."),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_cell_beyond_somebodys_limits_says_what_the_dialog_says(
    coordinator_client: Client, world: World, subject: str, cap: dict[str, int], days: set[int], text: str
) -> None:
    """The only surgeon sits in a session of another team on Tuesday."""
    row = world.cases[0] if subject == "case" else placed(world, 0, day=3)
    other = factories.case_waiting(team=factories.team("gi", at=world.hospital), seats=[("THORSURG", 2)])
    moves.place(other, Where(start=at(world, 1, "08:00"), room=world.rooms[1]), by=world.coordinator)
    Expert.objects.filter(pk=world.experts[4].pk).update(**cap)
    found = coordinator_client.get(reverse("board_places"), {subject: row.public_id, "week": str(NEXT)}).json()[
        "places"
    ]
    cells = [one for one in found if one["cell"].startswith(f"r|{world.rooms[0].public_id}|") and one["to"]]
    assert {NEXT.day(day).isoformat() for day in days} <= {
        one["cell"][-10:] for one in cells if one["level"] == "warn" and text in one["text"]
    }
    for one in cells:
        page = coordinator_client.get(
            reverse("board_move"), {subject: row.public_id, "week": str(NEXT), "to": one["to"]}
        )
        said = [warning.text for warning in page.context["warnings"]]
        assert said == ([one["text"]] if one["level"] == "warn" else []) or text not in one["text"]


def test_a_limit_that_was_broken_before_is_not_held_against_a_move(coordinator_client: Client, world: World) -> None:
    session = placed(world, 0, day=1)
    other = factories.case_waiting(team=factories.team("gi", at=world.hospital), seats=[("THORSURG", 2)])
    moves.place(other, Where(start=at(world, 1, "08:00"), room=world.rooms[1]), by=world.coordinator)
    Expert.objects.filter(pk=world.experts[4].pk).update(max_sessions_day=1)
    found = spots(coordinator_client, session=session.public_id)
    assert found[f"r|{world.rooms[0].public_id}|{NEXT.day(1)}"][0] == "ignore"


def test_a_case_that_is_held_back_can_go_nowhere(coordinator_client: Client, world: World) -> None:
    MaterialItem.objects.create(case=world.cases[0], code="ct")
    answer = coordinator_client.get(
        reverse("board_places"), {"case": world.cases[0].public_id, "week": str(NEXT)}
    ).json()
    assert (answer["places"], "materials" in answer["refused"]) == ([], True)


def test_places_cost_no_more_queries_for_a_full_week(
    coordinator_client: Client, world: World, django_assert_max_num_queries: object
) -> None:
    query = {"case": world.cases[0].public_id, "week": str(NEXT)}
    placed(world, 1)
    with django_assert_max_num_queries(60) as one:  # type: ignore[operator]
        coordinator_client.get(reverse("board_places"), query)
    for day in range(4):
        other = factories.team(f"g{day}", at=world.hospital)
        case = factories.case_waiting(team=other, seats=[("RADIOL", 3)])
        moves.place(case, Where(start=at(world, day, "10:00")), by=world.coordinator)
    with django_assert_max_num_queries(len(one)):  # type: ignore[operator]
        coordinator_client.get(reverse("board_places"), query)


# The dialog -----------------------------------------------------------------------------------------------------------


def form(world: World, coordinator_client: Client, **fields: str) -> dict[str, str]:
    """What the dialog would send after it was looked at."""
    given = {"week": str(NEXT)} | fields
    page = coordinator_client.get(reverse("board_move"), given)
    return given | {"fingerprint": page.context["check"].fingerprint, "to": page.context["asked"].to}


def other(world: World, day: int, clock: str) -> dict[str, str]:
    return {"to": "other", "date": str(NEXT.day(day)), "time": clock, "room": world.rooms[0].public_id}


def test_the_dialog_shows_and_saves(coordinator_client: Client, world: World) -> None:
    given = form(world, coordinator_client, case=world.cases[0].public_id, **other(world, 1, "14:00"))
    answer = coordinator_client.post(reverse("board_move"), given)
    assert answer.status_code == HTTPStatus.NO_CONTENT and "board:changed" in answer["HX-Trigger"]
    assert Session.objects.get().start == at(world, 1, "14:00")


def test_the_dialog_reads_the_week_once(coordinator_client: Client, world: World) -> None:
    placed(world)
    query = {"case": world.cases[0].public_id, "week": str(NEXT)}
    for name, given in (("board_places", {}), ("board_move", {}), ("board_move", other(world, 3, "09:00"))):
        with CaptureQueriesContext(connection) as asked:
            assert coordinator_client.get(reverse(name), query | given).status_code == HTTPStatus.OK
        assert sum("experts_weeklyavailability" in one["sql"] for one in asked) == 1


def test_a_date_outside_the_week_that_is_shown_is_read_and_saved(coordinator_client: Client, world: World) -> None:
    day = NEXT.plus(1).day(1)
    given = form(
        world, coordinator_client, case=world.cases[0].public_id, **other(world, 1, "14:00") | {"date": f"{day}"}
    )
    assert coordinator_client.post(reverse("board_move"), given).status_code == HTTPStatus.NO_CONTENT
    assert Session.objects.get().start == at(world, 8, "14:00")


def test_without_a_place_nothing_is_saved(coordinator_client: Client, world: World) -> None:
    answer = coordinator_client.post(reverse("board_move"), {"case": world.cases[0].public_id, "week": str(NEXT)})
    assert answer.status_code == HTTPStatus.OK and answer.context["asked"].to
    assert not Session.objects.exists()


def test_from_another_page_the_dialog_starts_in_the_week_of_the_place(coordinator_client: Client, world: World) -> None:
    session = placed(world)
    for query in ({"session": session.public_id}, {"case": world.cases[0].public_id}):
        asked = coordinator_client.get(reverse("board_move"), query).content.decode()
        assert f'<option value="{NEXT}" selected>' in asked
    page = coordinator_client.get(reverse("session", args=[session.public_id])).content.decode()
    assert f"week={NEXT}" in page and f"/week/move/?session={session.public_id}" in page


def test_the_person_who_changes_is_shown_before_saving(coordinator_client: Client, world: World) -> None:
    session = placed(world)
    gone = next(e for e in world.experts[:2] if session.attendances.active().filter(expert=e).exists())
    gone.weekly_availability.filter(weekday=2).delete()
    page = coordinator_client.get(
        reverse("board_move"), {"session": session.public_id, "week": str(NEXT)} | other(world, 2, "14:00")
    )
    (seat,) = [seat for seat in page.context["seats"] if seat.changed]
    assert (seat.before, str(seat.discipline)) == (str(gone), "Radiol")
    assert str(gone) in page.content.decode() and Session.objects.get().start == at(world, 1, "14:00")


def test_the_present_place_is_not_offered_as_a_change(coordinator_client: Client, world: World) -> None:
    session = placed(world, clock="08:00")
    page = coordinator_client.get(reverse("board_move"), {"session": session.public_id, "week": str(NEXT)})
    assert len(page.context["rows"]) == 1
    same = {"session": session.public_id, "week": str(NEXT)} | other(world, 1, "08:00")
    assert "Nothing would change" in coordinator_client.get(reverse("board_move"), same).content.decode()


def test_a_block_comes_back_with_its_reason(coordinator_client: Client, world: World) -> None:
    placed(world)
    case = factories.case_waiting(team=factories.team("breast", at=world.hospital), seats=[("RADIOL", 3)])
    answer = coordinator_client.post(
        reverse("board_move"), form(world, coordinator_client, case=case.public_id, **other(world, 1, "14:05"))
    )
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert str(world.rooms[0]) in answer.content.decode() and Session.objects.count() == 1


def test_a_stale_save_shows_what_changed_and_can_be_done_again(coordinator_client: Client, world: World) -> None:
    given = form(world, coordinator_client, case=world.cases[0].public_id, **other(world, 1, "14:00"))
    rival = placed(world, 1, day=2)
    answer = coordinator_client.post(reverse("board_move"), given)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [(row.kind, row.what) for row in answer.context["meanwhile"]] == [("new", rival.team)]
    again = given | {"fingerprint": answer.context["check"].fingerprint}
    assert coordinator_client.post(reverse("board_move"), again).status_code == HTTPStatus.NO_CONTENT
    assert Session.objects.live().count() == 2


def test_a_case_leaves_the_board(coordinator_client: Client, world: World) -> None:
    placed(world)
    given = form(world, coordinator_client, case=world.cases[0].public_id, to="off")
    assert coordinator_client.post(reverse("board_move"), given).status_code == HTTPStatus.NO_CONTENT
    assert not Session.objects.live().exists()


def test_undo_stands_on_the_board_and_takes_back(coordinator_client: Client, world: World) -> None:
    placed(world)
    url = reverse("board_undo", args=[Move.objects.get().public_id])
    assert url in coordinator_client.get(reverse("board"), {"week": str(NEXT)}).content.decode()
    page = coordinator_client.get(url)
    assert (
        coordinator_client.post(url, {"fingerprint": page.context["check"].fingerprint}).status_code
        == HTTPStatus.NO_CONTENT
    )
    assert not Session.objects.live().exists()
    assert url not in coordinator_client.get(reverse("board"), {"week": str(NEXT)}).content.decode()


def test_only_who_plans_may_move(client: Client, world: World) -> None:
    session = placed(world)
    client.force_login(factories.user(Role.MANAGER, at=world.hospital))
    for name in ("board_places", "board_move"):
        assert client.get(reverse(name), {"session": session.public_id}).status_code == HTTPStatus.FORBIDDEN
    assert "data-drag" not in client.get(reverse("board"), {"week": str(NEXT)}).content.decode()
    move = reverse("board_undo", args=[Move.objects.get().public_id])
    assert client.get(move).status_code == HTTPStatus.NOT_FOUND


# Fresh ----------------------------------------------------------------------------------------------------------------


def live(coordinator_client: Client, world: World, state: str) -> int:
    query = {"week": str(NEXT), "institution": world.hospital.public_id, "state": state}
    return coordinator_client.get(reverse("board_live"), query).status_code


def test_a_poll_answers_only_when_something_changed(coordinator_client: Client, world: World) -> None:
    state = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"].state
    assert live(coordinator_client, world, state) == HTTPStatus.NO_CONTENT
    placed(world)
    assert live(coordinator_client, world, state) == HTTPStatus.OK


def test_a_poll_notices_what_hits_a_session(coordinator_client: Client, world: World) -> None:
    session = placed(world)
    state = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"].state
    assert live(coordinator_client, world, state) == HTTPStatus.NO_CONTENT
    expert = session.attendances.active().order_by("pk")[0].expert
    day = session.start.astimezone(world.hospital.tz).date()
    time_keeping.add_leave(expert, first_day=day, last_day=day, by=world.coordinator)
    query = {"week": str(NEXT), "institution": world.hospital.public_id, "state": state}
    board = coordinator_client.get(reverse("board_live"), query).context["board"]
    assert [card.hit for day in board.days for card in day.cards] == [f"{expert}: on leave"]
    assert live(coordinator_client, world, board.state) == HTTPStatus.NO_CONTENT
    time_keeping.remove_leave(expert.leaves.get(), by=world.coordinator)
    assert live(coordinator_client, world, board.state) == HTTPStatus.OK


def test_a_poll_without_news_is_cheap(
    coordinator_client: Client, world: World, django_assert_max_num_queries: object
) -> None:
    state = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"].state
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        live(coordinator_client, world, state)
    placed(world)
    state = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"].state
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        assert live(coordinator_client, world, state) == HTTPStatus.NO_CONTENT


def test_the_rail_is_searched(coordinator_client: Client, world: World) -> None:
    query = {"week": str(NEXT), "institution": world.hospital.public_id, "find": world.cases[1].number}
    answer = coordinator_client.get(reverse("board_rail"), query)
    assert [one.case for one in answer.context["waiting"]] == [world.cases[1]]
    nothing = coordinator_client.get(reverse("board_rail"), query | {"find": "xyzzy"})
    assert "No case found" in nothing.content.decode()


# Views ----------------------------------------------------------------------------------------------------------------


def test_rows_by_team_and_by_person(coordinator_client: Client, world: World) -> None:
    session = placed(world)
    rows = coordinator_client.get(reverse("board"), {"week": str(NEXT), "by": "team"}).context["board"].rows
    assert [(row.name, len(row.cells[1].cards)) for row in rows] == [(str(world.team), 1)]
    rows = coordinator_client.get(reverse("board"), {"week": str(NEXT), "by": "person"}).context["board"].rows
    people = sorted(str(one.expert) for one in session.attendances.active())
    assert [row.name for row in rows] == people
    assert all(row.cells[1].cards[0].id == session.public_id for row in rows)


@pytest.mark.parametrize("by", ["room", "team", "person"])
def test_a_fuller_week_costs_no_more_queries(
    coordinator_client: Client, world: World, by: str, django_assert_max_num_queries: object
) -> None:
    query = {"week": str(NEXT), "by": by}
    placed(world, 0)
    with django_assert_max_num_queries(55) as one:  # type: ignore[operator]
        coordinator_client.get(reverse("board"), query)
    for day in range(5):
        other_team = factories.team(f"g{day}", at=world.hospital)
        experts = [factories.expert("RADIOL", at=world.hospital) for _ in range(2)]
        cases = [factories.case_waiting(team=other_team) for _ in range(2)]
        factories.session(other_team, start=at(world, day, "09:00"), experts=experts, cases=cases)
    with django_assert_max_num_queries(len(one)):  # type: ignore[operator]
        board = coordinator_client.get(reverse("board"), query).context["board"]
    assert board.sessions == 6


# What is proposed -----------------------------------------------------------------------------------------------------


def offered(client: Client, **query: str) -> dict:
    return client.get(reverse("board_move"), query).context


def test_a_waiting_case_is_proposed_the_times_of_the_promise_first(coordinator_client: Client, world: World) -> None:
    """A routine case gives people their time to answer; nothing begins in five minutes."""
    case = world.cases[0]
    context = offered(coordinator_client, case=case.public_id)
    answered = timezone.now() + timedelta(hours=world.hospital.answer_within_h)
    promised = context["promised"]
    assert len(promised) == 3
    assert context["asked"].to == promised[0].value
    starts = [value.value.split("|")[1] for value in (*promised, *context["good"])]
    assert all(datetime.fromisoformat(start).replace(tzinfo=world.hospital.tz) >= answered for start in starts)
    assert all("3 people are told" in one.label for one in promised)
    urgent = factories.case_waiting(team=world.team, seats=[("RADIOL", 3)], urgency="emergency")
    soon = offered(coordinator_client, case=urgent.public_id)["promised"][0].value
    assert soon <= promised[0].value


def test_beside_the_board_the_places_of_the_week_that_is_shown_are_proposed(
    coordinator_client: Client, world: World
) -> None:
    case, far = world.cases[0], NEXT.plus(1)
    url = f"{reverse('board_move')}?case={case.public_id}&amp;week={far}"
    assert url in coordinator_client.get(reverse("board"), {"week": str(far)}).content.decode()
    assert url in coordinator_client.get(reverse("board_rail"), {"week": str(far)}).content.decode()
    context = offered(coordinator_client, case=case.public_id, week=str(far))
    assert (context["week"], context["asked"].to) == (far, context["good"][0].value)
    assert context["promised"]  # offered too
    passed = offered(coordinator_client, case=case.public_id, week=str(NEXT.plus(-3)))
    assert passed["asked"].to == passed["promised"][0].value  # nothing is free in a week that has passed


def test_each_start_is_proposed_once_whatever_the_rooms(coordinator_client: Client, world: World) -> None:
    week = str(NEXT.plus(1))
    context = offered(coordinator_client, case=world.cases[0].public_id, week=week)
    starts = [one.value.split("|")[1] for one in context["good"]]
    assert len(starts) == len(set(starts)) > 3
    assert week in [one.value for one in context["weeks"]]
    assert context["asked"].to == context["good"][0].value  # the week that one chose, not the promise's


def test_a_free_place_says_how_many_people_it_replaces(coordinator_client: Client, world: World) -> None:
    """On Thursday the two who sit there are away: two others come, and everybody hears of it."""
    session = placed(world)
    there = {one.expert_id for one in session.attendances.filter(active=True)}
    for expert in world.experts[:4]:
        if expert.pk in there:
            expert.weekly_availability.filter(weekday=3).delete()
    found = offered(coordinator_client, session=session.public_id, week=str(NEXT))
    labels = {one.value.split("|")[1][:10]: one.label for one in found["good"]}
    assert "3 people are told" in labels[NEXT.day(2).isoformat()]
    assert "replaced" not in labels[NEXT.day(2).isoformat()]
    assert "5 people are told, 2 are replaced" in labels[NEXT.day(3).isoformat()]


def test_another_week_is_read_once_however_many_places_of_it_are_tried(world: World) -> None:
    case = world.cases[0]
    shown = moves.check(case, Where(start=at(world, 0, "09:00"), room=world.rooms[0])).editable
    spent = []
    for clock in ("09:00", "10:00", "11:00"):
        with CaptureQueriesContext(connection) as caught:
            elsewhere = at(world, 0, clock) + timedelta(days=7)
            moves.check(case, Where(start=elsewhere, room=world.rooms[0]), again=shown)
        spent.append(len(caught))
    assert spent[0] > 5 * spent[1] and spent[1] == spent[2]
