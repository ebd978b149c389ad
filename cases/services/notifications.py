"""Tell the referrer that the team's recommendation is there: one mail, without a word about the patient."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from cases.models import Recommendation
from mdt_portal import outbox
from mdt_portal.channels import mail
from mdt_portal.i18n import clock


@outbox.handles("case.concluded")
def mail_referrer(case: int) -> None:
    row = Recommendation.objects.select_related("case__referrer", "case__team").get(case=case)
    person = row.case.referrer
    if person is None or row.next_follow_up_on is None:
        return
    with translation.override(person.language or settings.LANGUAGE_CODE):
        words = {
            "name": str(person),
            "number": row.case.number,
            "team": row.case.team.name if row.case.team else "",
            "next_follow_up_on": clock.day(row.next_follow_up_on),
            "who": row.person,
            "url": settings.MDT_PUBLIC_URL + reverse("case", args=[row.case.public_id]),
        }
        mail.send_template("concluded", to=person.email, user=person, words=words)
