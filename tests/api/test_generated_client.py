"""A client that somebody else's generator makes of our schema takes a case from referral to accepted invitation."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from cases.catalogue import rulebook
from cases.catalogue.core import vocabulary
from experts.models import Role
from mdt_portal.models import User
from tests import factories
from tests.scheduling import worlds

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PACKAGE = "generated_client"


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The package that openapi-python-client writes; a warning of the generator (a part left out) is a fault."""
    schema = tmp_path / "schema.json"
    schema.write_bytes(Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).content)
    (tmp_path / "config.yml").write_text("post_hooks: []\n", encoding="utf-8")
    program = str(Path(sys.executable).parent / "openapi-python-client")
    where = ["--path", str(schema), "--meta", "none", "--output-path", str(tmp_path / PACKAGE)]
    how = ["--config", str(tmp_path / "config.yml"), "--fail-on-warning"]
    done = subprocess.run([program, "generate", *where, *how], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module(PACKAGE)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def operation(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.api.{name}")


def models() -> Any:
    return importlib.import_module(f"{PACKAGE}.models")


@pytest.fixture
def hospital(transactional_db: None) -> SimpleNamespace:
    """Who takes part: referrer, coordinator and three experts with users of their own, and the lung rule."""
    world = worlds.small(0)
    raws = json.loads(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"))["rules"]
    rulebook.load(
        [raw for raw in raws if raw["id"] == "LUNG-3B"],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2026, 1, 1),
    )
    for expert in world.experts:
        expert.user = factories.user(Role.EXPERT, at=world.hospital)
        expert.save()
    return SimpleNamespace(world=world, referrer=factories.user(Role.REFERRER, at=world.hospital))


def test_from_referral_to_acceptance(generated: Any, hospital: SimpleNamespace, live_server: Any) -> None:
    def as_(user: User) -> Any:
        token = Token.objects.get_or_create(user=user)[0].key
        return generated.AuthenticatedClient(
            base_url=live_server.url, token=token, prefix="Token", raise_on_unexpected_status=True
        )

    kinds, world = models(), hospital.world
    referrer, coordinator = as_(hospital.referrer), as_(world.coordinator)

    # Refer and hand in.
    patient = kinds.NewPatient(name="Wang Fang", birth_date=date(1961, 4, 1))
    urgency = kinds.UrgencyEnum.URGENT
    referral = kinds.Referral(
        code="C34.1", stage="IIIB", urgency=urgency, patient=patient, external_id="REF-1", submit=True
    )
    case = operation("cases.cases_create").sync(client=referrer, body=referral)
    assert (str(case.status), str(case.tier), case.external_ids[0].external_id) == ("waiting", "required", "REF-1")

    # The same id again is a clear conflict, which the client can read.
    taken = operation("cases.cases_create").sync(client=referrer, body=referral)
    assert isinstance(taken, kinds.Error)
    assert taken.code == "external_id_taken"

    # Triage: the coordinator finds the case and says who must come.
    (found,) = operation("cases.cases_list").sync(client=coordinator, external_id="REF-1").results
    assert found.id == case.id
    seats = [kinds.SeatNeed(discipline="RADIOL"), kinds.SeatNeed(discipline="PATH")]
    triaged = operation("cases.cases_override_create").sync(
        found.id,
        client=coordinator,
        body=kinds.Override(tier=kinds.Tier.REQUIRED, reason="Two are enough.", seats=seats, minutes=15, hours=24 * 21),
    )
    assert (str(triaged.status), triaged.minutes) == ("waiting", 15)

    # Plan by hand: the check and the change take the same body.
    start = factories.moment(factories.monday() + timedelta(days=1), "14:00", world.hospital)
    asked = kinds.PlaceCase(case=case.id, start=start, room=world.rooms[0].public_id, acknowledged=True)
    check = operation("board.moves_check_create").sync(client=coordinator, body=asked)
    assert [str(change.kind) for change in check.changes] == ["new"]
    asked.expected = check.fingerprint
    move = operation("board.moves_create").sync(client=coordinator, body=asked)
    assert str(move.kind) == "place"

    # The people who are asked say yes.
    placed = operation("cases.cases_retrieve").sync(case.id, client=referrer)
    assert placed.place.start == start
    answered = 0
    for expert in world.experts:
        theirs = as_(expert.user)
        for invitation in operation("invitations.invitations_list").sync(client=theirs, mine=True).results:
            yes = operation("invitations.invitations_accept_create").sync(invitation.id, client=theirs)
            answered += str(yes.status) == "accepted"
    assert answered == 2
    session = operation("sessions.sessions_retrieve").sync(placed.place.session, client=coordinator)
    assert str(session.status) == "confirmed"
