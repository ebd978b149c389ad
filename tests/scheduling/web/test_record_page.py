"""Recording a meeting: what is prefilled, what stays on an error, what the session page then says."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from cases.models import Case
from cases.states import CaseStatus
from experts.models import Role
from mdt_portal.models import OutboxMessage, User
from scheduling.models import Session
from scheduling.sessions import meetings
from scheduling.states import SessionStatus
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def over() -> Session:
    return factories.meeting_over()


@pytest.fixture
def coordinator(over: Session) -> User:
    return factories.user(Role.COORDINATOR, at=over.institution)


@pytest.fixture
def coordinator_client(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def address(session: Session) -> str:
    return reverse("session_record", args=[session.public_id])


def filled(session: Session, *outcomes: str, **fields: str) -> dict[str, object]:
    """The form as it comes, with these outcomes in the order of the agenda."""
    row = Session.objects.get(pk=session.pk)
    items = list(meetings.agenda(row))
    data: dict[str, object] = {"start": "14:07", "end": "15:10", "version": str(row.version)}
    data["came"] = [str(one.pk) for one in meetings.invited(row)]
    for number, item in enumerate(items):
        data[f"outcome_{item.case_id}"] = outcomes[number] if number < len(outcomes) else "discussed"
        data[f"note_{item.case_id}"] = ""
    return data | fields


def test_the_form_comes_prefilled_with_the_plan(coordinator_client: Client, over: Session) -> None:
    first = meetings.invited(over)[0]
    first.invitation.status = "expired"
    first.invitation.save()
    form = coordinator_client.get(address(over)).context["form"]
    assert (f"{form['start'].value():%H:%M}", f"{form['end'].value():%H:%M}") == ("14:00", "15:00")
    assert [ticked for _one, ticked in form.ticks()] == [False, True]
    assert {row.outcome.value() for row in form.rows()} == {"discussed"}


def test_saving_leads_to_the_session_with_what_is_to_be_written(coordinator_client: Client, over: Session) -> None:
    answer = coordinator_client.post(address(over), filled(over, "materials"), follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(reverse("session", args=[over.public_id]), HTTPStatus.FOUND)]
    assert "1 recommendation is to be written." in page
    assert "Materials were missing" in page and "7 minutes late" in page
    discussed = Case.objects.get(status=CaseStatus.DISCUSSED)
    assert reverse("case_recommendation", args=[discussed.public_id]) in page
    over.refresh_from_db()
    assert over.status == SessionStatus.HELD


def test_which_materials_were_missing_is_asked_beside_the_case(coordinator_client: Client, over: Session) -> None:
    item = over.items.order_by("start")[0]
    item.case.materials.create(code="imaging", status="received")
    assert "Imaging (CT or MRI) with report" in coordinator_client.get(address(over)).content.decode()
    answer = coordinator_client.post(address(over), filled(over, "materials"))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.context["form"].errors == {f"missing_{item.case_id}": ["Say which materials were missing."]}
    coordinator_client.post(address(over), filled(over, "materials") | {f"missing_{item.case_id}": ["imaging"]})
    assert item.case.materials.get().status == "missing"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"end": "13:00"}, "Lies before the beginning."),
        ({"start": "2 o'clock"}, "Write the time like 14:30"),
    ],
)
def test_what_was_typed_stays_beside_the_mistake(
    coordinator_client: Client, over: Session, wrong: dict[str, str], said: str
) -> None:
    case = over.items.order_by("start")[0].case
    data = filled(over, "absent", **{f"note_{case.pk}": "The surgeon was in theatre"}, **wrong)
    answer = coordinator_client.post(address(over), data)
    page = answer.content.decode()
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert said in page and "The surgeon was in theatre" in page
    assert answer.context["form"].rows()[0].outcome.value() == "absent"
    assert Case.objects.filter(status=CaseStatus.CONFIRMED).count() == 2


def test_another_reason_wants_words_at_its_case(coordinator_client: Client, over: Session) -> None:
    answer = coordinator_client.post(address(over), filled(over, "other"))
    (row, _other) = answer.context["form"].rows()
    assert row.note.errors == ["Say why it was not discussed."]


def test_who_is_second_keeps_the_words_and_may_put_them_over(coordinator_client: Client, over: Session) -> None:
    mine = filled(over, "no_time", start="14:20")
    coordinator_client.post(address(over), filled(over))
    answer = coordinator_client.post(address(over), mine)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "Somebody else has changed this session" in answer.content.decode()
    assert "save again" in answer.content.decode()
    form = answer.context["form"]
    assert (form["start"].value(), form.rows()[0].outcome.value()) == ("14:20", "no_time")
    assert Case.objects.filter(status=CaseStatus.DISCUSSED).count() == 2
    again = coordinator_client.post(address(over), mine | {"version": form["version"].value()})
    assert again.status_code == HTTPStatus.FOUND
    assert Case.objects.filter(status=CaseStatus.DISCUSSED).count() == 1


def test_a_case_that_left_the_agenda_meanwhile_is_noticed(coordinator_client: Client, over: Session) -> None:
    typed = filled(over)
    item = over.items.order_by("start")[0]
    Case.objects.filter(pk=item.case_id).update(status=CaseStatus.WITHDRAWN)
    over.items.filter(pk=item.pk).update(active=False)
    Session.objects.update(version=7)
    answer = coordinator_client.post(address(over), typed)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert len(answer.context["rows"]) == 1


def test_the_session_page_offers_it_once_it_has_begun(coordinator_client: Client, over: Session) -> None:
    page = coordinator_client.get(reverse("session", args=[over.public_id])).content.decode()
    assert address(over) in page and "has no record yet" in page
    coming = factories.meeting_over(over.team, days_ago=-7)
    page = coordinator_client.get(reverse("session", args=[coming.public_id])).content.decode()
    assert address(coming) not in page
    assert coordinator_client.get(address(coming)).status_code == HTTPStatus.BAD_REQUEST


def test_who_came_stands_where_the_answers_stood(coordinator_client: Client, over: Session) -> None:
    first, _second = meetings.invited(over)
    typed = filled(over, quorum_reason="The report was read out.") | {"came": [str(first.pk)]}
    coordinator_client.post(address(over), typed)
    page = coordinator_client.get(reverse("session", args=[over.public_id])).content.decode()
    assert page.count("Did not come") == 1 and page.count("Came") == 1


@pytest.mark.parametrize(
    ("language", "asked", "said"),
    [
        (
            "en",
            "Empty: Path (2 cases). Say why",
            "2 of 4 required seats of the discussed cases are filled.",
        ),
        ("zh-hans", "空缺：PATH（2 例）。请说明", "已讨论病例的 4 个必需席位中有 2 个有人参加。"),
    ],
)
def test_an_empty_seat_wants_a_reason_and_nothing_typed_is_lost(
    coordinator_client: Client, coordinator: User, over: Session, language: str, asked: str, said: str
) -> None:
    """FAULTS: without its quorum a meeting was recorded as discussed without a word."""
    coordinator.language = language
    coordinator.save()
    coordinator_client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    first, _second = meetings.invited(over)
    case = over.items.order_by("start")[0].case
    typed = filled(over, **{f"note_{case.pk}": "Looked at twice"}) | {"came": [str(first.pk)]}
    answer = coordinator_client.post(address(over), typed)
    page = answer.content.decode()
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert asked in answer.context["form"].errors["quorum_reason"][0]
    assert said in page and "Looked at twice" in page and 'value="14:07"' in page
    why = "The pathologist's report was read out."
    answer = coordinator_client.post(address(over), typed | {"quorum_reason": why}, follow=True)
    page = answer.content.decode()
    assert said in page and "The pathologist&#x27;s report was read out." in page
    sheet = coordinator_client.get(reverse("agenda", args=[over.public_id])).content.decode()
    assert said in sheet and "The pathologist&#x27;s report was read out." in sheet


def test_the_page_says_while_it_is_filled_in_whether_they_are_enough(coordinator_client: Client, over: Session) -> None:
    assert "All 4 required seats" in coordinator_client.get(address(over)).content.decode()
    quorum = reverse("session_record_quorum", args=[over.public_id])
    part = coordinator_client.post(quorum, filled(over) | {"came": []}).content.decode()
    assert "Nobody came." in part and "0 of 4 required seats" in part
    part = coordinator_client.post(quorum, filled(over, "absent") | {"came": ["nonsense", "0"]}).content.decode()
    assert "0 of 2 required seats" in part
    over.refresh_from_db()
    assert over.status == SessionStatus.CONFIRMED


def test_the_chair_records_and_an_expert_only_reads(client: Client, over: Session) -> None:
    first, second = meetings.invited(over)
    for one in (first, second):
        one.expert.user = factories.user(Role.EXPERT, at=over.institution)
        one.expert.save()
    over.team.chair = first.expert
    over.team.save()
    client.force_login(second.expert.user)
    assert client.get(address(over)).status_code == HTTPStatus.FORBIDDEN
    client.force_login(first.expert.user)
    assert reverse("session_cancel", args=[over.public_id]) not in client.get(address(over)).content.decode()
    assert client.post(address(over), filled(over)).status_code == HTTPStatus.FOUND
    client.force_login(second.expert.user)
    page = client.get(reverse("session", args=[over.public_id])).content.decode()
    assert "To be written" in page and "Write recommendation" not in page


def test_a_chair_without_a_seat_reads_the_cases_once_it_has_begun(client: Client, over: Session) -> None:
    over.team.chair = factories.expert(at=over.institution, user=factories.user(Role.EXPERT, at=over.institution))
    over.team.save()
    coming = factories.meeting_over(over.team, days_ago=-7)
    client.force_login(over.team.chair.user)
    page = client.get(address(over)).content.decode()
    for item in meetings.agenda(over):
        assert reverse("case", args=[item.case.public_id]) in page
    page = client.get(reverse("session", args=[coming.public_id])).content.decode()
    assert page.count("Another case") == 2


def test_a_meeting_that_did_not_take_place_is_called_off_without_mails_about_the_past(
    coordinator_client: Client, over: Session
) -> None:
    cancel = reverse("session_cancel", args=[over.public_id])
    assert cancel in coordinator_client.get(address(over)).content.decode()
    assert "are told" not in coordinator_client.get(cancel).content.decode()
    coordinator_client.post(cancel, {"reason": "The room was flooded"})
    assert set(Case.objects.values_list("status", flat=True)) == {CaseStatus.WAITING}
    assert set(OutboxMessage.objects.values_list("kind", flat=True)) == {"notification.referrer"}
    answer = coordinator_client.post(address(over), filled(over))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "save again" not in answer.content.decode() and "Save the record" not in answer.content.decode()


def test_strangers_find_nothing(client: Client, over: Session) -> None:
    client.force_login(factories.user(Role.COORDINATOR))
    assert client.get(address(over)).status_code == HTTPStatus.NOT_FOUND


def test_the_page_costs_the_same_for_many_cases(
    coordinator_client: Client, over: Session, coordinator: User, django_assert_max_num_queries
) -> None:
    many = factories.meeting_over(
        factories.team("many", at=over.institution),
        cases=30,
        experts=[factories.expert("RADIOL", at=over.institution) for _ in range(8)],
        days_ago=2,
    )
    for name in ("session_record", "session"):
        with django_assert_max_num_queries(40) as few:
            coordinator_client.get(reverse(name, args=[over.public_id]))
        with django_assert_max_num_queries(len(few)):
            coordinator_client.get(reverse(name, args=[many.public_id]))
    for one in (over, many):
        coordinator_client.post(address(one), filled(one, "no_time"))
    with django_assert_max_num_queries(40) as few:
        coordinator_client.get(reverse("session", args=[over.public_id]))
    with django_assert_max_num_queries(len(few)):
        assert len(coordinator_client.get(reverse("session", args=[many.public_id])).context["record"]) == 30
