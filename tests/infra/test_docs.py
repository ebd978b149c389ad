"""What the documents promise about the code: variables, tests and files that are really there."""

import re
from collections import defaultdict

from mdt_portal.native.workspace import ROOT


def test_every_variable_is_documented():
    readers = ("settings.py", "operations/gunicorn_settings.py")
    sources = "".join((ROOT / "mdt_portal" / name).read_text() for name in readers)
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', sources)) - {"MDT_TESTING"}
    named = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text()))
    assert read - named == set()
    assert len(read) > 20


def documents():
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_every_link_leads_to_a_file():
    links = [
        (file, target)
        for file in documents()
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read_text(encoding="utf-8"))
        if "://" not in target
    ]
    broken = [f"{file.relative_to(ROOT)}: {target}" for file, target in links if not (file.parent / target).exists()]
    assert broken == []
    assert len(links) > 50


def test_every_test_that_a_document_names_exists():
    known = defaultdict(set)
    for file in (ROOT / "tests").rglob("test_*.py"):
        known[file.name] |= set(re.findall(r"^ *def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    named = [
        pair
        for file in documents()
        for pair in re.findall(r"\b(test_\w+\.py)(?:::(test_\w+))?", file.read_text(encoding="utf-8"))
    ]
    gone = [f"{file}::{test}" for file, test in named if file not in known or (test and test not in known[file])]
    assert gone == []
    assert len(named) > 20


def test_the_readme_names_the_postgresql_of_the_compose_file():
    shipped = re.findall(r"image: postgres:(\d+)", (ROOT / "docker-compose.yml").read_text())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"PostgreSQL (\d+)", readme)) == set(shipped) and len(set(shipped)) == 1
