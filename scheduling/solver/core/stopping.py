"""Ends a CP-SAT search from outside: the solver itself only looks at its clock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def stopping(solver: Any, stop: Callable[[], bool]) -> Iterator[None]:
    """Within a quarter of a second once somebody asks for it."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.25):
            if stop():
                solver.stop_search()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
