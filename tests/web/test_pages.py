"""A refusal becomes words, for whole pages and for htmx."""

import json

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import User
from mdt_portal.web import pages

pytestmark = pytest.mark.django_db


@pages.page
def stale(request: HttpRequest) -> HttpResponse:
    raise StaleState("Somebody else was faster.")


def requested(rf: RequestFactory, **headers: str) -> HttpRequest:
    request = rf.post("/cases/1/withdraw/", headers=headers)
    request.user = User(username="he")
    request.resolver_match = None  # type: ignore[assignment]
    return request


def test_strangers_are_sent_to_sign_in(rf: RequestFactory) -> None:
    request = requested(rf)
    request.user = AnonymousUser()
    response = stale(request)
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/cases/1/withdraw/")


def test_a_refusal_is_a_page_with_its_status_and_the_way_back(rf: RequestFactory) -> None:
    response = stale(requested(rf, Referer="http://testserver/cases/1/?tab=2"))
    text = response.content.decode()
    assert response.status_code == 409
    assert "Somebody else was faster." in text
    assert 'href="/cases/1/?tab=2"' in text


def test_the_way_back_never_leaves_the_portal(rf: RequestFactory) -> None:
    assert pages.came_from(requested(rf, Referer="https://evil.example/")) == "/"


def test_htmx_gets_a_refusal_as_json(rf: RequestFactory) -> None:
    response = stale(requested(rf, **{"HX-Request": "true"}))
    assert response.status_code == 409
    assert json.loads(response.content) == {
        "code": "stale_state",
        "message": "Somebody else was faster.",
        "fields": {},
    }


def test_a_refusal_stands_beside_the_fields_that_it_names() -> None:
    class Form(forms.Form):
        stage = forms.CharField()

    form = Form({"stage": "VII"})
    pages.add_errors(form, RuleError("No such stage.", fields={"stage": ["“VII” is not a stage."]}))
    assert form.errors == {"stage": ["“VII” is not a stage."]}
    form = Form({"stage": "I"})
    pages.add_errors(form, RuleError("Not now.", fields={"elsewhere": ["?"]}))
    assert form.non_field_errors() == ["Not now."]
