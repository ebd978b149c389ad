"""Each setting of an institution is on its page, in the API and in the admin pages, with the same bounds."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from experts.models import INSTITUTION_SETTINGS, Institution, Role
from mdt_portal.models import AuditEvent
from tests import factories

DEFAULTS = {name: one.default for name, one in INSTITUTION_SETTINGS.items()}
OTHERS = {name: one.least if one.least != one.default else one.most for name, one in INSTITUTION_SETTINGS.items()}
"""For each an allowed value that is not its default."""
TOO_LITTLE = {name: one.least - 1 for name, one in INSTITUTION_SETTINGS.items()}
TOO_MUCH = {name: one.most + 1 for name, one in INSTITUTION_SETTINGS.items()}


@pytest.fixture
def hospital(db: None) -> Institution:
    return factories.institution()


@pytest.fixture
def page_url(hospital: Institution) -> str:
    return reverse("hospital", args=[hospital.public_id])


@pytest.fixture
def api_url(hospital: Institution) -> str:
    return f"/api/v1/institutions/{hospital.public_id}/settings/"


@pytest.fixture
def coordinator(client: Client, hospital: Institution) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    return client


def stored() -> dict[str, int]:
    return Institution.objects.values(*INSTITUTION_SETTINGS).get()


def filled(client: Client, page_url: str, values: dict[str, int]) -> dict[str, Any]:
    """What the page's form sends with these values in place of those that stand there."""
    form = client.get(page_url).context["form"]
    return {name: form[name].value() for name in form.fields} | values


def test_every_small_number_of_an_institution_is_a_setting() -> None:
    numbers = {one.name for one in Institution._meta.fields if one.get_internal_type() == "PositiveSmallIntegerField"}
    assert numbers - {"holidays_checked"} == set(INSTITUTION_SETTINGS)  # a year, set by a button on the holidays' page


def test_every_default_is_within_its_bounds() -> None:
    outside = [one.name for one in INSTITUTION_SETTINGS.values() if not one.least <= one.default <= one.most]
    assert outside == []


def test_the_page_shows_each_with_its_label_and_bounds(coordinator: Client, page_url: str) -> None:
    html = coordinator.get(page_url).content.decode()
    for name, one in INSTITUTION_SETTINGS.items():
        controls = re.findall(rf'<input type="number" name="{name}" value="(\d+)" min="(\d+)" max="(\d+)"', html)
        assert (name, controls) == (name, [(str(one.default), str(one.least), str(one.most))])
        assert re.findall(rf'<label class="form-label" for="id_{name}">([^<]*)</label>', html) == [one.verbose_name]


def test_the_page_changes_each_and_records_its_name(coordinator: Client, page_url: str) -> None:
    assert coordinator.post(page_url, filled(coordinator, page_url, OTHERS)).status_code == 302
    assert stored() == OTHERS
    assert AuditEvent.objects.get(action="institution.changed").params == {"fields": list(INSTITUTION_SETTINGS)}


def test_the_api_gives_and_changes_each_and_records_its_name(coordinator: Client, api_url: str) -> None:
    before = coordinator.get(api_url).json()
    assert {name: value for name, value in before.items() if name != "opening_hours"} == DEFAULTS
    changed = coordinator.patch(api_url, OTHERS, content_type="application/json").json()
    assert changed == before | OTHERS
    assert stored() == OTHERS
    assert AuditEvent.objects.get(action="institution.changed").params == {"fields": list(INSTITUTION_SETTINGS)}


@pytest.mark.parametrize("wrong", [TOO_LITTLE, TOO_MUCH], ids=["too little", "too much"])
def test_page_and_api_refuse_what_is_out_of_bounds(
    coordinator: Client, page_url: str, api_url: str, wrong: dict[str, int]
) -> None:
    refused = coordinator.patch(api_url, wrong, content_type="application/json")
    sentences = {
        name: [f"Choose a number from {one.least} to {one.most}."] for name, one in INSTITUTION_SETTINGS.items()
    }
    assert (refused.status_code, refused.json()["fields"]) == (400, sentences)
    errors = coordinator.post(page_url, filled(coordinator, page_url, wrong)).context["form"].errors
    assert set(errors) == set(INSTITUTION_SETTINGS)
    assert stored() == DEFAULTS


def test_the_admin_page_has_each_once_with_the_same_bounds(client: Client, hospital: Institution) -> None:
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    answer = client.get(reverse("admin:experts_institution_change", args=[hospital.pk]))
    fields, html = answer.context["adminform"].form.fields, answer.content.decode()
    for name, one in INSTITUTION_SETTINGS.items():
        assert (name, fields[name].min_value, fields[name].max_value) == (name, one.least, one.most)
        assert html.count(f'name="{name}"') == 1


@pytest.mark.django_db
def test_the_schema_tells_label_and_bounds_of_each(client: Client) -> None:
    schema = client.get(reverse("api-schema"), headers={"Accept": "application/json"}).json()
    told = schema["components"]["schemas"]["Settings"]["properties"]
    assert {name: told[name].get("description") for name in told if name != "opening_hours"} == {
        name: f"{one.verbose_name}: {one.least} to {one.most}" for name, one in INSTITUTION_SETTINGS.items()
    }
