"""Who answers emergencies, and until when. Callers ask for `pool.edit` of the hospital first.

A duty is for a discipline, for a disease group, or for anything. Times are moments; people read and write them by the
clock of the hospital.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.availability.core.time_intervals import whole_days
from experts.models import Discipline, DiseaseGroup, Expert, Institution, OnCallDuty
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User

LONGEST = timedelta(days=14)


def between(hospitals: Iterable[Institution], start: datetime, end: datetime) -> QuerySet[OnCallDuty]:
    """The duties that touch a stretch of time, the earliest first."""
    rows = OnCallDuty.objects.filter(institution__in=hospitals, start__lt=end, end__gt=start)
    return rows.select_related("expert", "institution", "discipline", "disease_group").order_by(
        "start", "discipline__key", "disease_group__key", "pk"
    )


def of_week(institution: Institution, monday: date) -> QuerySet[OnCallDuty]:
    """The duties of one week by the hospital's clock."""
    return between([institution], *whole_days(monday, monday + timedelta(days=6), institution.tz))


def at(
    hospitals: Iterable[Institution],
    moment: datetime,
    *,
    discipline: Discipline | None = None,
    disease_group: DiseaseGroup | None = None,
) -> QuerySet[OnCallDuty]:
    """Who is on call at a moment; with a discipline or group, who answers for it, and who answers for anything last."""
    rows = OnCallDuty.objects.filter(institution__in=hospitals, start__lte=moment, end__gt=moment)
    if discipline is not None or disease_group is not None:
        anything = Q(discipline__isnull=True, disease_group__isnull=True)
        asked = Q()
        if discipline is not None:
            asked |= Q(discipline=discipline)
        if disease_group is not None:
            asked |= Q(disease_group=disease_group)
        rows = rows.filter(anything | asked)
    return rows.select_related("expert", "institution", "discipline", "disease_group").order_by(
        F("disease_group__key").asc(nulls_last=True), F("discipline__key").asc(nulls_last=True), "start", "pk"
    )


@transaction.atomic
def add(
    institution: Institution,
    *,
    expert: Expert,
    start: datetime,
    end: datetime,
    discipline: Discipline | None = None,
    disease_group: DiseaseGroup | None = None,
    by: User | None,
) -> OnCallDuty:
    """Put somebody of the hospital on call. Refused: what is over, more than two weeks at once, who does not work there
    then, a discipline that they do not have, and the same duty twice."""
    wrong = _mistakes(institution, expert, start, end, discipline)
    if discipline is not None and disease_group is not None:
        wrong["discipline"] = _("Choose a discipline or a disease group, not both.")
    if wrong:
        fields = {name: [text] for name, text in wrong.items()}
        raise RuleError(" ".join(wrong.values()), code="invalid", fields=fields)
    Expert.objects.select_for_update().get(pk=expert.pk)
    same = OnCallDuty.objects.filter(
        expert=expert, institution=institution, discipline=discipline, disease_group=disease_group
    )
    if clash := same.filter(start__lt=end, end__gt=start).first():
        text = _("%(who)s is on call then already: %(from)s to %(to)s.") % {
            "who": expert.name,
            "from": f"{clash.start.astimezone(institution.tz):%Y-%m-%d %H:%M}",
            "to": f"{clash.end.astimezone(institution.tz):%Y-%m-%d %H:%M}",
        }
        raise RuleError(text, code="overlap", fields={"start": [text]})
    row = OnCallDuty.objects.create(
        institution=institution,
        expert=expert,
        start=start,
        end=end,
        discipline=discipline,
        disease_group=disease_group,
    )
    audit.record("on_call.added", by=by, subject=expert, hospital=institution.pk, start=start.isoformat())
    return row


@transaction.atomic
def remove(duty: OnCallDuty, *, by: User | None) -> None:
    audit.record(
        "on_call.removed", by=by, subject=duty.expert, hospital=duty.institution_id, start=duty.start.isoformat()
    )
    duty.delete()


def _mistakes(
    institution: Institution, expert: Expert, start: datetime, end: datetime, discipline: Discipline | None
) -> dict[str, str]:
    wrong = {}
    if end <= start:
        wrong["end"] = _("The end must lie after the start.")
    elif end <= timezone.now():
        wrong["end"] = _("That time is over already.")
    elif end - start > LONGEST:
        wrong["end"] = _("One duty lasts two weeks at most.")
    day = end.astimezone(institution.tz).date()
    still_there = Q(until__isnull=True) | Q(until__gte=day)
    work = expert.affiliations.filter(still_there, institution=institution)  # type: ignore[attr-defined]
    if not expert.active or not work.exists():
        wrong["expert"] = _("%(who)s does not work there then.") % {"who": expert.name}
    elif discipline is not None and not expert.qualifications.filter(discipline=discipline).exists():  # type: ignore[attr-defined]
        wrong["discipline"] = _("%(who)s does not sit for this discipline.") % {"who": expert.name}
    return wrong
