"""A hospital's own settings and opening hours; and its teams. Callers ask for `pool.edit` first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from experts.models import INSTITUTION_SETTINGS, Discipline, DiseaseGroup, Expert, Institution, OpeningHours, Team
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.i18n import phrases
from mdt_portal.models import User

Hours = Iterable[tuple[int, time, time]]


@transaction.atomic
def change(
    institution: Institution, *, settings: Mapping[str, int], hours: Hours | None = None, by: User | None
) -> Institution:
    """Change settings and, where `hours` is given, the opening hours (weekday with 0 = Monday, from, to)."""
    institution = Institution.objects.select_for_update().get(pk=institution.pk)
    wrong: dict[str, list[str]] = {}
    fields = []
    for name, value in settings.items():
        one = INSTITUTION_SETTINGS[name]
        if not one.least <= value <= one.most:
            bounds = {"least": one.least, "most": one.most}
            wrong[name] = [_("Choose a number from %(least)d to %(most)d.") % bounds]
        if getattr(institution, name) != value:
            setattr(institution, name, value)
            fields.append(name)
    if not wrong and institution.max_session_min < institution.grain_min:
        wrong["max_session_min"] = [_("The longest session cannot be shorter than one step of its start.")]
    if wrong:
        raise RuleError(" ".join(text for texts in wrong.values() for text in texts), code="invalid", fields=wrong)
    if fields:
        institution.save(update_fields=fields)
    if hours is not None and _set_hours(institution, sorted(hours)):
        fields.append("opening_hours")
    if fields:
        audit.record("institution.changed", by=by, subject=institution, fields=fields)
    return institution


def _set_hours(institution: Institution, wanted: Sequence[tuple[int, time, time]]) -> bool:
    rows = institution.opening_hours  # type: ignore[attr-defined]
    if list(rows.order_by("weekday", "start").values_list("weekday", "start", "end")) == wanted:
        return False
    rows.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(institution=institution, weekday=weekday, start=start, end=end) for weekday, start, end in wanted
    )
    return True


@transaction.atomic
def save_team(
    team: Team | None,
    *,
    institution: Institution,
    disease_group: DiseaseGroup,
    lead_discipline: Discipline,
    name_en: str,
    name_zh: str,
    chair: Expert | None,
    core_members: Sequence[Expert],
    active: bool = True,
    by: User | None,
) -> Team:
    """Write a team; None makes a new one. A hospital has one active team for each disease group."""
    values = {
        "institution": institution,
        "disease_group": disease_group,
        "lead_discipline": lead_discipline,
        "name_en": name_en,
        "name_zh": name_zh,
        "chair": chair,
        "active": active,
    }
    is_new = team is None
    row = Team() if team is None else Team.objects.select_for_update().get(pk=team.pk)
    _checked_team(row, values, core_members)
    fields = [name for name, value in values.items() if is_new or getattr(row, name) != value]
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    if set(row.core_members.values_list("pk", flat=True)) != {one.pk for one in core_members}:
        row.core_members.set(core_members)
        fields.append("core_members")
    if fields:
        audit.record("team.added" if is_new else "team.changed", by=by, subject=row, fields=fields)
    return row


def _checked_team(row: Team, values: Mapping[str, Any], members: Sequence[Expert]) -> None:
    wrong: dict[str, list[str]] = {}
    if not (values["name_en"] or values["name_zh"]):
        wrong["name_zh"] = [_("Give a name in at least one language.")]
    if row.pk and row.institution_id != values["institution"].pk:
        raise ValidationError(_("A team stays at its hospital."))
    rivals = Team.objects.filter(institution=values["institution"], disease_group=values["disease_group"], active=True)
    if values["active"] and rivals.exclude(pk=row.pk).exists():
        wrong["disease_group"] = [_("The hospital has an active team for this disease group already.")]
    for name in ("name_en", "name_zh"):
        same = Team.objects.filter(**{f"{name}__iexact": values[name]}, institution=values["institution"], active=True)
        if values["active"] and values[name] and same.exclude(pk=row.pk).exists():
            wrong[name] = [_("The hospital has an active team of this name already.")]
    here = Expert.objects.filter(affiliations__institution=values["institution"])
    asked = {one.pk for one in members} | ({values["chair"].pk} if values["chair"] else set())
    strangers = Expert.objects.filter(pk__in=asked).exclude(pk__in=here.values("pk"))
    if names := [one.name for one in strangers]:
        said = _("Not at this hospital: %(names)s.") % {"names": phrases.listed(names)}
        wrong["core_members"] = [said]
    if wrong:
        raise RuleError(" ".join(text for texts in wrong.values() for text in texts), code="invalid", fields=wrong)
