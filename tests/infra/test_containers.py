"""docker-compose.yml and Dockerfile, as far as they can be judged without an engine."""

import re

import pytest
import yaml

from mdt_portal.native import commands
from mdt_portal.native.workspace import ROOT

COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE_TEXT)["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ["migrate", "web", "worker-solve", "worker-default", "beat"]


def filled(text: str) -> str:
    """Compose's own substitution, with the defaults."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("web", commands.WEB),
        ("worker-solve", commands.worker("solve", "improve", concurrency=1, name="solve")),
        ("worker-default", commands.worker("default", concurrency=2)),
        ("beat", [*commands.BEAT, "--schedule", "/tmp/beat-schedule", "--pidfile="]),
    ],
)
def test_commands_are_those_of_the_native_stack(service, command):
    assert [filled(word) for word in SERVICES[service]["command"]] == ["python", "-m", *command]


def test_services():
    assert sorted(SERVICES) == sorted([*OURS, "postgres", "redis"])
    assert int(SERVICES["postgres"]["image"].split(":")[1]) >= 16
    assert int(SERVICES["redis"]["image"].split(":")[1]) >= 7


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "migrate"])
def test_long_running_service_has_a_health_check(service):
    assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES[service]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", OURS)
def test_our_processes_share_settings_and_run_confined(service):
    environment = SERVICES[service]["environment"]
    assert SERVICES["web"]["environment"] == environment | {"WEB_BIND": "0.0.0.0:8000"}
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]


def test_no_secret_has_a_default():
    secrets = re.findall(r"\$\{(\w*(?:KEY|PASSWORD)\w*)(.*?)\}", COMPOSE_TEXT)
    weak = {name for name, rest in secrets if not rest.startswith(":?")}
    assert weak == {"EMAIL_HOST_PASSWORD"}  # a mail relay may ask for none


def test_example_of_environment_names_every_required_variable():
    required = set(re.findall(r"\$\{(\w+):\?", COMPOSE_TEXT))
    example = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert required <= example


def test_image_copies_what_exists_and_drops_root():
    copied = re.findall(r"^COPY (\S+)", DOCKERFILE, flags=re.MULTILINE)
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert re.findall(r"^USER (\S+)", DOCKERFILE, flags=re.MULTILINE) == ["mdt"]
    assert "ENV MDT_DEMO=0" in DOCKERFILE


def test_image_is_given_every_file_that_it_copies():
    given = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE)
    copied = re.findall(r"^COPY (\S+)", DOCKERFILE, flags=re.MULTILINE)
    assert sorted(copied) == sorted(given)
