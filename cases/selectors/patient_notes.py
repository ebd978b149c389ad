"""What a reader of a case must know of its patient: a death, a source that took the diagnosis back, a doubt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cases.models import Case, HeldMatch
from cases.states import AFTER_DISCUSSION, OVER
from mdt_portal import access
from mdt_portal.i18n import clock
from mdt_portal.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientNote:
    level: str
    title: str
    text: str
    url: str = ""
    action: str = ""


def of(case: Case, user: User) -> list[PatientNote]:
    """The notes at the head of the case page, the gravest first."""
    found = []
    if case.patient.deceased:
        died = case.patient.died_on
        words = (
            _("The patient is recorded as deceased (%(day)s).") % {"day": clock.day(died, today=date.min)}
            if died
            else ""
        )
        found.append(
            PatientNote(level="warn", title=_("Deceased"), text=words or _("The patient is recorded as deceased."))
        )
    taken_back = case.sources.filter(taken_back_at__isnull=False).exists()
    if taken_back and case.status not in (*OVER, *AFTER_DISCUSSION):
        words = _("The source of this referral has taken the diagnosis back, or says that it is over.")
        found.append(PatientNote(level="warn", title=_("Taken back"), text=words))
    doubt = HeldMatch.objects.open().filter(patient=case.patient_id).first()
    if doubt is not None:
        seen = access.visible(user, HeldMatch.objects.filter(pk=doubt.pk)).exists()
        text = _("The patient may be known already under another number of the portal. A coordinator compares both.")
        url = reverse("identity_held", args=[doubt.public_id]) if seen else ""
        title, action = _("Identity in doubt"), pgettext("two records", "Compare") if seen else ""
        found.append(PatientNote(level="warn", title=title, text=text, url=url, action=action))
    return found
