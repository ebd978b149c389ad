"""Outgoing mail. Called by outbox handlers only. In a demo nothing leaves: mails are kept and read in the portal."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from mdt_portal.models import KeptMail, User

BLANK_LINES = re.compile(r"\n{3,}")


def send(*, to: str, subject: str, body: str, user: User | None = None) -> None:
    """Send a plain mail, or keep it where the installation keeps its mails (demo, tests)."""
    if not to:
        return
    if settings.LOCAL:
        KeptMail.objects.create(to=to, user=user, subject=subject, body=body)
    else:
        EmailMessage(subject, body, to=[to]).send()


def send_template(name: str, *, to: str, user: User | None, words: Mapping[str, object]) -> None:
    """Send templates/mail/<name>.txt under the subject of <name>_subject.txt, in the language that is active."""
    context = dict(words)
    subject = render_to_string(f"mail/{name}_subject.txt", context).strip().replace("\n", " ")
    body = BLANK_LINES.sub("\n\n", render_to_string(f"mail/{name}.txt", context).strip()) + "\n"
    send(to=to, subject=subject, body=body, user=user)
