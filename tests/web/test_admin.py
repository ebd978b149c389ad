"""The administration pages: who gets in, what cannot be changed there, and that they keep the content policy."""

import copy
import json
import re

import pytest
from django.contrib import admin
from django.urls import reverse

from cases.catalogue import rulebook
from cases.models import CatalogueRule
from cases.states import RuleStatus
from experts.models import Expert, Role
from mdt_portal.models import AuditEvent, User
from scheduling.models import Block, Room
from tests import factories

pytestmark = pytest.mark.django_db

INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"(?:application/json|text/plain)\")|<style|\sstyle=|\son[a-z]+=\""
)
RAW = {
    "id": "TEST-1",
    "name_en": "Test rule",
    "name_zh": "测试规则",
    "icd10": ["C34"],
    "condition": {"stage_min": "III"},
    "tier": "required",
    "care_level": "regional",
    "required": [{"discipline": "RADIOL", "count": 1, "min_rank": 3}],
    "hours": {"emergency": 24, "urgent": 72, "routine": 336},
    "minutes": 20,
}


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def hospital():
    return factories.institution()


@pytest.fixture
def superuser():
    return factories.user(is_staff=True, is_superuser=True)


@pytest.fixture
def coordinator(hospital):
    return factories.user(Role.COORDINATOR, at=hospital, is_staff=True)


@pytest.fixture
def world(hospital):
    """One row of everything that the pages show."""
    expert = factories.expert("RADIOL", "PATH", at=hospital)
    team = factories.team(at=hospital, core=[expert], chair=expert)
    room = factories.room(at=hospital)
    factories.block(team, room=room)
    case = factories.case_waiting(team=team, missing=["imaging"])
    factories.session(team, room=room, experts=[expert], cases=[case])
    factories.run(hospital)
    rulebook.load([RAW], by=None)
    return team


# What the pages look like ------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_every_page_opens_in_both_languages_and_keeps_the_content_policy(client, superuser, world, language):
    client.force_login(superuser)
    for model, options in admin.site._registry.items():
        addresses = [page(model, "changelist")]
        row = model._default_manager.first()
        if row is not None:
            addresses.append(page(model, "change", row.pk))
        if options.has_add_permission(_request(superuser)):
            addresses.append(page(model, "add"))
        for address in addresses:
            answer = client.get(address, headers={"accept-language": language})
            assert answer.status_code == 200, address
            assert not INLINE.search(answer.content.decode()), (address, INLINE.search(answer.content.decode()))


def _request(user):
    request = type("Request", (), {})()
    request.user = user
    return request


def test_lists_ask_as_much_for_thirty_rows_as_for_one(client, superuser, django_assert_max_num_queries):
    client.force_login(superuser)
    hospital = factories.institution()
    for model, make in {
        Expert: lambda: factories.expert("RADIOL", at=hospital),
        Room: lambda: factories.room(at=hospital),
        Block: lambda: factories.block(factories.team(at=factories.institution())),
        User: lambda: factories.user(Role.COORDINATOR, at=hospital),
    }.items():
        make()
        with django_assert_max_num_queries(100) as one:
            client.get(page(model, "changelist"))
        for _ in range(29):
            make()
        with django_assert_max_num_queries(len(one)):
            client.get(page(model, "changelist"))


# Who may do what ---------------------------------------------------------------------------------
def test_staff_without_a_role_see_nothing(client, world):
    client.force_login(factories.user(is_staff=True))
    for model in admin.site._registry:
        assert client.get(page(model, "changelist")).status_code == 403


def test_coordinator_keeps_only_the_pools_of_their_hospitals(client, coordinator, hospital):
    client.force_login(coordinator)
    own, other = factories.room(at=hospital), factories.room()
    names = client.get(page(Room, "changelist")).content.decode()
    assert own.name_en in names
    assert other.name_en not in names
    assert client.get(page(Room, "change", other.pk)).status_code == 302
    form = {
        "name_en": "New",
        "name_zh": "新",
        "capacity": 8,
        "equipment": "[]",
        "active": "on",
        **_no_rows("hours"),
    }
    refused = client.post(page(Room, "add"), form | {"institution": other.institution_id})
    assert "institution" in refused.context["adminform"].form.errors
    assert client.post(page(Room, "add"), form | {"institution": hospital.pk}).status_code == 302
    event = AuditEvent.objects.get(action="admin.added")
    assert (event.by, event.subject_id) == (coordinator, Room.objects.get(name_en="New").pk)


def _no_rows(prefix):
    return {f"{prefix}-{key}_FORMS": value for key, value in {"TOTAL": 0, "INITIAL": 0}.items()}


def test_coordinator_cannot_give_an_expert_an_account(client, coordinator, hospital):
    client.force_login(coordinator)
    expert = factories.expert(at=hospital)
    form = client.get(page(Expert, "change", expert.pk)).context["adminform"].form
    assert "user" not in form.fields


def test_auditor_reads_records_and_changes_nothing(client, world):
    client.force_login(factories.user(Role.AUDITOR, is_staff=True))
    answer = client.get(page(AuditEvent, "changelist"))
    assert answer.status_code == 200
    assert client.get(page(AuditEvent, "add")).status_code == 403
    assert client.get(page(Room, "changelist")).status_code == 403


def test_no_page_offers_a_status(superuser, world):
    request = _request(superuser)
    for model, options in admin.site._registry.items():
        if any(field.name == "status" for field in model._meta.fields):
            editable = not isinstance(options.get_readonly_fields(request), list) or (
                "status" not in options.get_readonly_fields(request)
            )
            assert not (editable and options.has_change_permission(request)), model


def test_patients_show_neither_name_nor_numbers(client, superuser):
    patient = factories.patient(name="Ouyang Testname")
    client.force_login(superuser)
    for address in (page(type(patient), "changelist"), page(type(patient), "change", patient.pk)):
        assert "Ouyang" not in client.get(address).content.decode()


# The catalogue -----------------------------------------------------------------------------------
@pytest.fixture
def rule_form():
    content = {
        key: value for key, value in copy.deepcopy(RAW).items() if key not in ("id", "name_en", "name_zh", "tier")
    }
    return {
        "key": RAW["id"],
        "name_en": RAW["name_en"],
        "name_zh": RAW["name_zh"],
        "tier": RAW["tier"],
        "content": content,
        "evidence": "{}",
        "source": "",
        "source_url": "",
        "note": "",
        "reason": "first",
    }


@pytest.fixture
def catalogue_admin(client):
    user = factories.user(Role.CATALOGUE_ADMIN, is_staff=True)
    client.force_login(user)
    return user


def _json(form):
    return form | {"content": json.dumps(form["content"])}


def test_a_rule_with_mistakes_is_refused_with_their_places(client, catalogue_admin, rule_form):
    rulebook.reference.load()
    rule_form["content"]["minutes"] = 45
    rule_form["content"]["required"][0] = {"discipline": "NOBODY", "count": 1, "min_rank": 3}
    answer = client.post(page(CatalogueRule, "add"), _json(rule_form))
    errors = "\n".join(answer.context["adminform"].form.errors["content"])
    assert "minutes: " in errors
    assert "required[0].discipline: " in errors
    assert not CatalogueRule.objects.exists()


@pytest.mark.usefixtures("one_person_publishes")
def test_a_draft_is_saved_published_and_then_never_changed(client, catalogue_admin, rule_form):
    rulebook.reference.load()
    answer = client.post(page(CatalogueRule, "add"), _json(rule_form))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    draft = CatalogueRule.objects.get()
    assert (draft.status, draft.changed_by) == (RuleStatus.DRAFT, catalogue_admin)
    _action(client, "publish_today", draft)
    draft.refresh_from_db()
    assert draft.status == RuleStatus.PUBLISHED
    assert client.post(page(CatalogueRule, "change", draft.pk), _json(rule_form)).status_code == 403
    _action(client, "copy_as_draft", draft)
    assert [(one.version, one.status) for one in CatalogueRule.objects.all()] == [
        (2, RuleStatus.DRAFT),
        (1, RuleStatus.PUBLISHED),
    ]


@pytest.mark.usefixtures("one_person_publishes")
def test_publishing_twice_says_why_not(client, catalogue_admin):
    rulebook.load([RAW], by=None)
    rule = CatalogueRule.objects.get()
    _action(client, "publish_today", rule)
    answer = _action(client, "publish_today", rule)
    assert "cannot become" in answer.content.decode()


def test_the_administration_does_not_go_around_the_second_person(client, catalogue_admin):
    rulebook.load([RAW | {"tier": "required"}], by=None)
    rule = CatalogueRule.objects.get()
    answer = _action(client, "publish_today", rule)
    assert "A second person must approve this" in answer.content.decode()
    rule.refresh_from_db()
    assert rule.status == RuleStatus.DRAFT


def _action(client, name, row):
    return client.post(page(CatalogueRule, "changelist"), {"action": name, "_selected_action": [row.pk]}, follow=True)


# Blocks ------------------------------------------------------------------------------------------
def test_a_block_needs_a_recurrence_rule_and_a_room_of_its_hospital(client, superuser, hospital):
    client.force_login(superuser)
    form = {
        "team": factories.team(at=hospital).pk,
        "kind": "standing",
        "room": factories.room().pk,
        "first_day": "2027-03-01",
        "start": "14:00",
        "end": "16:00",
        "recurrence": "every Tuesday",
    }
    errors = client.post(page(Block, "add"), form).context["adminform"].form.errors
    assert set(errors) == {"recurrence", "room"}
    form |= {"room": factories.room(at=hospital).pk, "recurrence": "freq=monthly;byday=2TH,4TH"}
    assert client.post(page(Block, "add"), form).status_code == 302
    assert Block.objects.get().recurrence == "FREQ=MONTHLY;BYDAY=2TH,4TH"
