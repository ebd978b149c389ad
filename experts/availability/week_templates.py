"""Weeks that a hospital keeps under a name, and gives to several people at once. Callers ask for `pool.edit` first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.availability import time_keeping, weekly_hours
from experts.availability.core import week_pattern
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Expert, Institution, WeekTemplate
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekChange:
    """What a template makes of one person's weeks; `wrong` says why it cannot be given to them."""

    expert: Expert
    before: list[WeekSpan]
    after: list[WeekSpan]
    wrong: str = ""

    @property
    def changes(self) -> bool:
        return self.before != self.after


@transaction.atomic
def save(
    template: WeekTemplate | None,
    *,
    institution: Institution,
    name_en: str,
    name_zh: str,
    week: Iterable[WeekSpan],
    by: User | None,
) -> WeekTemplate:
    """Write a template; None makes a new one. What people were given from it stays theirs.

    Refused: no name, a name that another template of the hospital has, and no time at all.
    """
    wanted = weekly_hours.checked_pattern(week)
    others = WeekTemplate.objects.filter(institution=institution)
    if template is not None:
        others = others.exclude(pk=template.pk)
    wrong: dict[str, list[str]] = {}
    if not (name_en or name_zh):
        wrong["name_zh"] = [_("Give a name in at least one language.")]
    for field, name in (("name_en", name_en), ("name_zh", name_zh)):
        if name and others.filter(Q(name_en__iexact=name) | Q(name_zh__iexact=name)).exists():
            wrong[field] = [_("Another template of this hospital has this name.")]
    if not wanted:
        wrong["week"] = [_("Say when the people can come.")]
    if wrong:
        raise RuleError(" ".join(text for texts in wrong.values() for text in texts), code="invalid", fields=wrong)
    row = template or WeekTemplate(institution=institution)
    row.name_en, row.name_zh = name_en, name_zh
    row.save()
    row.times.all().delete()
    row.times.bulk_create(row.times.model(template=row, **span._asdict()) for span in wanted)
    audit.record("week_template.saved", by=by, subject=row, hospital=institution.pk, stretches=len(wanted))
    return row


@transaction.atomic
def remove(template: WeekTemplate, *, by: User | None) -> None:
    """Nobody's time changes."""
    audit.record("week_template.removed", by=by, subject=template, hospital=template.institution_id)
    template.delete()


def week_of(template: WeekTemplate) -> list[WeekSpan]:
    return week_pattern.of_rows(template.times.all())  # type: ignore[attr-defined]


def changes(template: WeekTemplate, people: Sequence[Expert], *, adds: bool) -> list[WeekChange]:
    """What giving the template to these people would change; nothing is written.

    With `adds` it comes on top of what they have, else it takes its place. The queries do not grow with the people.
    Raises RuleError for who does not work at the hospital now, with their names.
    """
    here = set(people_of(template.institution).values_list("pk", flat=True))
    if strangers := [one.name for one in people if one.pk not in here]:
        raise _refused(_("Does not work at this hospital now:"), strangers)
    week = week_of(template)
    prefetch_related_objects(people, "weekly_availability")
    return [_change(expert, week, adds=adds) for expert in people]


def _change(expert: Expert, week: list[WeekSpan], *, adds: bool) -> WeekChange:
    before = week_pattern.of_rows(expert.weekly_availability.all())  # type: ignore[attr-defined]
    after = week_pattern.joined(before, week) if adds else week
    wrong = ""
    try:
        after = weekly_hours.checked_pattern(after)
    except RuleError as error:
        wrong = error.message
    return WeekChange(expert=expert, before=before, after=after, wrong=wrong)


@transaction.atomic
def give(template: WeekTemplate, people: Iterable[Expert], *, adds: bool, by: User | None) -> list[WeekChange]:
    """Give the template to these people: to all of them, or to none where it does not fit one. Those who changed."""
    rows = list(Expert.objects.select_for_update().filter(pk__in=[one.pk for one in people]).order_by("pk"))
    found = changes(template, rows, adds=adds)
    if wrong := [f"{one.expert.name}: {one.wrong}" for one in found if one.wrong]:
        raise _refused(_("The template does not fit everybody:"), wrong)
    changed = [one for one in found if one.changes]
    for one in changed:
        time_keeping.set_week(one.expert, one.after, by=by)
    audit.record("week_template.given", by=by, subject=template, hospital=template.institution_id, people=len(changed))
    return changed


def people_of(institution: Institution) -> QuerySet[Expert]:
    """Whom a template of this hospital may be given to: who works there now, and is active."""
    stays = Q(until__isnull=True) | Q(until__gte=timezone.now().date())
    work = institution.affiliations.filter(stays)  # type: ignore[attr-defined]
    return Expert.objects.filter(active=True, pk__in=work.values("expert")).order_by("name_en", "pk")


def _refused(said: str, names: Iterable[str]) -> RuleError:
    text = f"{said} {'; '.join(names)}"
    return RuleError(text, code="template_does_not_fit", fields={"people": [text]})
