"""The answers that make the week board look alive: most say yes, a few say no, some have not looked yet."""

from __future__ import annotations

import random

from mdt_portal.models import User
from scheduling import invitations
from scheduling.invitations import DeclineReason
from scheduling.models import Invitation, Session
from scheduling.states import InvitationStatus

COMPLETE = 0.55  # of the sessions: everybody says yes
ANSWERED = 0.5  # of the invitations to the others
DECLINED = 2
QUIET_ACCOUNTS = ("expert", "chair")
"""The demo accounts find their invitations unanswered."""


def give(*, seed: int) -> dict[str, int]:
    """Let about seven in ten invitations be answered; returns how many stand at which status."""
    rng = random.Random(f"{seed}/answers")  # noqa: S311  not for secrets
    quiet = set(User.objects.filter(username__in=QUIET_ACCOUNTS).values_list("pk", flat=True))
    refusals = DECLINED
    for session in Session.objects.live().order_by("start", "pk"):
        complete = rng.random() < COMPLETE
        for invitation in _open(session):
            user = invitation.attendance.expert.user
            if user is not None and user.pk in quiet:
                continue
            if complete or rng.random() < ANSWERED:
                invitations.accept(invitation, by=user)
            elif refusals:
                refusals -= 1
                reason = rng.choice([DeclineReason.THEATRE, DeclineReason.AWAY, DeclineReason.CLASH])
                invitations.decline(invitation, by=user, reason=reason)
    everything = list(Invitation.objects.values_list("status", flat=True))
    return {str(status.label): everything.count(status) for status in InvitationStatus if status in everything}


def _open(session: Session) -> list[Invitation]:
    return list(
        Invitation.objects.filter(attendance__session=session, status=InvitationStatus.PENDING)
        .select_related("attendance__session", "attendance__expert__user")
        .order_by("pk")
    )
