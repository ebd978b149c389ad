"""CP-SAT's modelling layer, imported when somebody first needs it and without pandas.

OR-Tools imports pandas for its methods on series, which nothing here calls; that would cost each process 40 MB and
half a second. So a process that has not imported pandas shows OR-Tools an empty one while it is imported.
"""

import sys
import threading
from functools import cache
from types import ModuleType
from typing import Any

_ONE_AT_A_TIME = threading.Lock()


def load() -> Any:
    """The module `ortools.sat.python.cp_model`."""
    with _ONE_AT_A_TIME:
        return _loaded()


@cache
def _loaded() -> Any:
    stand_in = None
    if "pandas" not in sys.modules:
        stand_in = ModuleType("pandas")
        stand_in.Index = stand_in.Series = type("Nothing", (), {})  # type: ignore[attr-defined]
        sys.modules["pandas"] = stand_in
    try:
        from ortools.sat.python import cp_model  # noqa: PLC0415 - a second and 100 MB: only who solves pays
    finally:
        if stand_in is not None:
            del sys.modules["pandas"]
    return cp_model
