"""What is read at most once while one request is answered, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

Answer = TypeVar("Answer")
_memory: ContextVar[dict[Any, Any] | None] = ContextVar("memory", default=None)


class RequestMemory:
    """Middleware: each request begins with an empty memory, and leaves none behind."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _memory.set({})
        try:
            return self.get_response(request)
        finally:
            _memory.reset(token)


def once_a_request(read: Callable[[], Answer]) -> Callable[[], Answer]:
    """A function without arguments that is called once a request. Outside of one each call reads anew."""

    @wraps(read)
    def remembered() -> Answer:
        memory = _memory.get()
        if memory is None:
            return read()
        if read not in memory:
            memory[read] = read()
        found: Answer = memory[read]
        return found

    return remembered
