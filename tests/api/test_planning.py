"""Planning over the API: runs, proposals, publishing, sessions, invitations; who may do it and who sees it."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from experts.models import Role
from mdt_portal.models import OutboxMessage
from scheduling.models import Invitation, PlanningRun, Proposal, Seat, Session
from scheduling.planning import runs
from scheduling.publishing import publication
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db
RUNS = "/api/v1/runs/"


def published(cases: int = 2) -> worlds.World:
    world = worlds.small(cases)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    return world


# Runs -----------------------------------------------------------------------------------------------------------------
def test_ask_for_a_run_once_per_key(api) -> None:
    world = worlds.small(1)
    client = api(world.coordinator)
    sent = {"institutions": [world.hospital.public_id], "horizon_start": "2027-03-04", "horizon_days": 7, "seconds": 2}
    first = client.post(RUNS, sent, headers={"Idempotency-Key": "k1"})
    again = client.post(RUNS, sent, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    run = PlanningRun.objects.get()
    assert (run.trigger, run.horizon_start, run.seconds) == ("api", date(2027, 3, 1), 2)
    assert OutboxMessage.objects.filter(kind="run.requested").count() == 1
    assert client.post(RUNS, sent).status_code == 201


def test_without_a_scope_ones_own_hospitals_are_planned(api) -> None:
    world = worlds.small(1)
    body = api(world.coordinator).post(RUNS, {}).json()
    assert [one["id"] for one in body["institutions"]] == [world.hospital.public_id]
    assert (body["status"], body["zone"], body["attempts"], body["proposals"]) == ("queued", "Asia/Shanghai", 0, [])


def test_who_may_not_plan(api) -> None:
    world = worlds.small(1)
    other = factories.institution()
    assert api(factories.user(Role.REFERRER, at=world.hospital)).post(RUNS, {}).status_code == 403
    answer = api(world.coordinator).post(RUNS, {"institutions": [other.public_id]})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["institutions"])
    run = world.request()
    stranger = api(factories.user(Role.COORDINATOR, at=other))
    manager = api(factories.user(Role.MANAGER, at=world.hospital))
    for action in ("stop", "discard", "publish"):
        assert stranger.post(f"{RUNS}{run.public_id}/{action}/").status_code == 404
        assert manager.post(f"{RUNS}{run.public_id}/{action}/").status_code == 403
    assert manager.get(f"{RUNS}{run.public_id}/").status_code == 200


def test_stop_and_discard(api) -> None:
    world = worlds.small(1)
    client = api(world.coordinator)
    queued = world.request()
    assert client.post(f"{RUNS}{queued.public_id}/stop/").json()["status"] == "cancelled"
    assert client.post(f"{RUNS}{queued.public_id}/stop/").json()["code"] == "stale_state"
    proposal = world.propose(seconds=1)
    assert client.post(f"{RUNS}{proposal.run.public_id}/discard/").json()["status"] == "discarded"
    assert client.post(f"/api/v1/proposals/{proposal.public_id}/publish/").status_code == 409


def test_a_failed_run_says_why_in_words(api) -> None:
    world = worlds.small(1)
    run = runs.claim(world.request().pk)
    runs.fail(run, code="run.worker_lost", attempts=2)
    failure = api(world.coordinator).get(f"{RUNS}{run.public_id}/").json()["failure"]
    assert failure == {"code": "run.worker_lost", "message": "The planning worker was lost 2 times."}


def test_progress_counts_the_parts_of_the_search_and_who_did_them(api) -> None:
    world = worlds.small(0)
    run = runs.claim(world.request().pk)
    point = {"seconds": 9.0, "phase": "search", "goals": [0, 0, 0, 90], "bound": None}
    counts = {"tasks_done": 312, "tasks_helped": 96, "tasks_lost": 1, "workers": 2}
    runs.keep_alive(run, [point, point | counts])
    old, new = api(world.coordinator).get(f"{RUNS}{run.public_id}/").json()["progress"]
    assert new == point | counts
    assert (old["tasks_done"], old["workers"]) == (0, 1)


# Proposals ------------------------------------------------------------------------------------------------------------
def test_a_proposal_in_names_and_clock_times(api) -> None:
    world = worlds.small(2)
    left_out = factories.case_waiting(team=world.team, seats=[("DERM", 3)])
    proposal = world.propose(seconds=1)
    client = api(world.coordinator)
    run = client.get(f"{RUNS}{proposal.run.public_id}/").json()
    assert [one["id"] for one in run["proposals"]] == [proposal.public_id]
    assert run["progress"][-1]["phase"] == "done"
    body = client.get(f"/api/v1/proposals/{proposal.public_id}/").json()
    assert body["goals"]["required_unplaced"] > 0
    assert (body["stale"], body["run_status"]) == (False, "proposed")
    (session,) = body["sessions"]
    assert session["start"].endswith("Z")
    assert session["team"]["id"] == world.team.public_id
    assert {item["case"]["number"] for item in session["cases"]} == {case.number for case in world.cases}
    (change,) = body["changes"]
    assert (change["kind"], change["before"], len(change["joins"])) == ("new", None, 3)
    (left,) = body["unplaced"]
    assert left["case"]["number"] == left_out.number
    assert left["reasons"][0].startswith("Derm")


def test_publish_once_and_the_rival_is_stale(api) -> None:
    world = worlds.small(2)
    rival, proposal = world.propose(seconds=1), world.propose(seconds=1)
    client = api(world.coordinator)
    done = client.post(f"{RUNS}{proposal.run.public_id}/publish/")
    assert done.status_code == 200
    assert {key: done.json()[key] for key in ("new", "moved", "cancelled", "notified")} == {
        "new": 1, "moved": 0, "cancelled": 0, "notified": 3,
    }  # fmt: skip
    late = client.post(f"/api/v1/proposals/{rival.public_id}/publish/")
    assert (late.status_code, late.json()["code"]) == (409, "stale_plan")
    shown = client.get(f"/api/v1/proposals/{rival.public_id}/").json()
    assert (shown["stale"], shown["changes"]) == (True, [])
    assert client.post(f"{RUNS}{world.request().public_id}/publish/").status_code == 409
    assert Session.objects.count() == 1


# Sessions -------------------------------------------------------------------------------------------------------------
def test_sessions_by_week_and_place(api) -> None:
    world = published()
    session = Session.objects.get()
    client = api(world.coordinator)
    day = session.start.astimezone(world.hospital.tz).date()

    def found(query: str) -> int:
        return client.get(f"/api/v1/sessions/?{query}").json()["count"]

    team, hospital = world.team.public_id, world.hospital.public_id
    assert found(f"week={day:%G-W%V}&team={team}&institution={hospital}&status=published") == 1
    assert found(f"week={day + timedelta(days=7):%G-W%V}") == found(f"last_day={day - timedelta(days=1)}") == 0
    assert found(f"first_day={day}&last_day={day}") == 1
    for other in (str(day), "2026-W54", "W50", "2026-W5x"):  # one form, everywhere
        assert list(client.get(f"/api/v1/sessions/?week={other}").json()["fields"]) == ["week"]
    body = client.get(f"/api/v1/sessions/{session.public_id}/").json()
    assert (body["cases"], body["invited"], body["accepted"], body["zone"]) == (2, 3, 0, "Asia/Shanghai")
    assert [len(item["seats"]) for item in body["agenda"]] == [3, 3]
    assert {one["answer"] for one in body["attendances"]} == {"pending"}


def test_a_referrer_sees_only_their_own_case_on_the_agenda(api) -> None:
    world = published()
    session = Session.objects.get()
    body = api(world.cases[0].referrer).get(f"/api/v1/sessions/{session.public_id}/").json()
    assert [item["number"] for item in body["agenda"]] == [world.cases[0].number]
    assert body["cases"] == 1
    assert api(factories.user()).get(f"/api/v1/sessions/{session.public_id}/").status_code == 404


def test_cancel_frees_everything(api) -> None:
    world = published()
    path = f"/api/v1/sessions/{Session.objects.get().public_id}/cancel/"
    assert api(factories.user(Role.MANAGER, at=world.hospital)).post(path, {"reason": "x"}).status_code == 403
    body = api(world.coordinator).post(path, {"reason": "chair ill"}).json()
    assert (body["status"], body["agenda"], body["attendances"]) == ("cancelled", [], [])
    assert api(world.coordinator).post(path, {"reason": "again"}).status_code == 409


def test_a_deputy_takes_an_open_seat(api) -> None:
    world = published(1)
    client = api(world.coordinator)
    lost = Invitation.objects.filter(attendance__expert__qualifications__discipline__key="PATH").get()
    client.post(f"/api/v1/invitations/{lost.public_id}/decline/", {"reason": "away"})
    seat = Seat.objects.select_related("item__session", "item__case").get(attendance=None)
    path = f"/api/v1/sessions/{seat.item.session.public_id}/cases/{seat.item.case.public_id}/seats/{seat.place}"
    (deputy,) = client.get(f"{path}/deputies/").json()
    assert deputy["id"] in {expert.public_id for expert in world.experts[2:4]} - {lost.attendance.expert.public_id}
    surgeon = world.experts[4].public_id
    assert client.post(f"{path}/fill/", {"expert": surgeon}).status_code == 400
    body = client.post(f"{path}/fill/", {"expert": deputy["id"]}).json()
    assert deputy in [one["expert"] for one in body["attendances"]]
    again = client.post(f"{path}/fill/", {"expert": deputy["id"]})
    assert (again.status_code, again.json()["code"]) == (409, "stale_state")
    assert client.get(f"{path}9/deputies/").status_code == 404


# Invitations ----------------------------------------------------------------------------------------------------------
def test_everybody_answers_and_the_session_is_confirmed(api) -> None:
    world = published()
    for expert in world.experts:
        expert.user = factories.user(Role.EXPERT, at=world.hospital)
        expert.save()
    for invitation in Invitation.objects.select_related("attendance__expert__user"):
        client = api(invitation.attendance.expert.user)
        (mine,) = client.get("/api/v1/invitations/?mine=true&status=pending").json()["results"]
        assert mine["id"] == invitation.public_id
        assert [seat["number"] for seat in mine["seats"]] == [case.number for case in world.cases]
        done = client.post(f"/api/v1/invitations/{mine['id']}/accept/")
        assert (done.status_code, done.json()["status"]) == (200, "accepted")
        assert client.post(f"/api/v1/invitations/{mine['id']}/accept/").status_code == 409
    assert Session.objects.get().status == "confirmed"


def test_nobody_answers_for_others(api) -> None:
    world = published()
    invitation = Invitation.objects.first()
    path = f"/api/v1/invitations/{invitation.public_id}/"
    assert api(factories.user(Role.EXPERT, at=world.hospital)).post(f"{path}accept/").status_code == 404
    assert api(factories.user(Role.MANAGER, at=world.hospital)).post(f"{path}accept/").status_code == 403
    assert api(world.coordinator).post(f"{path}decline/", {"reason": "tired"}).status_code == 400
    body = api(world.coordinator).post(f"{path}decline/", {"reason": "theatre", "note": "until 5"}).json()
    assert (body["status"], body["reason"], body["note"], body["seats"]) == ("declined", "theatre", "until 5", [])


# Constant queries -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(("path", "queries"), [("runs", 6), ("sessions", 8), ("invitations", 5)])
def test_a_list_costs_the_same_for_one_row_and_for_thirty(api, rows, path, queries, django_assert_num_queries) -> None:
    hospital = factories.institution()
    team = factories.team(at=hospital)
    begin = factories.moment(factories.monday(), "09:00", hospital)
    people = [factories.expert("RADIOL", at=hospital), factories.expert("PATH", at=hospital)]
    for number in range(rows if path != "invitations" else -(-rows // 2)):
        run = factories.run(hospital, status="proposed", started_at=timezone.now())
        Proposal.objects.create(
            run=run, plan={}, goals={"required_unplaced": 0, "required_late": 0, "suggested": 0, "effort": 0}
        )
        factories.session(
            team, start=begin + timedelta(days=number), experts=people, cases=[factories.case_waiting(team=team)]
        )
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    client.get(f"/api/v1/{path}/")
    with django_assert_num_queries(queries):
        assert len(client.get(f"/api/v1/{path}/").json()["results"]) >= rows
