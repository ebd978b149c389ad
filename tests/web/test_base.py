"""The frame of every page: theme, language, navigation, errors, and no inline code."""

import ast
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client, RequestFactory, override_settings
from django.urls import path, resolve, reverse
from django.utils import translation

from mdt_portal import shell
from mdt_portal.models import User
from mdt_portal.web.styleguide import PARTS

TEMPLATES = Path(settings.BASE_DIR) / "templates"
SPRITE = Path(settings.BASE_DIR) / "static/portal/icons.svg"


@pytest.fixture
def guide(client: Client) -> str:
    with override_settings(DEBUG=True):
        return client.get("/styleguide/").content.decode()


def test_styleguide_is_for_developers_only(client: Client) -> None:
    assert client.get("/styleguide/").status_code == HTTPStatus.NOT_FOUND


def test_styleguide_shows_each_part_with_its_manual(guide: str) -> None:
    for part in PARTS:
        assert f'id="part-{part}"' in guide
    assert guide.count('class="guide-doc"') == len(PARTS)
    assert "必须" in guide
    assert "Required" in guide


def test_theme_comes_from_the_cookie_and_from_nothing_else(client: Client) -> None:
    assert 'data-bs-theme="' not in client.get("/login/").content.decode().split(">", 2)[1]
    client.cookies["theme"] = "dark"
    assert '<html lang="en" data-bs-theme="dark">' in client.get("/login/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert "<script>" not in client.get("/login/").content.decode()


def test_language_switch_comes_back_to_the_same_page(client: Client) -> None:
    page = client.get("/login/?next=/x").content.decode()
    assert 'name="next" value="/login/?next=/x"' in page
    answer = client.post(reverse("set_language"), {"language": "zh-hans", "next": "/login/?next=/x"})
    assert answer.headers["Location"] == "/login/?next=/x"
    assert '<html lang="zh-Hans"' in client.get("/login/").content.decode()


@pytest.mark.parametrize("name", ["400", "403", "404", "500", "403_csrf"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_error_pages_need_neither_request_nor_database(name: str, language: str) -> None:
    with translation.override(language):
        page = render_to_string(f"{name}.html")
    assert "data-error-message" in page
    assert "<h1>" in page


def test_a_missing_page_is_answered_in_the_readers_language(client: Client) -> None:
    answer = client.get("/no/such/page", headers={"accept-language": "zh-hans"})
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert "此处没有内容" in answer.content.decode()


@pytest.mark.django_db
def test_signing_in_and_out(client: Client) -> None:
    User.objects.create_user("he", password="a long secret")
    wrong = client.post("/login/", {"username": "he", "password": "no"})
    assert "Not signed in" in wrong.content.decode()
    assert client.post("/login/", {"username": "he", "password": "a long secret"}).status_code == HTTPStatus.FOUND
    assert client.post("/logout/").headers["Location"] == "/login/"


@pytest.mark.django_db
def test_frame_names_reader_and_hospital(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hospital:
        name_en, name_zh, zone = "Yunqiao Central Hospital", "云桥中心医院", "Europe/London"

    monkeypatch.setattr(shell, "_home", lambda user: Hospital())
    client.force_login(User.objects.create_user("he", name_en="He Yuchen", name_zh="何语晨"))
    with override_settings(DEBUG=True):
        page = client.get("/styleguide/").content.decode()
    assert "<small>Yunqiao Central Hospital</small>" in page
    assert 'data-zone="Europe/London"' in page
    assert "He Yuchen" in page


class Urls:
    urlpatterns = [
        path("queue", lambda request: None, name="queue"),
        path("people", lambda request: None, name="people"),
    ]


@override_settings(ROOT_URLCONF=Urls, LOCAL=False)
def test_navigation_leaves_out_what_is_not_allowed_and_what_only_a_demo_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shell.access, "can", lambda user, permission: permission == "queue.see")
    group = (
        shell.Entry(name="mails", label="Mails", icon="mail", local=True),
        shell.Entry(name="queue", label="Queue", icon="queue", permission="queue.see"),
        shell.Entry(name="people", label="People", icon="pools", permission="people.edit"),
    )
    shown = list(shell.entries(object(), group, {"queue": 86}))
    assert [(item.entry.name, item.url, item.count) for item in shown] == [("queue", "/queue", 86)]


@pytest.mark.parametrize("entry", [*shell.DAILY, *shell.SET_UP], ids=lambda entry: entry.name)
def test_every_entry_of_the_navigation_has_a_page(entry: shell.Entry) -> None:
    assert resolve(reverse(entry.name)).view_name == entry.name


def test_pages_carry_no_inline_code_or_style() -> None:
    forbidden = re.compile(
        r"\son\w+=|\shx-on|\sstyle=|<style|<script(?![^>]*\ssrc=)|javascript:|\shx-vals=.js:", re.IGNORECASE
    )
    found = {
        str(file.relative_to(TEMPLATES)): match[0]
        for file in TEMPLATES.rglob("*.html")
        if (match := forbidden.search(file.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_every_icon_is_in_the_sprite() -> None:
    symbols = set(re.findall(r'id="i-([\w-]+)"', SPRITE.read_text(encoding="utf-8")))
    asked = set()
    for file in TEMPLATES.rglob("*.html"):
        asked |= set(re.findall(r'{% icon "([\w-]+)"', file.read_text(encoding="utf-8")))
    asked |= {entry.icon for entry in (*shell.DAILY, *shell.SET_UP)}
    assert asked - symbols == set()


def test_every_static_file_of_a_template_exists() -> None:
    asked = set()
    for file in TEMPLATES.rglob("*.html"):
        asked |= set(re.findall(r"{% static '([^']+)' %}", file.read_text(encoding="utf-8")))
    assert asked
    assert [name for name in sorted(asked) if finders.find(name) is None] == []


def test_no_line_of_a_template_is_longer_than_160_characters() -> None:
    files = sorted(file for file in TEMPLATES.rglob("*") if file.suffix in (".html", ".txt"))
    assert len(files) > 100
    too_long = [
        f"{file.relative_to(TEMPLATES)}:{number} has {len(line)}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > 160
    ]
    assert too_long == []


def test_style_sheets_use_only_colours_of_the_tokens() -> None:
    colour = re.compile(r"#[0-9a-f]{3,8}\b|rgba?\(", re.IGNORECASE)
    allowed = {"tokens.css", "sheet.css", "print.css"}  # paper is always black on white
    found = {}
    for file in sorted((Path(settings.BASE_DIR) / "static/portal").glob("*.css")):
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if colour.search(line)]
        if file.name not in allowed and lines:
            found[file.name] = lines
    assert found == {}


def test_one_request_asks_for_the_hospital_once(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(shell, "_home", lambda user: asked.append(user))
    request = rf.get("/")
    request.user = User(username="he")
    source = "{% load portal %}{% for n in 'abc' %}{% countdown now %}{% clock_name %}{% endfor %}"
    from django.template import engines

    engines["django"].from_string(source).render({}, request)
    assert len(asked) == 1


def test_the_comment_of_a_template_names_classes_that_there_are():
    known = {
        (file.stem, node.name)
        for app in ("mdt_portal", "experts", "cases", "scheduling")
        for file in (Path(settings.BASE_DIR) / app).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    named = [
        (file.name, module, name)
        for file in TEMPLATES.rglob("*.html")
        for comment in re.findall(r"{% comment %}(.*?){% endcomment %}", file.read_text(encoding="utf-8"), re.DOTALL)
        for module, name in re.findall(r"([a-z_]+)\.([A-Z]\w+)", comment)
    ]
    assert [one for one in named if one[1:] not in known] == []
    assert len(named) > 20
