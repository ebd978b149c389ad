"""A plain form that is sent after the session has ended: kept for its writer, and for nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from cases.models import Case
from experts.models import Role
from mdt_portal.models import KeptForm, User
from mdt_portal.web import kept_forms
from tests import factories

pytestmark = pytest.mark.django_db
TYPED = {"action": "draft", "patient_name": "王芳", "search": "C34.1", "equipment": ["display", "video"]}


@pytest.fixture
def writer() -> User:
    return factories.user(Role.REFERRER)


@pytest.fixture
def ended(client: Client, writer: User) -> Client:
    """Somebody who was at work in this browser, and whose session is over."""
    client.force_login(writer)
    client.get("/refer/")
    del client.cookies[settings.SESSION_COOKIE_NAME]
    return client


def sent(client: Client, address: str = "/refer/", **fields: Any) -> str:
    """Where the answer leads."""
    response = client.post(address, TYPED | fields, headers={"referer": "http://testserver/refer/?from=today"})
    assert response.status_code == 302
    return response.headers["Location"]


def test_what_was_typed_is_kept_encrypted_and_shown_to_its_writer_after_signing_in(ended: Client, writer: User) -> None:
    way = sent(ended)
    kept = KeptForm.objects.get()
    assert way == f"/login/?next=%2Fkept%2F{kept.public_id}%2F"
    with connection.cursor() as cursor:
        cursor.execute("select content from mdt_portal_keptform")
        assert "C34" not in cursor.fetchone()[0]
    assert "is sent as soon as you have signed in again" in ended.get(way).content.decode()
    signed_in = ended.post(
        way, {"username": writer.username, "password": factories.PASSWORD, "next": f"/kept/{kept.public_id}/"}
    )
    page = ended.get(signed_in.headers["Location"])
    text = page.content.decode()
    assert 'action="/refer/"' in text and "data-send-at-once" in text and "王芳" in text
    assert page.context["fields"].count(("equipment", "video")) == 1
    assert "no-store" in page.headers["Cache-Control"]


def test_the_form_that_is_sent_again_does_what_was_wanted_and_leaves_nothing(ended: Client, writer: User) -> None:
    sent(ended)
    kept = KeptForm.objects.get()
    ended.force_login(writer)
    fields = dict(ended.get(f"/kept/{kept.public_id}/").context["fields"])
    again = fields | {"_kept": kept.public_id, "token": "t" * 16, "institution": writer.roles.get().institution.pk,
                      "urgency": "routine", "sex": "unknown"}  # fmt: skip
    ended.post("/refer/", again, headers={"referer": f"http://testserver/kept/{kept.public_id}/"})
    assert Case.objects.get().code == "C34.1"
    assert not KeptForm.objects.exists()


def test_the_second_look_does_not_send_by_itself(ended: Client, writer: User) -> None:
    sent(ended)
    ended.force_login(writer)
    address = f"/kept/{KeptForm.objects.get().public_id}/"
    assert b"data-send-at-once" in ended.get(address).content
    assert b"data-send-at-once" not in ended.get(address).content


def test_nobody_else_gets_it(ended: Client) -> None:
    sent(ended)
    ended.force_login(factories.user(Role.REFERRER))
    answer = ended.get(f"/kept/{KeptForm.objects.get().public_id}/", follow=True)
    assert "somebody else had written it" in answer.content.decode() and "王芳" not in answer.content.decode()


def test_without_knowing_who_wrote_it_nothing_is_kept(client: Client) -> None:
    assert sent(client) == "/login/?next=/refer/"
    assert not KeptForm.objects.exists()


def test_a_forged_writer_counts_for_nothing(client: Client, writer: User) -> None:
    client.cookies[kept_forms.WRITER_COOKIE] = str(writer.pk)
    sent(client)
    assert not KeptForm.objects.exists()


def test_a_form_with_a_file_waits_until_it_is_chosen_again(ended: Client, writer: User) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    sent(ended, "/people/import/", file=SimpleUploadedFile("people.csv", b"Name\nLi"))
    ended.force_login(writer)
    text = ended.get(f"/kept/{KeptForm.objects.get().public_id}/").content.decode()
    assert "people.csv" in text and 'type="file"' in text and "data-send-at-once" not in text


def test_it_is_forgotten_after_half_an_hour(ended: Client, writer: User) -> None:
    sent(ended)
    KeptForm.objects.update(kept_at=timezone.now() - timedelta(minutes=31))
    ended.force_login(writer)
    assert ended.get(f"/kept/{KeptForm.objects.get().public_id}/").status_code == 302
    assert kept_forms.forget_old() == 1


def test_it_can_be_thrown_away(ended: Client, writer: User) -> None:
    sent(ended)
    ended.force_login(writer)
    ended.post(f"/kept/{KeptForm.objects.get().public_id}/drop/")
    assert not KeptForm.objects.exists()


def test_signing_out_keeps_nothing(client: Client, writer: User) -> None:
    client.force_login(writer)
    client.get("/refer/")
    client.post("/logout/")
    assert not KeptForm.objects.exists()


def test_what_is_too_long_and_what_is_too_much_is_not_kept(ended: Client) -> None:
    sent(ended, question="x" * kept_forms.LONGEST)
    assert not KeptForm.objects.exists()
    for _ in range(kept_forms.MOST_OF_ONE + 2):
        sent(ended)
    assert KeptForm.objects.count() == kept_forms.MOST_OF_ONE
