"""Signing in, being locked out, and the language of the account."""

from http import HTTPStatus
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from mdt_portal.models import User
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
    answer = client.post(reverse("set_language"), {"language": language, "next": "/"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "Choose English (en) or Simplified Chinese (zh-hans)" in answer.content.decode()
    person.refresh_from_db()
    assert person.language == "en"


def test_the_administration_offers_the_languages_and_takes_no_other(admin_client: Client) -> None:
    person = factories.user()
    address = reverse("admin:mdt_portal_user_change", args=[person.pk])
    form = admin_client.get(address).context["adminform"].form
    assert [value for value, _words in form.fields["language"].choices] == ["", "en", "zh-hans"]
    answer = admin_client.post(address, {"username": person.username, "language": "Chinese"})
    assert answer.context["adminform"].form.errors["language"]


def test_no_way_of_writing_keeps_another_language() -> None:
    with pytest.raises(ValidationError, match="zh-hans"):
        User(username="x", password="x", language="german").clean_fields()
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.user(language="german")


def test_languages_that_were_typed_before_become_what_they_mean() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE mdt_portal_user DROP CONSTRAINT user_language_is_one_we_speak")
    typed = {"zh": "zh-hans", "中文": "zh-hans", "en-GB": "en", "English": "en", "german": "", "zh-hans": "zh-hans"}
    people = {text: factories.user(language=text) for text in typed}
    import_module("mdt_portal.migrations.0006_language_is_a_choice").name_the_language(apps, None)
    assert {text: User.objects.get(pk=one.pk).language for text, one in people.items()} == typed


def test_many_wrong_passwords_lock_the_account_and_say_so(client: Client, settings) -> None:
    settings.AXES_ENABLED = True
    person = factories.user()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = sign_in(client, person.username, "wrong")
    assert response.status_code == 429
    assert "registration/locked.html" in [template.name for template in response.templates]
    assert sign_in(client, person.username).status_code == 429
