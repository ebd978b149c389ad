"""After the discussion: the recommendation, its mail, the looks, and who may write and read them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from cases.models import Addendum, Case, FollowUp, Recommendation
from cases.selectors import history
from cases.services import aftercare
from cases.services.aftercare import Todo, Words
from cases.states import CaseStatus
from experts.models import Role
from mdt_portal import access, outbox
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.i18n import clock
from mdt_portal.models import AuditEvent, KeptMail, User
from tests import factories

pytestmark = pytest.mark.django_db


def today() -> date:
    return timezone.now().astimezone(factories.institution().tz).date()


@pytest.fixture
def case() -> Case:
    return factories.case_discussed()


@pytest.fixture
def writer(case: Case) -> User:
    return factories.user(Role.COORDINATOR, at=case.team.institution)


def words(**fields: Any) -> Words:
    given = {"text": "Resect, then chemotherapy.", "next_follow_up_on": today() + timedelta(days=14), "who": "Nurse Li"}
    return Words(**given | fields)


# The recommendation ---------------------------------------------------------------------------------------------------


def test_signing_begins_the_follow_up(case: Case, writer: User) -> None:
    row = aftercare.conclude(case, by=writer, words=words())
    case.refresh_from_db()
    assert case.status == CaseStatus.FOLLOWING_UP
    assert (row.signed_by, row.in_time) == (writer, True)
    follow_up = case.follow_ups.get()
    assert (follow_up.due, follow_up.who, follow_up.outcome) == (today() + timedelta(days=14), "Nurse Li", "")


def test_the_referrer_is_told_once_and_no_patient_is_named(case: Case, writer: User) -> None:
    User.objects.filter(pk=case.referrer_id).update(email="ward@example.org")
    aftercare.conclude(case, by=writer, words=words())
    outbox.deliver()
    mail = KeptMail.objects.get()
    assert mail.to == "ward@example.org"
    assert case.number in mail.subject and case.public_id in mail.body
    for secret in (case.patient.identity.name, case.diagnosis, "Resect"):
        assert secret not in mail.subject + mail.body


@pytest.mark.parametrize(("language", "said"), [("en", "On "), ("zh-hans", "随访")])
def test_the_mail_says_when_somebody_looks(case: Case, writer: User, language: str, said: str) -> None:
    User.objects.filter(pk=case.referrer_id).update(email="ward@example.org", language=language)
    row = aftercare.conclude(case, by=writer, words=words())
    outbox.deliver()
    with translation.override(language):
        day = clock.day(row.next_follow_up_on)
    assert said in KeptMail.objects.get().body and day in KeptMail.objects.get().body


# Addenda --------------------------------------------------------------------------------------------------------------


def test_an_addendum_leaves_what_was_signed_and_stands_in_order(case: Case, writer: User) -> None:
    """FAULTS: signing was irrevocable."""
    signed = aftercare.conclude(case, by=writer, words=words(todos=[Todo(what="Operate")]))
    before = Recommendation.objects.values().get(pk=signed.pk)
    aftercare.add_addendum(case, by=writer, text=" The left side was meant. ")
    chair = factories.user(Role.CHAIR, at=case.team.institution)
    aftercare.add_addendum(case, by=chair, text="Chemotherapy first.", seen=1)
    rows = list(signed.addenda.values_list("text", "signed_by"))
    assert rows == [("The left side was meant.", writer.pk), ("Chemotherapy first.", chair.pk)]
    assert Recommendation.objects.values().get(pk=signed.pk) == before
    kept = AuditEvent.objects.filter(action="recommendation.addendum", subject_id=case.pk)
    assert set(kept.values_list("by", flat=True)) == {writer.pk, chair.pk}
    case.refresh_from_db()
    assert (case.status, case.follow_ups.count()) == (CaseStatus.FOLLOWING_UP, 1)
    said = [event.text for event in history.of(case)]
    assert said.count("An addendum to the recommendation was signed") == 2


def test_a_closed_case_takes_an_addendum_and_an_unsigned_one_does_not(case: Case, writer: User) -> None:
    with pytest.raises(RuleError, match="not signed yet"):
        aftercare.add_addendum(case, by=writer, text="More")
    aftercare.draft(case, by=writer, words=words())
    with pytest.raises(RuleError, match="not signed yet"):
        aftercare.add_addendum(case, by=writer, text="More")
    aftercare.conclude(case, by=writer, words=words())
    aftercare.record_follow_up(case, by=writer, outcome="out")
    assert aftercare.add_addendum(case, by=writer, text="More").text == "More"


def test_an_empty_addendum_and_one_that_overlooks_another_are_refused(case: Case, writer: User) -> None:
    aftercare.conclude(case, by=writer, words=words())
    with pytest.raises(RuleError) as refused:
        aftercare.add_addendum(case, by=writer, text="  ")
    assert list(refused.value.fields) == ["text"]
    aftercare.add_addendum(case, by=writer, text="First", seen=0)
    with pytest.raises(StaleState, match="has added something"):  # a second click on the button, too
        aftercare.add_addendum(case, by=writer, text="First", seen=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Addendum.objects.update(text="")


def test_the_referrer_is_told_of_each_addendum_without_its_words(case: Case, writer: User) -> None:
    User.objects.filter(pk=case.referrer_id).update(email="ward@example.org", language="zh-hans")
    aftercare.conclude(case, by=writer, words=words())
    outbox.deliver()
    KeptMail.objects.all().delete()
    aftercare.add_addendum(case, by=writer, text="The left side was meant.")
    outbox.deliver()
    mail = KeptMail.objects.get()
    assert (mail.to, mail.subject) == ("ward@example.org", f"{case.number} 的会诊意见有补充")
    assert case.public_id in mail.body
    for secret in (case.patient.identity.name, case.diagnosis, "The left side"):
        assert secret not in mail.subject + mail.body


def test_a_draft_moves_nothing_and_tells_nobody(case: Case, writer: User) -> None:
    row = aftercare.draft(case, by=writer, words=Words(text="Resect"))
    case.refresh_from_db()
    assert (case.status, row.signed_at, row.in_time) == (CaseStatus.DISCUSSED, None, None)
    assert not case.follow_ups.exists() and outbox.deliver() == 0


@pytest.mark.parametrize("lacking", ["text", "who", "next_follow_up_on"])
def test_nothing_is_signed_without_its_next_follow_up(case: Case, writer: User, lacking: str) -> None:
    empty = None if lacking == "next_follow_up_on" else " "
    with pytest.raises(RuleError) as refusal:
        aftercare.conclude(case, by=writer, words=words(**{lacking: empty}))
    assert list(refusal.value.fields) == [lacking]


def test_the_next_follow_up_lies_ahead(case: Case, writer: User) -> None:
    with pytest.raises(RuleError, match="text, the day") as refusal:
        aftercare.conclude(case, by=writer, words=words(next_follow_up_on=today() - timedelta(days=1)))
    assert "next_follow_up_on" in refusal.value.fields


def test_tasks_know_the_teams_people_by_name(case: Case, writer: User) -> None:
    surgeon = factories.expert("THORSURG", at=case.team.institution, name_en="Wei Chen", name_zh="魏晨")
    factories.expert("THORSURG", name_en="Elsewhere Only")
    todos = [
        Todo(what="Operate", who="魏晨", due=today()),
        Todo(what="Call the daughter", who="Elsewhere Only"),
        Todo(what="Stage again", who=surgeon),
    ]
    row = aftercare.conclude(case, by=writer, words=words(todos=todos))
    assert [task.person for task in row.tasks.all()] == [surgeon, "Elsewhere Only", surgeon]


def test_who_has_left_the_hospital_is_only_a_name(case: Case, writer: User) -> None:
    left = factories.expert(at=case.team.institution, name_en="Wei Chen")
    left.affiliations.update(until=today() - timedelta(days=2))
    row = aftercare.conclude(case, by=writer, words=words(who="Wei Chen"))
    assert (row.who, row.expert) == ("Wei Chen", None)


def test_a_task_of_the_past_is_not_signed(case: Case, writer: User) -> None:
    todos = [Todo(what="Operate", due=today()), Todo(what="Stage again", due=date(2020, 1, 1))]
    with pytest.raises(RuleError) as refused:
        aftercare.conclude(case, by=writer, words=words(todos=todos))
    assert set(refused.value.fields) == {"due_1"}
    assert not Recommendation.objects.filter(case=case, signed_at__isnull=False).exists()


def test_a_signed_recommendation_is_not_changed(case: Case, writer: User) -> None:
    aftercare.conclude(case, by=writer, words=words())
    for service in (aftercare.draft, aftercare.conclude):
        with pytest.raises(StaleState, match="signed"):
            service(case, by=writer, words=words(text="Something else"))
    assert Recommendation.objects.get().text == "Resect, then chemotherapy."


def test_two_writers_do_not_overwrite_each_other(case: Case, writer: User) -> None:
    first = aftercare.draft(case, by=writer, words=words(), version=0)
    with pytest.raises(StaleState, match=str(writer)):
        aftercare.draft(case, by=writer, words=words(text="Later"), version=0)
    aftercare.draft(case, by=writer, words=words(text="Later"), version=first.version)
    assert Recommendation.objects.get().text == "Later"


def test_what_was_not_discussed_has_no_recommendation(writer: User) -> None:
    with pytest.raises(RuleError, match="not discussed"):
        aftercare.conclude(factories.case_waiting(), by=writer, words=words())


# The follow-ups -------------------------------------------------------------------------------------------------------


def test_a_follow_up_may_be_followed_by_another_one(writer: User) -> None:
    case = factories.case_followed()
    aftercare.record_follow_up(
        case,
        by=writer,
        outcome="partly",
        note="Waits for a bed",
        next_follow_up_on=today() + timedelta(days=7),
        who="Dr Ma",
    )
    case.refresh_from_db()
    assert case.status == CaseStatus.FOLLOWING_UP
    first, second = case.follow_ups.all()
    assert (first.outcome, first.note, first.taken_by) == ("partly", "Waits for a bed", writer)
    assert (second.outcome, second.who, second.due) == ("", "Dr Ma", today() + timedelta(days=7))


def test_without_another_follow_up_the_case_closes(writer: User) -> None:
    case = factories.case_followed()
    aftercare.record_follow_up(case, by=writer, outcome="out")
    case.refresh_from_db()
    assert case.status == CaseStatus.CLOSED
    assert not case.follow_ups.filter(outcome="").exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"outcome": ""}, "outcome"),
        ({"outcome": "perhaps"}, "outcome"),
        ({"outcome": "not", "note": " "}, "note"),
        ({"outcome": "out", "next_follow_up_on": date(2020, 1, 1), "who": "Dr Ma"}, "next_follow_up_on"),
        ({"outcome": "out", "next_follow_up_on": date(2999, 1, 1), "who": "Dr Ma"}, "next_follow_up_on"),
        ({"outcome": "out", "next_follow_up_on": timezone.now().date() + timedelta(days=3)}, "who"),
    ],
)
def test_a_follow_up_that_says_too_little_is_refused(writer: User, given: dict[str, Any], field: str) -> None:
    case = factories.case_followed()
    with pytest.raises(RuleError) as refusal:
        aftercare.record_follow_up(case, by=writer, **given)
    assert list(refusal.value.fields) == [field]
    assert FollowUp.objects.get().outcome == ""


def test_a_follow_up_is_taken_once(writer: User) -> None:
    case = factories.case_followed()
    seen = case.follow_ups.get().public_id
    aftercare.record_follow_up(
        case, by=writer, outcome="out", next_follow_up_on=today() + timedelta(days=7), who="Dr Ma", follow_up=seen
    )
    with pytest.raises(StaleState):
        aftercare.record_follow_up(case, by=writer, outcome="not", note="Refused", follow_up=seen)
    assert case.follow_ups.get(outcome="").who == "Dr Ma"
    aftercare.record_follow_up(case, by=writer, outcome="out")
    with pytest.raises(StaleState):
        aftercare.record_follow_up(case, by=writer, outcome="out")


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Recommendation, {"next_follow_up_on": None}),
        (Recommendation, {"text": ""}),
        (FollowUp, {"outcome": "out"}),
        (FollowUp, {"taken_at": timezone.now()}),
        (FollowUp, {"who": ""}),
        (FollowUp, {"outcome": "not", "taken_at": timezone.now()}),
    ],
)
def test_the_database_refuses_what_must_never_be(model: Any, change: dict[str, Any]) -> None:
    factories.case_followed()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**change)


def test_one_follow_up_is_open_at_a_time() -> None:
    case = factories.case_followed()
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUp.objects.create(case=case, due=today(), who="Dr Ma")


# Who ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def people() -> dict[str, User]:
    """Everybody around one case that is followed up, and some who are not."""
    hospital = factories.institution()
    chair, named = (factories.expert(at=hospital, user=factories.user()) for _ in range(2))
    team = factories.team(at=hospital, chair=chair)
    away = factories.institution()
    case = factories.case_followed(team=team, at=away, expert=named)
    return {
        "referrer": case.referrer,
        "coordinator": factories.user(Role.COORDINATOR, at=hospital),
        "coordinator of the referring hospital": factories.user(Role.COORDINATOR, at=away),
        "chair": chair.user,
        "named": named.user,
        "manager": factories.user(Role.MANAGER, at=hospital),
        "other chair": factories.expert(at=hospital, user=factories.user()).user,
        "stranger": factories.user(Role.COORDINATOR),
    }  # type: ignore[dict-item]


def who_may(people: dict[str, User], action: str) -> set[str]:
    case = Case.objects.select_related("team__chair", "team__institution").get()
    return {name for name, user in people.items() if access.can(user, action, case)}


def test_the_team_recommends(people: dict[str, User]) -> None:
    assert who_may(people, "case.recommend") == {"coordinator", "chair"}


def test_those_who_know_the_patient_take_the_follow_up(people: dict[str, User]) -> None:
    known = {"referrer", "coordinator", "coordinator of the referring hospital", "chair", "named"}
    assert who_may(people, "case.follow_up") == known


def test_who_writes_or_follows_up_also_reads(people: dict[str, User]) -> None:
    readers = {name for name, user in people.items() if access.visible(user, Case.objects.all()).exists()}
    assert readers == set(people) - {"other chair", "stranger"}


def test_who_has_a_task_reads_once_it_is_signed(case: Case, writer: User) -> None:
    surgeon = factories.expert("THORSURG", at=case.team.institution, user=factories.user())
    todos = [Todo(what="Operate", who=surgeon)]
    aftercare.draft(case, by=writer, words=words(todos=todos))
    assert not access.visible(surgeon.user, Case.objects.all()).exists()
    aftercare.conclude(case, by=writer, words=words(todos=todos))
    assert access.visible(surgeon.user, Case.objects.all()).exists()


def test_a_chair_sees_nothing_of_what_is_not_discussed_yet(people: dict[str, User]) -> None:
    factories.case_waiting(team=Case.objects.get().team)
    assert access.visible(people["chair"], Case.objects.all()).count() == 1
