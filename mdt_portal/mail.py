"""Outgoing mail. Called by outbox handlers only. In a demo nothing leaves: mails are kept and read in the portal."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage

from mdt_portal.models import KeptMail, User


def send(*, to: str, subject: str, body: str, user: User | None = None) -> None:
    """Send a plain mail, or keep it where the installation keeps its mails (demo, tests)."""
    if not to:
        return
    if settings.LOCAL:
        KeptMail.objects.create(to=to, user=user, subject=subject, body=body)
    else:
        EmailMessage(subject, body, to=[to]).send()
