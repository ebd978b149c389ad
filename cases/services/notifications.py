"""Tell the referrer that the recommendation, or an addendum to it, is there: one mail that names no patient."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from cases.models import Addendum, Recommendation
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
            "next_look": clock.day(row.next_follow_up_on),
            "who": row.person,
            "url": settings.MDT_PUBLIC_URL + reverse("case", args=[row.case.public_id]),
        }
        mail.send_template("concluded", to=person.email, user=person, words=words)


@outbox.handles("case.addendum")
def mail_referrer_of_addendum(addendum: int) -> None:
    row = Addendum.objects.select_related("recommendation__case__referrer", "recommendation__case__team").get(
        pk=addendum
    )
    case = row.recommendation.case
    if case.referrer is None:
        return
    with translation.override(case.referrer.language or settings.LANGUAGE_CODE):
        words = {
            "name": str(case.referrer),
            "number": case.number,
            "team": case.team.name if case.team else "",
            "url": settings.MDT_PUBLIC_URL + reverse("case", args=[case.public_id]),
        }
        mail.send_template("addendum", to=case.referrer.email, user=case.referrer, words=words)
