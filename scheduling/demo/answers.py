"""The answers that make the week board look alive: most say yes, a few say no, some have not looked yet."""

from __future__ import annotations

import random

from django.utils import timezone

from mdt_portal.models import User
from scheduling.models import Invitation, Session
from scheduling.sessions import invitations
from scheduling.sessions.invitations import DeclineReason
from scheduling.states import InvitationStatus

ANSWERED = 0.4  # of the invitations to sessions that are not complete
DECLINED = 2
QUIET_ACCOUNTS = ("expert", "chair")
"""The demo accounts find some of their invitations unanswered."""


def give(*, seed: int) -> dict[str, int]:
    """Let about seven in ten invitations be answered; returns how many stand at which status."""
    rng = random.Random(f"{seed}/answers")  # noqa: S311  not for secrets
    quiet = set(User.objects.filter(username__in=QUIET_ACCOUNTS).values_list("pk", flat=True))
    refusals = DECLINED
    for number, session in enumerate(Session.objects.live().filter(start__gt=timezone.now()).order_by("start", "pk")):
        complete = number % 2 == 0  # every other session: everybody says yes
        for invitation in _open(session):
            user = invitation.attendance.expert.user
            if complete or (rng.random() < ANSWERED and not (user and user.pk in quiet)):
                invitations.accept(invitation, by=user)
            elif refusals and not (user and user.pk in quiet):
                refusals -= 1
                reason = rng.choice([DeclineReason.THEATRE, DeclineReason.AWAY, DeclineReason.CLASH])
                invitations.decline(invitation, by=user, reason=reason)
    coming = Invitation.objects.filter(attendance__session__start__gt=timezone.now())
    everything = list(coming.values_list("status", flat=True))
    return {str(status.label): everything.count(status) for status in InvitationStatus if status in everything}


def _open(session: Session) -> list[Invitation]:
    return list(
        Invitation.objects.filter(attendance__session=session, status=InvitationStatus.PENDING)
        .select_related("attendance__session", "attendance__expert__user")
        .order_by("pk")
    )
