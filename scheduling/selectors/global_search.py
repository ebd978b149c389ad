"""Search across all that a reader may see: cases, sessions, people. Reads only; a few queries, whatever is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from cases.models import Case
from cases.selectors import case_queue
from cases.states import CaseStatus
from experts.models import Affiliation, Expert, Team
from mdt_portal import access, shell
from mdt_portal.i18n import clock, phrases, pinyin
from mdt_portal.models import User
from scheduling.models import Session
from scheduling.states import SessionStatus

MOST = 10
SHORTEST = 2
RECENT = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    url: str
    title: str
    detail: str
    state: Any = None  # a Status of the row, shown as a pill
    number: str = ""  # a case's


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    label: str | Promise
    icon: str
    hits: list[Hit]
    more: bool  # there is more than is shown


def find(text: str, user: User) -> list[Group]:
    """What fits `text`, by kind, at most MOST of each; empty groups are left out."""
    text = text.strip()
    if len(text) < SHORTEST:
        return []
    kinds: list[tuple[str | Promise, str, Callable[[str, User], list[Hit]]]] = [
        (gettext_lazy("Cases"), "queue", _cases),
        (gettext_lazy("Sessions"), "sessions", _sessions),
        (gettext_lazy("People"), "person", _people),
    ]
    groups = []
    for label, icon, search in kinds:
        hits = search(text, user)
        if hits:
            groups.append(Group(label=label, icon=icon, hits=hits[:MOST], more=len(hits) > MOST))
    return groups


def _cases(text: str, user: User) -> list[Hit]:
    rows = case_queue.rows(access.visible(user, Case.objects.all()).filter(case_queue.found_by(text, user)))
    cases = list(rows[: MOST + 1])
    case_queue.note_looks(cases, text, user)
    return [
        Hit(
            url=reverse("case", args=[case.public_id]),
            number=case.number,
            title=phrases.line(case.number, case_queue.about(case)),
            detail=phrases.line(case_queue.whom(case), case.institution.name, case.team.name if case.team else ""),
            state=CaseStatus(case.status),
        )
        for case in cases
    ]


def _sessions(text: str, user: User) -> list[Hit]:
    """By the team's name, the room's name, or the day as 2026-11-24; the coming ones first."""
    now = timezone.now()
    fits = Q()
    for field in ("team__name_en", "team__name_zh", "room__name_en", "room__name_zh"):
        fits |= Q(**{f"{field}__icontains": text})
    fits |= Q(team__in=_sounding(access.visible(user, Team.objects.filter(active=True)), text))
    rows = access.visible(user, Session.objects.filter(fits, start__gt=now - RECENT))
    if day := _day(text):
        zone = clock.zone(getattr(shell.home(user), "zone", None))
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        rows = access.visible(user, Session.objects.filter(start__range=(midnight, midnight + timedelta(days=1))))
    rows = rows.select_related("team", "room", "institution").distinct()
    found = sorted(rows.order_by("-start")[:200], key=lambda one: (one.end < now, abs(one.start - now)))
    return [
        Hit(
            url=reverse("session", args=[one.public_id]),
            title=one.team.name,
            detail=phrases.line(
                clock.when(one.start.astimezone(one.institution.tz), now=now.astimezone(one.institution.tz)),
                one.institution.name,
                one.room.name if one.room else "",
            ),
            state=SessionStatus(one.status),
        )
        for one in found[: MOST + 1]
    ]


def _sounding(rows: QuerySet[Any], text: str) -> list[int]:
    """The ids of the rows whose Chinese name sounds so (`wangfang`, `wf`); no query where no letters are typed."""
    letters = pinyin.letters_of(text)
    if not letters:
        return []
    names = rows.values_list("pk", "name_zh").distinct()
    return [pk for pk, name in names if pinyin.sounds_like(name, letters)]


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _people(text: str, user: User) -> list[Hit]:
    if not access.can(user, "plan.view", None):
        return []
    seen = access.visible(user, Expert.objects.filter(active=True))
    fits = Q(name_en__icontains=text) | Q(name_zh__icontains=text) | Q(pk__in=_sounding(seen, text))
    rows = seen.filter(fits).distinct().order_by("name_en", "pk")
    today = timezone.now().date()
    current = Affiliation.objects.filter(Q(until__isnull=True) | Q(until__gte=today))
    work = current.select_related("institution", "title")
    people = rows.prefetch_related("disciplines", Prefetch("affiliations", queryset=work, to_attr="work"))
    return [
        Hit(
            url=reverse("person", args=[one.public_id]),
            title=one.name,
            detail=phrases.line(
                phrases.listed(sorted({discipline.name for discipline in one.disciplines.all()})),
                *(phrases.line(row.title.name, row.institution.name) for row in one.work),  # type: ignore[attr-defined]
            ),
        )
        for one in people[: MOST + 1]
    ]
