"""One e-mail address has one person, whoever writes: invitations go there, and files know people by it."""

from __future__ import annotations

import importlib
import threading
from dataclasses import replace

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from experts.models import EMAIL_ONCE, Expert
from experts.roster import person_cards
from mdt_portal.errors import RuleError
from tests import factories


@pytest.mark.django_db
def test_the_database_refuses_an_address_twice_in_any_case_of_letters() -> None:
    factories.expert(email="Li@example.org")
    with pytest.raises(IntegrityError, match=EMAIL_ONCE.name), transaction.atomic():
        factories.expert(email="li@EXAMPLE.org")
    with pytest.raises(ValidationError, match="Somebody else has this e-mail address already"):
        Expert(name_en="Li", email="LI@example.org").full_clean(exclude=["public_id"])


@pytest.mark.django_db
def test_several_may_have_no_address() -> None:
    factories.expert(email="")
    factories.expert(email="")


@pytest.mark.django_db(transaction=True)
def test_who_comes_second_in_a_race_is_told_beside_the_field() -> None:
    first, second = factories.expert(), factories.expert()
    card = replace(person_cards.card_of(second), email="both@example.org")
    began, told = threading.Event(), []

    def rival() -> None:
        began.set()
        try:
            person_cards.save(second, card, by=None)  # sees no such address yet, then waits for the other's commit
        except RuleError as error:
            told.append(error.fields)
        finally:
            connection.close()

    thread = threading.Thread(target=rival)
    with transaction.atomic():
        Expert.objects.filter(pk=first.pk).update(email="Both@example.org")
        thread.start()
        began.wait()
        thread.join(timeout=0.5)
    thread.join(timeout=10)
    assert told == [{"email": ["Somebody else has this e-mail address already."]}]
    assert Expert.objects.get(pk=second.pk).email != card.email


@pytest.mark.django_db
def test_the_migration_names_those_who_share_an_address() -> None:
    """Before the constraint there were such people; the whole way back to that state would take half a minute."""
    migration = importlib.import_module("experts.migrations.0004_one_expert_per_email")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Expert, EMAIL_ONCE)
    one, two = factories.expert(email="Li@example.org"), factories.expert(email="li@example.org")
    factories.expert(email=""), factories.expert(email="")
    named = rf"Li@example.org \(expert {one.pk}\), li@example.org \(expert {two.pk}\)"
    with pytest.raises(ValueError, match=named):
        migration.name_those_twice(apps, None)
    Expert.objects.filter(pk=two.pk).update(email="")
    migration.name_those_twice(apps, None)
