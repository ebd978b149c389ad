"""docs/operations.md names every variable that the settings read."""

import re

from mdt_portal.native.workspace import ROOT


def test_every_variable_is_documented():
    sources = "".join((ROOT / "mdt_portal" / name).read_text() for name in ("settings.py", "web.py"))
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', sources)) - {"MDT_TESTING"}
    told = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text()))
    assert read - told == set()
    assert len(read) > 20
