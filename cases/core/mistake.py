"""A mistake in a file that somebody handed in: a code with parameters, and the place where it stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong, and where: `rules[12].required[1].discipline` of rule `LUNG-3B`.

    `cases.catalogue.wording.mistake_text` puts it into words. `line` is that of the file, 0 where there is none.
    """

    place: str
    code: str
    rule: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    line: int = 0
