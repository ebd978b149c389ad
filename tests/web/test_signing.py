"""Signing in, being locked out, and the language of the account."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


def sign_in(client: Client, username: str, password: str = factories.PASSWORD):
    return client.post(reverse("login"), {"username": username, "password": password})


def test_after_signing_in_the_portal_speaks_the_language_of_the_account(client: Client) -> None:
    person = factories.user(language="zh-hans")
    response = sign_in(client, person.username)
    assert response.status_code == 302
    assert response.cookies["django_language"].value == "zh-hans"


def test_switching_the_language_is_kept_for_mails(client: Client) -> None:
    person = factories.user(language="en")
    client.force_login(person)
    client.post(reverse("set_language"), {"language": "zh-hans", "next": "/"})
    person.refresh_from_db()
    assert person.language == "zh-hans"
    client.post(reverse("set_language"), {"language": "xx", "next": "/"})
    person.refresh_from_db()
    assert person.language == "zh-hans"


@pytest.mark.parametrize("language", ["fr", "zh-hans@abcdefghijklmnopqrst"])
def test_a_language_that_the_portal_does_not_speak_is_not_kept(client: Client, language: str) -> None:
    person = factories.user(language="en")
    client.force_login(person)
    client.post(reverse("set_language"), {"language": language, "next": "/"})
    person.refresh_from_db()
    assert person.language == "en"


def test_many_wrong_passwords_lock_the_account_and_say_so(client: Client, settings) -> None:
    settings.AXES_ENABLED = True
    person = factories.user()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = sign_in(client, person.username, "wrong")
    assert response.status_code == 429
    assert "registration/locked.html" in [template.name for template in response.templates]
    assert sign_in(client, person.username).status_code == 429
