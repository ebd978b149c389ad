"""Chinese names by their sound: whole pinyin or initials, without tones. Reads nothing but its arguments."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import product

from pypinyin import Style, lazy_pinyin, pinyin

HAN = re.compile(r"[\u3400-\u9fff]")


def letters_of(text: str) -> str:
    """What was typed as pinyin, in small letters without spaces and tone marks; empty if it is none."""
    plain = unicodedata.normalize("NFKD", text.replace("ü", "v").replace("Ü", "v")).lower()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    joined = re.sub(r"[\s'’-]", "", plain)
    return joined if len(joined) > 1 and re.fullmatch(r"[a-z]+", joined) else ""


def sounds_like(name: str, letters: str) -> bool:
    """Whether a Chinese name begins with this pinyin, is written with these initials, or holds this whole word."""
    for parts in _readings(name):
        whole, initials = "".join(parts), "".join(part[0] for part in parts)
        if whole.startswith(letters) or initials.startswith(letters):
            return True
        if len(letters) > 3 and any("".join(parts[k:]).startswith(letters) for k in range(1, len(parts))):
            return True
    return False


@lru_cache(maxsize=8192)
def _readings(name: str) -> tuple[tuple[str, ...], ...]:
    """The name by phrase; and with every reading of its first sign, which as a surname may be another (单, 曾, 解)."""
    signs = "".join(HAN.findall(name))
    if not signs:
        return ()
    parts = lazy_pinyin(signs)
    first = pinyin(signs[0], style=Style.NORMAL, heteronym=True)[0]
    return tuple(dict.fromkeys((one, *rest) for one, rest in product([parts[0], *first], [tuple(parts[1:])])))
