"""The second person and the reviews on the catalogue's pages, and what of it stands on Today."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.catalogue import approvals, rulebook
from cases.models import CatalogueRule, RuleApproval, RuleReview
from experts.models import Role
from mdt_portal.models import User
from scheduling.selectors import today, worklist
from tests import factories
from tests.cases.catalogue.test_rulebook import published, raw

pytestmark = pytest.mark.django_db
SINCE = date(2020, 1, 1)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def editor() -> User:
    factories.discipline("RADIOL", name_en="Radiology", name_zh="影像科")
    return factories.user(Role.CATALOGUE_ADMIN)


@pytest.fixture
def other() -> User:
    return factories.user(Role.CATALOGUE_ADMIN)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(response: Any) -> str:
    return response.content.decode()


def form(**changes: Any) -> dict[str, Any]:
    return {"draft": ["LUNG-3B:2"], "valid_from": rulebook.today().isoformat(), "reason": "Guideline"} | changes


@pytest.fixture
def draft(editor: User) -> CatalogueRule:
    published(SINCE)
    return rulebook.save_draft(raw(condition={"stage_min": "II"}), by=editor)


def ask(row: CatalogueRule, by: User) -> RuleApproval:
    on = rulebook.today()
    return approvals.ask([row], by=by, valid_from=on, reason="Guideline", not_before=on)


# Asking, approving, sending back --------------------------------------------------------------------------------------


def test_the_page_asks_for_an_approval_where_one_is_needed(editor: User, other: User, draft: CatalogueRule) -> None:
    factories.case_waiting(code="C34.1", stage="II")
    page = signed_in(editor).get("/catalogue/publish/")
    assert "Ask for approval" in text(page) and "Needs the approval of a second person" in text(page)
    assert "Nobody else keeps the catalogue" not in text(page)
    answer = signed_in(editor).post("/catalogue/publish/", form())
    asked = RuleApproval.objects.get()
    assert answer.headers["Location"] == f"/catalogue/approvals/{asked.public_id}/"
    assert [rule.condition.stage_min for rule in rulebook.in_force(rulebook.today())] == ["IIIB"]

    page = signed_in(other).get(answer.headers["Location"])
    assert [(one.before, one.after, one.waiting) for one in page.context["preview"].moves] == [
        ("undecided", "required", 1)
    ]
    assert page.context["may_decide"] and not page.context["may_take_back"]
    done = signed_in(other).post(answer.headers["Location"], {"action": "approve"}, follow=True)
    assert "1 rule is in force from" in text(done)
    assert [rule.condition.stage_min for rule in rulebook.in_force(rulebook.today())] == ["II"]
    history = text(signed_in(editor).get("/catalogue/rules/LUNG-3B/"))
    assert "Approval asked for" in history and "Approved" in history


def test_the_button_follows_the_drafts_that_are_chosen(editor: User, draft: CatalogueRule) -> None:
    rulebook.save_draft(raw(id="MAYBE", tier="suggested", condition={"age_min": 70}), by=editor)
    client = signed_in(editor)
    for chosen, word in ((["MAYBE:1"], "Publish"), (["MAYBE:1", "LUNG-3B:2"], "Ask for approval")):
        brought = text(client.get("/catalogue/publish/", form(draft=chosen), headers=HTMX))
        button = brought.partition('id="publish-foot" hx-swap-oob="true"')[2]
        assert " ".join(button.partition("<button")[2].partition(">")[2].partition("</button")[0].split()) == word
    assert client.post("/catalogue/publish/", form(draft=["MAYBE:1"])).headers["Location"] == "/catalogue/"
    assert CatalogueRule.objects.get(key="MAYBE").status == "published"


def test_where_nobody_else_could_approve_it_is_said(editor: User, draft: CatalogueRule) -> None:
    assert "Nobody else keeps the catalogue" in text(signed_in(editor).get("/catalogue/publish/"))


def test_who_asked_does_not_decide_and_may_take_back(editor: User, other: User, draft: CatalogueRule) -> None:
    asked = ask(draft, editor)
    client, url = signed_in(editor), f"/catalogue/approvals/{asked.public_id}/"
    page = client.get(url)
    assert not page.context["may_decide"] and page.context["may_take_back"]
    refused = client.post(url, {"action": "approve"})
    assert (refused.status_code, "You asked for this approval yourself" in text(refused)) == (422, True)
    assert client.post(url, {"action": "take_back"}).status_code == 302
    assert RuleApproval.objects.get().decision == "taken_back"


def test_it_is_sent_back_with_a_reason_that_who_asked_reads(editor: User, other: User, draft: CatalogueRule) -> None:
    asked = ask(draft, editor)
    url = f"/catalogue/approvals/{asked.public_id}/"
    refused = signed_in(other).post(url, {"action": "send_back", "reason": ""})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["reason"])
    assert signed_in(other).post(url, {"action": "send_back", "reason": "Seats are missing"}).status_code == 302
    assert "Seats are missing" in text(signed_in(editor).get("/catalogue/rules/LUNG-3B/?version=2"))
    assert signed_in(other).post(url, {"action": "approve"}).status_code == 422


def test_others_may_look_and_not_decide(editor: User, draft: CatalogueRule) -> None:
    url = f"/catalogue/approvals/{ask(draft, editor).public_id}/"
    manager = signed_in(factories.user(Role.MANAGER))
    assert manager.get(url).status_code == 200
    assert manager.post(url, {"action": "approve"}).status_code == 403
    assert signed_in(factories.user(Role.REFERRER)).get(url).status_code == 403
    assert url not in text(signed_in(factories.user(Role.REFERRER)).get("/catalogue/rules/LUNG-3B/"))
    assert url in text(manager.get("/catalogue/rules/LUNG-3B/"))
    assert signed_in(editor).get("/catalogue/approvals/0123456789abcdef/").status_code == 404
    assert rulebook.in_force(rulebook.today())[0].version == 1


def test_a_draft_that_waits_is_not_chosen_again(editor: User, other: User, draft: CatalogueRule) -> None:
    ask(draft, editor)
    client = signed_in(editor)
    assert "1 rule waits for approval" in text(client.get("/catalogue/"))
    page = client.get("/catalogue/publish/")
    assert [(one.checked, one.approval is None) for one in page.context["drafts"]] == [(False, False)]
    refused = client.post("/catalogue/publish/", form())
    assert (refused.status_code, "asked for already" in text(refused)) == (422, True)
    assert "waits for approval" in text(client.get("/catalogue/rules/LUNG-3B/"))


# Reviews --------------------------------------------------------------------------------------------------------------


def test_rules_that_are_due_are_counted_listed_and_reviewed(editor: User) -> None:
    on = rulebook.today()
    published(SINCE, review_by=(on - timedelta(days=1)).isoformat())
    published(SINCE, id="LATER", condition={"age_min": 1}, review_by=(on + timedelta(days=9)).isoformat())
    published(SINCE, id="NEVER", condition={"age_min": 2})
    client = signed_in(editor)
    assert "1 rule is due for review" in text(client.get("/catalogue/"))
    for review, key in (("due", "LUNG-3B"), ("later", "LATER"), ("never", "NEVER")):
        assert [line.key for line in client.get(f"/catalogue/?review={review}").context["lines"]] == [key]
    assert "A review was due" in text(client.get("/catalogue/rules/LUNG-3B/"))
    dialog = client.get("/catalogue/rules/LUNG-3B/review/", headers=HTMX)
    assert dialog.context["form"]["review_by"].value() == on + timedelta(days=365)
    refused = client.post("/catalogue/rules/LUNG-3B/review/", {"note": "", "review_by": "soon"}, headers=HTMX)
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"note", "review_by"})
    given = {"note": "Guideline unchanged", "review_by": (on + timedelta(days=365)).isoformat()}
    client.post("/catalogue/rules/LUNG-3B/review/", given, headers=HTMX)
    assert RuleReview.objects.get().by == editor
    page = text(client.get("/catalogue/rules/LUNG-3B/"))
    assert "A review was due" not in page and "Guideline unchanged" in page
    assert "due for review" not in text(client.get("/catalogue/"))


def test_the_day_is_edited_with_the_rule(editor: User) -> None:
    published(SINCE, review_by="2027-03-01")
    page = text(signed_in(editor).get("/catalogue/rules/LUNG-3B/edit/"))
    assert 'value="1 Mar 2027"' in page
    sent = {
        "version": "1", "action": "save", "name_zh": "肺癌", "icd10": "C34", "tier": "required", "minutes": "20",
        "care_level": "regional",
        "seat": "0", "seat-0-discipline": "RADIOL", "seat-0-count": "1", "seat-0-min_rank": "3",
        "hours-emergency": "24", "hours-urgent": "72", "hours-routine": "336",
    }  # fmt: skip
    refused = signed_in(editor).post("/catalogue/rules/LUNG-3B/edit/", sent | {"review_by": "some day"})
    assert (refused.status_code, "“some day” is no day" in text(refused), 'value="some day"' in text(refused)) == (
        422,
        True,
        True,
    )
    signed_in(editor).post("/catalogue/rules/LUNG-3B/edit/", sent | {"review_by": "2 Apr 2028"})
    assert CatalogueRule.objects.get(version=2).review_by == date(2028, 4, 2)


def test_only_who_keeps_the_catalogue_reviews(editor: User) -> None:
    published(SINCE)
    assert signed_in(factories.user(Role.MANAGER)).get("/catalogue/rules/LUNG-3B/review/").status_code == 403
    assert signed_in(editor).get("/catalogue/rules/NOSUCH/review/").status_code == 404


# Today ----------------------------------------------------------------------------------------------------------------


def kinds(user: User) -> list[tuple[str, str]]:
    return [(entry.kind, entry.url) for entry in today.work(User.objects.get(pk=user.pk), timezone.now())]


def test_today_shows_the_approver_what_waits_and_who_asked_what_was_sent_back(
    editor: User, other: User, draft: CatalogueRule
) -> None:
    asked = ask(draft, editor)
    url = f"/catalogue/approvals/{asked.public_id}/"
    assert (kinds(editor), kinds(other)) == ([], [("approval", url)])
    assert "Lung cancer from stage IIIB" in text(signed_in(other).get("/"))
    assert kinds(factories.user(Role.COORDINATOR)) == []
    approvals.send_back(asked, by=other, reason="Seats are missing")
    assert (kinds(editor), kinds(other)) == ([("sent_back", url)], [])
    again = ask(draft, editor)
    assert (kinds(editor), kinds(other)) == ([], [("approval", f"/catalogue/approvals/{again.public_id}/")])
    approvals.approve(again, by=other, not_before=rulebook.today())
    assert (kinds(editor), kinds(other)) == ([], [])


def test_today_shows_rules_that_are_due_for_review(editor: User) -> None:
    published(SINCE, review_by="2021-01-01")
    assert kinds(editor) == [("review", "/catalogue/?review=due")]
    assert kinds(factories.user(Role.MANAGER)) == []


def test_today_costs_the_same_for_one_approval_and_for_twelve(
    editor: User, other: User, django_assert_num_queries: Any
) -> None:
    def another(number: int) -> None:
        ask(rulebook.save_draft(raw(id=f"R{number}", condition={"age_min": number}), by=None), editor)

    another(1)
    reader = User.objects.get(pk=other.pk)
    assert len(list(worklist._catalogue(reader, timezone.now()))) == 1
    with django_assert_num_queries(3):
        list(worklist._catalogue(reader, timezone.now()))
    for number in range(2, 14):
        another(number)
    with django_assert_num_queries(3):
        list(worklist._catalogue(reader, timezone.now()))
