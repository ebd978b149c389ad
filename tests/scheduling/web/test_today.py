"""Today: what needs a hand, in the order of what breaks next, for each kind of reader."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Case
from experts.models import OnCallDuty, Role
from mdt_portal.models import User
from scheduling.models import Invitation, Proposal, Seat, TimeRequest
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator() -> User:
    return factories.user(Role.COORDINATOR)


@pytest.fixture
def coordinator_client(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def hospital(coordinator: User) -> Any:
    return coordinator.roles.get().institution


def waiting(coordinator: User, hours: float, **fields: Any) -> Case:
    place = hospital(coordinator)
    team = place.teams.first() or factories.team(at=place)
    return factories.case_waiting(team=team, due_at=timezone.now() + timedelta(hours=hours), **fields)


def entries(response: Any) -> list[tuple[str, str]]:
    return [(group.label, entry.kind) for group in response.context["groups"] for entry in group.entries]


def test_strangers_must_sign_in(client: Client) -> None:
    assert client.get("/").status_code == 302


def test_an_idle_day_says_what_to_do_next(coordinator_client: Client) -> None:
    text = coordinator_client.get("/").content.decode()
    assert "Nothing needs a hand" in text and "Open the queue" in text and "No session in the next days" in text


def test_the_nearest_limit_comes_first(coordinator_client: Client, coordinator: User) -> None:
    place = hospital(coordinator)
    waiting(coordinator, -3)
    waiting(coordinator, 20)
    waiting(coordinator, 300)  # time to spare
    waiting(coordinator, 200, missing=["imaging"])
    homeless = waiting(coordinator, 2)
    Case.objects.filter(pk=homeless.pk).update(status="submitted", team=None)
    run = factories.run(place, status="proposed", finished_at=timezone.now())
    start = timezone.now() + timedelta(hours=10)
    session = factories.session(place.teams.get(), start=start, experts=[factories.expert(at=place)])
    assert session.start == start
    response = coordinator_client.get("/")
    assert entries(response) == [
        ("Limit broken", "case"),
        ("Limit within 24 hours", "team"),
        ("Limit within 24 hours", "case"),
        ("Limit in more than 24 hours", "materials"),
        ("No hard limit", "run"),
    ]
    text = response.content.decode()
    assert "5 things need a hand" in text and "1 limit is already broken" in text
    assert f'href="/plans/{run.public_id}/"' in text


def left_out(coordinator: User, *cases: Case) -> None:
    """A new plan without a place for these."""
    plan = {"unplaced": [{"case": case.pk, "reasons": []} for case in cases]}
    run = factories.run(hospital(coordinator), status="published")
    Proposal.objects.create(run=run, plan=plan, goals={})


def test_a_required_case_that_the_newest_plan_could_not_place_is_there_at_once(
    coordinator_client: Client, coordinator: User
) -> None:
    late, soon = waiting(coordinator, 300), waiting(coordinator, 100)
    waiting(coordinator, 90, tier="suggested"), waiting(coordinator, 80)  # of the last the plan says nothing
    suggested = Case.objects.get(tier="suggested")
    left_out(coordinator, late, soon, suggested)
    response = coordinator_client.get("/")
    assert entries(response) == [("Limit in more than 24 hours", "case"), ("Limit in more than 24 hours", "case")]
    assert [entry.due for group in response.context["groups"] for entry in group.entries] == [soon.due_at, late.due_at]
    assert "The plan found no place for it." in response.content.decode()
    Case.objects.filter(pk=soon.pk).update(evaluated_at=timezone.now())  # changed since: the plan did not look at it
    assert len(entries(coordinator_client.get("/"))) == 1
    left_out(coordinator)
    assert entries(coordinator_client.get("/")) == []


def test_a_required_case_whose_place_misses_its_limit_stays_in_sight(
    coordinator_client: Client, coordinator: User
) -> None:
    case = waiting(coordinator, 4, status="planned", urgency="emergency")
    session = factories.session(case.team, start=case.due_at + timedelta(days=1), cases=[case])
    page = coordinator_client.get("/")
    assert entries(page) == [("Emergencies", "late")]
    assert f'href="/cases/{case.public_id}/why/"' in page.content.decode()
    assert "Its place in the plan begins 1 day after the limit." in page.content.decode()
    Case.objects.filter(pk=case.pk).update(due_at=session.start + timedelta(hours=1))
    assert entries(coordinator_client.get("/")) == []


def seated(coordinator: User, hours: float, **answer: Any) -> Seat:
    """The only seat of a session that starts in so many hours."""
    place = hospital(coordinator)
    case = waiting(coordinator, 400)
    session = factories.session(
        case.team,
        start=timezone.now() + timedelta(hours=hours),
        experts=[factories.expert("RADIOL", at=place, name_en="Lin Shuyi")],
        cases=[case],
    )
    Case.objects.filter(pk=case.pk).update(status="planned")
    Invitation.objects.filter(attendance__session=session).update(**answer)
    return session.items.get().seats.get()


def test_an_open_seat_names_its_discipline(coordinator_client: Client, coordinator: User) -> None:
    seat = seated(coordinator, 30)
    Seat.objects.filter(pk=seat.pk).update(attendance=None)
    response = coordinator_client.get("/")
    assert entries(response) == [("Limit in more than 24 hours", "seat")]
    assert "Lung MDT · Radiol" in response.content.decode()


def test_silence_past_its_time_names_the_silent(coordinator_client: Client, coordinator: User) -> None:
    seated(coordinator, 30, answer_by=timezone.now() - timedelta(minutes=1))
    response = coordinator_client.get("/")
    assert entries(response) == [("Limit in more than 24 hours", "silent")]
    assert "No answer in time: Lin Shuyi" in response.content.decode()


def test_a_session_that_is_soon_wants_all_answers(coordinator_client: Client, coordinator: User) -> None:
    seat = seated(coordinator, 5)
    assert entries(coordinator_client.get("/")) == [("Limit within 24 hours", "quorum")]
    assert seat.attendance is not None
    Invitation.objects.filter(attendance=seat.attendance).update(status="accepted")
    assert entries(coordinator_client.get("/")) == []


def test_only_the_newest_run_is_told_as_failed(coordinator_client: Client, coordinator: User) -> None:
    place = hospital(coordinator)
    factories.run(place, status="failed", finished_at=timezone.now())
    assert entries(coordinator_client.get("/")) == [("No hard limit", "failed")]
    factories.run(place, status="published")
    assert entries(coordinator_client.get("/")) == []


def test_kinds_can_be_picked_and_the_rest_unfolded(coordinator_client: Client, coordinator: User) -> None:
    for _ in range(13):
        waiting(coordinator, 3)
    waiting(coordinator, 90, missing=["imaging"])
    assert len(entries(coordinator_client.get("/"))) == 12
    assert "Show the other 2" in coordinator_client.get("/").content.decode()
    assert len(entries(coordinator_client.get("/?all=1"))) == 14
    assert entries(coordinator_client.get("/?kind=materials")) == [("Limit in more than 24 hours", "materials")]


def test_figures_sessions_and_duties_stand_beside(coordinator_client: Client, coordinator: User) -> None:
    place = hospital(coordinator)
    waiting(coordinator, -1)
    seated(coordinator, 5)
    now = timezone.now()
    OnCallDuty.objects.create(
        expert=factories.expert(at=place, name_en="Gao Mingzhe"),
        institution=place,
        start=now - timedelta(hours=1),
        end=now + timedelta(hours=1),
    )
    response = coordinator_client.get("/")
    assert [figure["value"] for figure in response.context["figures"]][:3] == [1, 1, 0]
    assert response.context["figures"][4]["value"] == 1
    assert "Gao Mingzhe" in response.content.decode() and len(response.context["cards"]) == 1


def test_experts_are_sent_to_their_seats(client: Client) -> None:
    expert = factories.expert(user=factories.user())
    assert expert.user is not None
    client.force_login(expert.user)
    assert client.get("/")["Location"] == "/seats/"


def test_referrers_see_their_own_cases_and_what_they_lack(client: Client) -> None:
    case = factories.case_waiting(missing=["imaging"])
    assert case.referrer is not None
    draft = factories.case(at=case.institution, referrer=case.referrer)
    other = factories.case_waiting()
    client.force_login(case.referrer)
    response = client.get("/")
    text = response.content.decode()
    assert entries(response) == [("Limit in more than 24 hours", "materials"), ("No hard limit", "draft")]
    assert case.number in text and draft.number in text and other.number not in text


def test_a_new_referrer_is_told_how_to_begin(client: Client) -> None:
    client.force_login(factories.user(Role.REFERRER))
    assert "You have no cases yet" in client.get("/").content.decode()


def test_the_navigation_counts(coordinator_client: Client, coordinator: User) -> None:
    waiting(coordinator, -1)
    waiting(coordinator, 100)
    text = " ".join(coordinator_client.get("/").content.decode().split())
    assert '<span>Today</span> <span class="count count-alert">1</span>' in text
    assert '<span>Queue</span> <span class="count">2</span>' in text


def test_queries_do_not_grow_with_the_day(
    coordinator_client: Client, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    waiting(coordinator, 1, missing=["imaging"])
    left_out(coordinator, waiting(coordinator, 2))
    seated(coordinator, 5)
    with django_assert_max_num_queries(60) as first:
        coordinator_client.get("/?all=1")
    left_out(coordinator, *(waiting(coordinator, 300) for _ in range(30)))
    for number in range(30):
        waiting(coordinator, 1, missing=["imaging"])
        seated(coordinator, 10 + 2 * number)
    with django_assert_max_num_queries(len(first.captured_queries)):
        assert len(entries(coordinator_client.get("/?all=1"))) > 60


def test_it_is_there_in_chinese(coordinator_client: Client, coordinator: User) -> None:
    waiting(coordinator, -1)
    response = coordinator_client.get("/", headers={"Accept-Language": "zh-hans"})
    assert response.status_code == 200 and "今日" in response.content.decode()


def test_what_an_expert_said_who_was_asked_for_time_has_a_next_step(
    coordinator_client: Client, coordinator: User
) -> None:
    case = waiting(coordinator, 200)
    start = timezone.now() + timedelta(hours=30)
    span = {"start": start, "end": start + timedelta(minutes=30), "answered_at": timezone.now()}
    for name, status in (("Zhu Yan", "refused"), ("He Qisong", "asked")):
        expert = factories.expert(at=hospital(coordinator), name_en=name)
        TimeRequest.objects.create(case=case, expert=expert, status=status, **span)
    response = coordinator_client.get("/")
    assert entries(response) == [("Limit in more than 24 hours", "time_requested")]
    assert "Zhu Yan cannot come on" in response.content.decode()
    TimeRequest.objects.filter(status="asked").update(status="agreed")
    response = coordinator_client.get("/")
    assert entries(response) == [("Limit in more than 24 hours", "time_requested")]
    assert "He Qisong comes on" in response.content.decode()
    Case.objects.filter(pk=case.pk).update(status="planned")
    assert entries(coordinator_client.get("/")) == []
