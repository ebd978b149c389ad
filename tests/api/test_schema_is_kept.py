"""The API does what its schema says: tried with generated requests, right and wrong ones, as each kind of reader.

Every check of schemathesis: no answer with 5xx, only the statuses and bodies that the schema names, wrong data refused,
nobody let in without a token.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from experts.models import Role
from mdt_portal.models import User
from scheduling.publishing import publication
from tests import factories
from tests.scheduling import worlds

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
CONFIG = Path(__file__).parent / "schemathesis.toml"
SECONDS = int(os.environ.get("MDT_API_SECONDS", "40"))
"""For each reader: the limits of every operation and some random requests. Take ten times as long before a release."""


@pytest.fixture
def world(transactional_db: None) -> worlds.World:
    world = worlds.small(3)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    return world


def reader(world: worlds.World, kind: str) -> User | None:
    if kind == "coordinator":
        return world.coordinator
    if kind == "expert":
        person = world.experts[0]
        person.user = factories.user(Role.EXPERT, at=world.hospital)
        person.save()
        return person.user
    return factories.user(kind, at=world.hospital) if kind else None


@pytest.mark.parametrize("kind", ["coordinator", "referrer", "expert", "catalogue_admin", ""])
def test_generated_requests_find_no_fault(kind: str, world: worlds.World, live_server, tmp_path: Path) -> None:
    user = reader(world, kind)
    token = ["--header", f"Authorization: Token {Token.objects.create(user=user).key}"] if user else []
    schema = tmp_path / "schema.json"
    schema.write_bytes(Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).content)
    command = [
        str(Path(sys.executable).parent / "st"),
        *("--config-file", str(CONFIG), "run", str(schema), "--url", live_server.url, "--checks", "all"),
        *("--seed", "1", "--max-time", str(SECONDS), "--request-timeout", "60"),
        *("--no-color", "--continue-on-failure", *token),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=5 * SECONDS, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
