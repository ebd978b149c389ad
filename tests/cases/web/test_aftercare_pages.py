"""The pages after a discussion: writing and signing, looking, and what the case page says of both to whom."""

from __future__ import annotations

from datetime import date, timedelta
from http import HTTPStatus

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.models import Case, FollowUp, Recommendation
from cases.services import aftercare
from cases.services.aftercare import Words
from cases.states import CaseStatus
from experts.models import Role
from mdt_portal.models import User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> Case:
    return factories.case_discussed()


@pytest.fixture
def writer(case: Case) -> User:
    return factories.user(Role.COORDINATOR, at=case.team.institution)


@pytest.fixture
def coordinator_client(client: Client, writer: User) -> Client:
    client.force_login(writer)
    return client


def in_days(case: Case, days: int) -> date:
    return timezone.now().astimezone(case.institution.tz).date() + timedelta(days=days)


def url(name: str, case: Case) -> str:
    return reverse(name, args=[case.public_id])


def filled(case: Case, action: str, **fields: str) -> dict[str, str]:
    given = {"text": "Resect.", "next_follow_up_on": in_days(case, 14).isoformat(), "who": "Nurse Li", "version": "0"}
    return given | {"action": action} | fields


def page(client: Client, name: str, case: Case) -> str:
    return client.get(url(name, case)).content.decode()


# Writing --------------------------------------------------------------------------------------------------------------


def test_the_form_proposes_two_weeks_and_the_referrer(coordinator_client: Client, case: Case) -> None:
    form = coordinator_client.get(url("case_recommendation", case)).context["form"]
    assert form["next_follow_up_on"].value() == in_days(case, 14)
    assert form["who"].value() == str(case.referrer)


def test_a_draft_is_kept_with_what_is_lacking(coordinator_client: Client, case: Case) -> None:
    data = filled(case, "draft", next_follow_up_on="", who="", what_0="Stage again", by_0="Dr Ma")
    answer = coordinator_client.post(url("case_recommendation", case), data, follow=True)
    form = answer.context["form"]
    assert (form["text"].value(), form["what_0"].value(), form["by_0"].value()) == ("Resect.", "Stage again", "Dr Ma")
    assert "Draft" in page(coordinator_client, "case", case)


def test_signing_shows_the_case_with_its_recommendation(coordinator_client: Client, case: Case) -> None:
    data = filled(case, "sign", what_0="Stage again", by_0="Dr Ma", due_0=in_days(case, 3).isoformat())
    answer = coordinator_client.post(url("case_recommendation", case), data, follow=True)
    assert answer.redirect_chain == [(url("case", case), HTTPStatus.FOUND)]
    text = answer.content.decode()
    for words in ("Resect.", "Stage again", "Dr Ma", "Nurse Li calls", "the referrer is told"):
        assert words in text
    case.refresh_from_db()
    assert case.status == CaseStatus.FOLLOWING_UP


@pytest.mark.parametrize(
    ("language", "added", "again"),
    [("en", "Addendum 2", "has added something while you were writing"), ("zh-hans", "补充意见 2", "请先阅读")],
)
def test_an_addendum_stands_below_what_was_signed(
    coordinator_client: Client, case: Case, writer: User, language: str, added: str, again: str
) -> None:
    """FAULTS: signing was irrevocable."""
    writer.language = language
    writer.save()
    coordinator_client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    assert coordinator_client.get(url("case_addendum", case)).headers["Location"] == url("case_recommendation", case)
    coordinator_client.post(url("case_recommendation", case), filled(case, "sign"))
    assert url("case_addendum", case) in page(coordinator_client, "case", case)
    empty = coordinator_client.post(url("case_addendum", case), {"text": " ", "seen": "0"})
    assert (empty.status_code, list(empty.context["form"].errors)) == (HTTPStatus.UNPROCESSABLE_ENTITY, ["text"])
    first = {"text": "The left side was meant.", "seen": "0"}
    answer = coordinator_client.post(url("case_addendum", case), first)
    assert answer.headers["Location"] == url("case", case)
    mine = {"text": "Chemotherapy first.", "seen": "0"}
    late = coordinator_client.post(url("case_addendum", case), mine)
    form = late.context["form"]
    assert late.status_code == HTTPStatus.CONFLICT and again in late.content.decode()
    assert "The left side was meant." in late.content.decode()
    assert (form["text"].value(), form["seen"].value()) == ("Chemotherapy first.", "1")
    coordinator_client.post(url("case_addendum", case), mine | {"seen": form["seen"].value()})
    text = page(coordinator_client, "case", case)
    places = [text.index(words) for words in ("Resect.", "The left side was meant.", added, "Chemotherapy first.")]
    assert places == sorted(places)


def test_the_referrer_reads_addenda_and_signs_none(client: Client, case: Case, writer: User) -> None:
    aftercare.conclude(case, by=writer, words=Words(text="Resect.", next_follow_up_on=in_days(case, 9), who="Nurse Li"))
    aftercare.add_addendum(case, by=writer, text="The left side was meant.")
    assert case.referrer is not None
    client.force_login(case.referrer)
    text = page(client, "case", case)
    assert "The left side was meant." in text and url("case_addendum", case) not in text
    for answer in (client.get(url("case_addendum", case)), client.post(url("case_addendum", case), {"text": "x"})):
        assert answer.status_code == HTTPStatus.FORBIDDEN


def test_nobody_is_said_to_be_told_where_nobody_referred(coordinator_client: Client, case: Case) -> None:
    Case.objects.update(referrer=None)
    given = filled(case, "sign", text="Operate.", who="Nurse Li", next_follow_up_on=in_days(case, 3).isoformat())
    text = coordinator_client.post(url("case_recommendation", case), given, follow=True).content.decode()
    assert "is signed." in text and "the referrer is told" not in text


def test_what_is_lacking_is_said_at_its_field_and_nothing_is_lost(coordinator_client: Client, case: Case) -> None:
    answer = coordinator_client.post(url("case_recommendation", case), filled(case, "sign", who="", by_1="Dr Ma"))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    form = answer.context["form"]
    assert set(form.errors) == {"who", "what_1"}
    assert (form["text"].value(), form["by_1"].value()) == ("Resect.", "Dr Ma")


def test_a_follow_up_in_the_past_is_refused_at_its_field(coordinator_client: Client, case: Case) -> None:
    data = filled(case, "sign", next_follow_up_on=in_days(case, -1).isoformat())
    answer = coordinator_client.post(url("case_recommendation", case), data)
    assert list(answer.context["form"].errors) == ["next_follow_up_on"]


def test_who_is_second_sees_the_others_words_and_may_go_on(
    coordinator_client: Client, case: Case, writer: User
) -> None:
    aftercare.draft(case, by=writer, words=Words(text="Radiotherapy first."))
    answer = coordinator_client.post(url("case_recommendation", case), filled(case, "draft"))
    assert answer.status_code == HTTPStatus.CONFLICT
    text = answer.content.decode()
    assert "Radiotherapy first." in text and "Resect." in text
    version = answer.context["form"]["version"].value()
    coordinator_client.post(url("case_recommendation", case), filled(case, "draft", version=version))
    assert Recommendation.objects.get().text == "Resect."


def test_after_the_signature_typed_words_still_come_back(coordinator_client: Client, case: Case, writer: User) -> None:
    words = Words(text="Radiotherapy first.", next_follow_up_on=in_days(case, 7), who="Dr Ma")
    aftercare.conclude(case, by=writer, words=words)
    answer = coordinator_client.post(url("case_recommendation", case), filled(case, "sign"))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "Resect." in answer.content.decode()
    assert coordinator_client.get(url("case_recommendation", case)).headers["Location"] == url("case", case)


def test_a_draft_is_for_its_writers_and_a_signature_for_all_who_see_the_case(
    client: Client, case: Case, writer: User
) -> None:
    words = Words(text="Radiotherapy first.", next_follow_up_on=in_days(case, 7), who="Dr Ma")
    aftercare.draft(case, by=writer, words=words)
    client.force_login(case.referrer)  # type: ignore[arg-type]
    assert "Radiotherapy first." not in page(client, "case", case)
    assert client.get(url("case_recommendation", case)).status_code == HTTPStatus.FORBIDDEN
    aftercare.conclude(case, by=writer, words=words)
    assert "Radiotherapy first." in page(client, "case", case)


def test_who_has_a_seat_reads_it(client: Client, case: Case, writer: User) -> None:
    expert = factories.expert("RADIOL", at=case.institution, user=factories.user())
    factories.session(case.team, experts=[expert], cases=[case])
    words = Words(text="Radiotherapy first.", next_follow_up_on=in_days(case, 7), who="Dr Ma")
    aftercare.conclude(case, by=writer, words=words)
    client.force_login(expert.user)  # type: ignore[arg-type]
    assert "Radiotherapy first." in page(client, "case", case)
    assert client.get(url("case_follow_up", case)).status_code == HTTPStatus.FORBIDDEN


# Looking --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def followed() -> Case:
    return factories.case_followed()


@pytest.fixture
def referrer(client: Client, followed: Case) -> Client:
    client.force_login(followed.referrer)  # type: ignore[arg-type]
    return client


def followed_up(case: Case, **fields: str) -> dict[str, str]:
    follow_up = case.follow_ups.get(outcome="").public_id
    return {
        "follow_up": follow_up,
        "outcome": "out",
        "note": "",
        "then": "close",
        "next_follow_up_on": "",
        "who": "",
    } | fields


def test_the_referrer_closes_the_loop(referrer: Client, followed: Case) -> None:
    assert url("case_follow_up", followed) in page(referrer, "case", followed)
    answer = referrer.post(url("case_follow_up", followed), followed_up(followed), follow=True)
    assert "is closed." in answer.content.decode()
    followed.refresh_from_db()
    assert followed.status == CaseStatus.CLOSED
    assert url("case_follow_up", followed) not in page(referrer, "case", followed)


def test_who_was_called_still_sees_the_case_that_they_closed(client: Client) -> None:
    caller = factories.expert(user=factories.user())
    case = factories.case_followed(expert=caller, who=str(caller))
    client.force_login(caller.user)
    answer = client.post(url("case_follow_up", case), followed_up(case), follow=True)
    assert (answer.status_code, answer.context["case"].status) == (HTTPStatus.OK, CaseStatus.CLOSED)


def test_another_follow_up_is_set_and_both_stand_on_the_page(referrer: Client, followed: Case) -> None:
    day = in_days(followed, 7)
    given = {
        "outcome": "partly",
        "note": "No bed",
        "then": "again",
        "next_follow_up_on": day.isoformat(),
        "who": "Dr Ma",
    }
    text = referrer.post(url("case_follow_up", followed), followed_up(followed, **given), follow=True).content.decode()
    for words in ("Partly", "No bed", "Dr Ma calls"):
        assert words in text
    assert FollowUp.objects.get(outcome="").due == day


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"outcome": "not"}, "note"),
        ({"outcome": ""}, "outcome"),
        ({"then": ""}, "then"),
        ({"then": "again", "who": "Dr Ma"}, "next_follow_up_on"),
        ({"then": "again", "next_follow_up_on": "2999-01-01", "who": "Dr Ma"}, "next_follow_up_on"),
    ],
)
def test_what_a_follow_up_lacks_is_said_at_its_field(
    referrer: Client, followed: Case, given: dict[str, str], field: str
) -> None:
    answer = referrer.post(url("case_follow_up", followed), followed_up(followed, **given))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert list(answer.context["form"].errors) == [field]


def test_a_case_that_closes_forgets_the_next_follow_up(referrer: Client, followed: Case) -> None:
    referrer.post(
        url("case_follow_up", followed),
        followed_up(followed, next_follow_up_on=in_days(followed, 9).isoformat(), who="X"),
    )
    assert FollowUp.objects.filter(outcome="").count() == 0


def test_a_follow_up_taken_by_somebody_else_is_noticed(referrer: Client, followed: Case) -> None:
    typed = followed_up(followed, outcome="not", note="Refused")
    later = in_days(followed, 7)
    aftercare.record_follow_up(followed, by=followed.referrer, outcome="out", next_follow_up_on=later, who="Dr Ma")  # type: ignore[arg-type]
    answer = referrer.post(url("case_follow_up", followed), typed)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "Refused" in answer.content.decode()
    assert FollowUp.objects.taken().get().outcome == "out"
    again = typed | {
        "follow_up": answer.context["form"]["follow_up"].value()
    }  # saving once more is for the look that came
    assert referrer.post(url("case_follow_up", followed), again).status_code == HTTPStatus.FOUND
    assert FollowUp.objects.filter(outcome="not", note="Refused", due=later).exists()


def test_an_overdue_follow_up_says_so(referrer: Client, followed: Case) -> None:
    FollowUp.objects.update(due=in_days(followed, -2))
    assert "Overdue" in page(referrer, "case", followed)
    assert "Overdue" in page(referrer, "case_follow_up", followed)


def test_a_met_limit_does_not_go_on_counting(coordinator_client: Client, case: Case) -> None:
    Case.objects.update(due_at=timezone.now() - timedelta(days=3))
    assert "over</" not in page(coordinator_client, "case", case)
