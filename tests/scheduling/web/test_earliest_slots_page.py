"""The panel with the earliest times: who sees what, hold, book, let go, and the promise to a typed referral."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.models import Case
from experts.models import Role
from mdt_portal.models import User
from scheduling.models import Hold, Session
from scheduling.publishing import earliest_slots, holds
from tests import factories
from tests.scheduling import worlds
from tests.scheduling.explain.test_unplaced import leave_out
from tests.scheduling.worlds import World

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def world() -> World:
    return worlds.small(2)


def signed_in(user: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def get(user: User, name: str, *args: Any, **data: Any) -> Any:
    return signed_in(user).get(reverse(name, args=args), data, headers=HTMX)


def post(user: User, name: str, *args: Any, **data: Any) -> Any:
    return signed_in(user).post(reverse(name, args=args), data, headers=HTMX)


def key(case: Case, number: int = 0) -> str:
    return earliest_slots.earliest_slots(case, number + 1)[number].key


def test_the_case_page_loads_the_panel_afterwards(world: World) -> None:
    case = world.cases[0]
    text = get(world.coordinator, "case", case.public_id).content.decode()
    assert reverse("case_times", args=[case.public_id]) in text
    Case.objects.filter(pk=case.pk).update(status="withdrawn")
    assert (
        reverse("case_times", args=[case.public_id])
        not in get(world.coordinator, "case", case.public_id).content.decode()
    )


def test_coordinators_hold_and_referrers_look(world: World) -> None:
    case = world.cases[0]
    for user, actions in ((world.coordinator, 3), (case.referrer, 0)):
        answer = get(user, "case_times", case.public_id)
        assert answer.status_code == 200
        assert len(answer.context["offers"]) == 3
        assert answer.content.decode().count('name="slot"') == actions
    assert "A coordinator books the time." in get(case.referrer, "case_times", case.public_id).content.decode()
    assert post(case.referrer, "case_hold", case.public_id, slot=key(case)).status_code == 403
    stranger = factories.user(Role.COORDINATOR)
    assert get(stranger, "case_times", case.public_id).status_code == 404


def test_hold_then_book(world: World) -> None:
    case = world.cases[0]
    answer = post(world.coordinator, "case_hold", case.public_id, slot=key(case))
    hold = Hold.objects.get()
    assert answer.status_code == 200
    assert reverse("hold_book", args=[hold.public_id]) in answer.content.decode()
    assert "within" not in answer.content.decode()
    done = post(world.coordinator, "hold_book", hold.public_id)
    assert (done.status_code, done.headers["HX-Redirect"]) == (204, reverse("case", args=[case.public_id]))
    case.refresh_from_db()
    assert case.status == "planned"
    assert next(str(one) for one in get_messages(done.wsgi_request)).startswith(f"{case} is booked for ")


def test_let_go_offers_the_times_again(world: World) -> None:
    case = world.cases[0]
    hold = holds.hold(case, key(case), by=world.coordinator)
    answer = post(world.coordinator, "hold_release", hold.public_id)
    assert len(answer.context["offers"]) == 3
    assert Hold.objects.get().status == "released"


def test_who_comes_second_is_told_and_gets_fresh_times(world: World) -> None:
    first, second = world.cases
    lost = key(second)
    holds.hold(first, key(first), by=world.coordinator)
    answer = post(world.coordinator, "case_hold", second.public_id, slot=lost)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "This time was taken a moment ago." in text
    assert answer.context["offers"][0]["slot"].start >= Hold.objects.get().end
    assert lost not in text


def test_a_hold_that_is_over_is_not_booked(world: World) -> None:
    case = world.cases[0]
    hold = holds.hold(case, key(case), by=world.coordinator)
    Hold.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = post(world.coordinator, "hold_book", hold.public_id)
    assert answer.status_code == 422
    assert "not held any more" in answer.content.decode()
    assert not Session.objects.exists()


def test_nobody_else_books_or_releases_a_hold(world: World) -> None:
    hold = holds.hold(world.cases[0], key(world.cases[0]), by=world.coordinator)
    for action in ("hold_book", "hold_release"):
        assert post(world.cases[0].referrer, action, hold.public_id).status_code == 403
        assert post(factories.user(Role.COORDINATOR), action, hold.public_id).status_code == 404


def test_missing_materials_are_named_and_nothing_can_be_held(world: World) -> None:
    case = factories.case_waiting(team=world.team, seats=[("RADIOL", 3)], missing=["imaging"])
    text = get(world.coordinator, "case_times", case.public_id).content.decode()
    assert "Materials are missing:" in text
    assert 'name="slot"' not in text


def test_no_time_says_what_to_do_and_leaves_the_reasons_to_the_page(world: World) -> None:
    case = factories.case_waiting(team=world.team, seats=[("CARDIO", 3)])
    leave_out(case, {"code": "seat_off_duty", "seat": 1, "params": {"discipline": "CARDIO"}})
    reason = "nobody who may take the seat is on duty"
    assert get(world.coordinator, "case", case.public_id).content.decode().count(reason) == 1
    text = get(world.coordinator, "case_times", case.public_id).content.decode()
    assert "No time can be kept in the weeks ahead" in text
    assert reason not in text
    assert reverse("why_not", args=[case.public_id]) in text
    assert reverse("run_new") in text


def test_without_htmx_the_actions_lead_back_to_the_case(world: World) -> None:
    case = world.cases[0]
    client = signed_in(world.coordinator)
    here = reverse("case", args=[case.public_id])
    assert client.get(reverse("case_times", args=[case.public_id])).headers["Location"] == here
    assert client.post(reverse("case_hold", args=[case.public_id]), {"slot": key(case)}).headers["Location"] == here
    assert client.post(reverse("hold_book", args=[Hold.objects.get().public_id])).headers["Location"] == here


def test_the_hint_about_others_is_asked_for_separately(world: World) -> None:
    answer = get(world.coordinator, "case_gain", world.cases[0].public_id)
    assert (answer.status_code, answer.content.decode().strip()) == (200, "")


# The referral form ----------------------------------------------------------------------------------------------------


@pytest.fixture
def catalogue() -> None:
    text = vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8")
    found = json_io.read(text, vocabulary.shipped())
    rulebook.load(
        [raw for raw in found.raw if raw["id"] == "LUNG-3B"],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2020, 1, 1),
    )


@pytest.mark.usefixtures("catalogue")
def test_the_promise_to_a_typed_referral(world: World, django_assert_max_num_queries: Any) -> None:
    for discipline in ("MEDONC", "RADONC", "RESP"):
        for _ in range(2):
            factories.expert(discipline, at=world.hospital)
    referrer = factories.user(Role.REFERRER, at=world.hospital)
    typed = {"code": "C34.1", "stage": "IIIB", "urgency": "urgent", "institution": world.hospital.pk, "token": "t"}
    with django_assert_max_num_queries(60):
        answer = post(referrer, "refer_times", **typed)
    text = answer.content.decode()
    assert "The earliest time that could be kept:" in text, text
    assert 'name="slot"' not in text
    assert str(world.team) in text
    assert Case.objects.count() == 2
    assert reverse("refer_times") in post(referrer, "refer_answer", **typed).content.decode()


@pytest.mark.usefixtures("catalogue")
def test_no_promise_where_nothing_is_discussed_or_nobody_is_responsible(world: World) -> None:
    referrer = factories.user(Role.REFERRER, at=world.hospital)
    nothing = {"code": "Z99.9", "urgency": "routine", "institution": world.hospital.pk, "token": "t"}
    assert post(referrer, "refer_times", **nothing).content.decode().strip() == ""
    assert post(referrer, "refer_times").content.decode().strip() == ""
    world.team.active = False
    world.team.save()
    typed = {"code": "C34.1", "stage": "IIIB", "urgency": "urgent", "institution": world.hospital.pk, "token": "t"}
    assert "a coordinator chooses one" in post(referrer, "refer_times", **typed).content.decode()


def test_queries_of_the_panel_do_not_grow_with_its_times(world: World) -> None:
    case = world.cases[0]
    counts = []
    for data in ({}, {"more": 1}):
        with CaptureQueriesContext(connection) as queries:
            answer = get(world.coordinator, "case_times", case.public_id, **data)
        counts.append((len(answer.context["offers"]), len(queries)))
    (few, one), (many, other) = counts
    assert few < many
    assert one == other <= 55
