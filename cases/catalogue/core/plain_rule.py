"""One spelling for what a rule may say in several ways, so that a rule compares equal from whatever file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LINES = ("name_en", "name_zh", "source", "source_url", "note", "review_by")


def plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same rule: line ends of one kind, no spaces around texts, no empty entries, seats with their count."""
    found = dict(raw)
    for key in _LINES:
        if isinstance(found.get(key), str):
            found[key] = _text(found[key])
    if isinstance(found.get("evidence"), dict):
        texts = {key.strip(): _text(value) for key, value in found["evidence"].items()}
        found["evidence"] = {key: value for key, value in texts.items() if value}
    found.setdefault("hours_from_source", [])
    if "hours" in found and not found["hours"]:
        found["hours"] = None
    if isinstance(found.get("required"), list):
        found["required"] = [_seat(seat) for seat in found["required"]]
    return found


def _text(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def _seat(seat: Mapping[str, Any]) -> dict[str, Any]:
    found = {"count": 1, **seat}
    if "sub_specialty" in found:
        found["sub_specialty"] = found["sub_specialty"].strip()
        if not found["sub_specialty"]:
            del found["sub_specialty"]
    return found
