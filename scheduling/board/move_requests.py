"""One change by hand as somebody asks for it: page and API parse it, and it is checked and carried out here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cases.models import Case
from experts.models import Institution
from mdt_portal.models import User
from scheduling.board import dry_run, moves
from scheduling.board.dry_run import Check, Where
from scheduling.board.editable_week import EditableWeek
from scheduling.models import Move, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """What moves, and where to; without a target a case is taken off its agenda.

    `expected` is the fingerprint of the check that its sender saw; `acknowledged` says yes to what only warns.
    """

    subject: Case | Session
    where: Where | None
    acknowledged: bool = False
    expected: str = ""

    @property
    def institution(self) -> Institution | None:
        """The hospital whose board changes; a case without a team has none."""
        return self.subject.team.institution if self.subject.team else None

    def check(self, *, again: EditableWeek | None = None) -> Check:
        """What the change would do; nothing is written."""
        return moves.check(self.subject, self.where, again=again)

    def carry_out(self, *, by: User) -> Move:
        """Raises what `moves.place` raises."""
        how: dict[str, Any] = {"by": by, "acknowledged": self.acknowledged, "expected": self.expected}
        if isinstance(self.subject, Session):
            return moves.move_session(self.subject, self.where or Where(), **how)
        if self.where is None:
            return moves.take_off(self.subject, **how)
        service = moves.place if dry_run.place_of(self.subject) is None else moves.move_case
        return service(self.subject, self.where, **how)
