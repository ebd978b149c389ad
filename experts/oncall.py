"""Who answers an emergency."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from experts.models import DiseaseGroup, Expert, Institution, Leave, OnCallDuty


def on_duty(institution: Institution, disease_group: DiseaseGroup | None, moment: datetime) -> list[Expert]:
    """Who is on call at `moment`: those for the disease group first, then those for any. Nobody on leave."""
    here = OnCallDuty.objects.filter(institution=institution, start__lte=moment, end__gt=moment)
    local_day = moment.astimezone(institution.tz).date()
    away = Leave.objects.filter(expert=OuterRef("pk"), first_day__lte=local_day, last_day__gte=local_day)
    matching = here.filter(Q(disease_group__isnull=True) | Q(disease_group=disease_group))
    return list(
        Expert.objects.filter(~Exists(away), active=True, on_call_duties__in=matching)
        .annotate(group=models.Max("on_call_duties__disease_group", filter=Q(on_call_duties__in=matching)))
        .order_by(F("group").asc(nulls_last=True), "name_en", "pk")
    )
