"""What is wrong with a file as a table: a code with parameters, and the place. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFault:
    """`line` counts from 1 (0: the whole file); `column` is the heading as the file spells it.

    `mdt_portal.tables.wording.fault_text` puts it into words.
    """

    code: str
    line: int = 0
    column: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


class UnreadableError(ValueError):
    """Nothing can be made of the file; `fault` says why."""

    def __init__(self, code: str, *, line: int = 0, **params: Any) -> None:
        super().__init__(code)
        self.fault = TableFault(code=code, line=line, params=params)
