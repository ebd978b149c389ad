"""Names in the reader's language."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import template
from django.utils import translation
from django.utils.html import format_html

from mdt_portal.i18n import phrases

register = template.Library()
MIN_DIGITS = 3
HAN = re.compile(r"[\u3400-\u9fff]")
register.filter("listed", phrases.listed)


def _named(value: Any) -> tuple[str, str]:
    """The name in the reader's language and the language it is really in."""
    chinese = (translation.get_language() or "").startswith("zh")
    if isinstance(value, str) or not hasattr(value, "name_zh"):
        text = str(value)
        return text, "zh-Hans" if HAN.search(text) else ("zh-Hans" if chinese else "en")
    zh, en = value.name_zh, value.name_en
    first, second = ((zh, "zh-Hans"), (en, "en")) if chinese else ((en, "en"), (zh, "zh-Hans"))
    return first if first[0] else second if second[0] else (str(value), "en")


@register.filter
def name(value: Any) -> str:
    """The name in the reader's language; marked with `lang` where it is only known in the other one."""
    if value is None or value == "":
        return ""
    text, language = _named(value)
    active = translation.get_language() or "en"
    if language[:2] == active[:2]:
        return text
    return format_html('<span lang="{}">{}</span>', language, text)


@register.filter
def plain_name(value: Any) -> str:
    """The same name without markup, for attributes and sentences."""
    return "" if value is None else _named(value)[0]


@register.filter
def initials(value: Any) -> str:
    """What stands in the round face: the Chinese family name, or two capital letters."""
    text = plain_name(value).strip()
    if not text:
        return "?"
    if HAN.search(text):
        return text[0]
    words = re.findall(r"\w+", text)
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.filter
def tel(number: str) -> str:
    """A telephone number as a link dials it: digits, and the plus sign before them; empty where it holds too few."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", number))
    plus = "+" if unicodedata.normalize("NFKC", number).strip().startswith("+") else ""
    return f"tel:{plus}{digits}" if len(digits) >= MIN_DIGITS else ""
