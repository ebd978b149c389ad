"""Errors that a user can cause. Each has a stable code, parameters, and words in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """An action was refused. `code` is stable for programs; `message` is for people, already in their language.

    `fields` maps a form field to its messages; `status` is what HTTP answers.
    """

    code = "refused"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        params: Mapping[str, Any] | None = None,
        fields: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.params = dict(params or {})
        self.fields = dict(fields or {})

    def __str__(self) -> str:
        return str(self.message)


class RuleError(DomainError):
    """What was asked for breaks a rule; nothing was written."""

    code = "rule_broken"


class NotAllowed(DomainError):
    """The person may not do this."""

    code = "not_allowed"
    status = 403


class Conflict(DomainError):
    """Somebody else was faster, or the world has moved on; look again, then decide."""

    code = "conflict"
    status = 409


class TransitionNotAllowed(Conflict):
    """There is no arrow from the present state to the one asked for."""

    code = "transition_not_allowed"


class StaleState(Conflict):
    """The row has left the state in which the caller saw it."""

    code = "stale_state"


class StalePlan(Conflict):
    """The published plan, or what it rests on, changed since the proposal was computed."""

    code = "stale_plan"
