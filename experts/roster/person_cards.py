"""The people of a pool: what is known of one person, and the one service that writes it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, models, transaction
from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.models import EMAIL_ONCE, Affiliation, Expert, Institution, Qualification
from mdt_portal import access, audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User

CAPS = {"max_sessions_day": 10, "max_sessions_week": 40, "max_minutes_week": 3000}
"""The most that each cap may be; zero means that nobody asks this person."""
LONGEST = {"name_en": 120, "name_zh": 120, "email": 254, "phone": 30}
"""As many characters as the table of experts takes."""
LONGEST_SKILL = 40
PHONE = re.compile(r"\+?(?=(?:\D*\d){3})[\d\s().\-/—]+(?:\s*(?:x|ext\.?|转)\s*\d{1,6})?", re.IGNORECASE)
"""Three digits at least, with what people put between them, and an extension."""
COLUMNS = ("name_en", "name_zh", "email", "phone", "remote", "active", *CAPS)
Skill = tuple[int, str]
"""A discipline (id) and a sub-specialty, which may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the pool knows of one person. `titles` are ids of titles by the hospital's id, of present work only."""

    name_en: str = ""
    name_zh: str = ""
    email: str = ""
    phone: str = ""
    remote: bool = True
    active: bool = True
    max_sessions_day: int = 3
    max_sessions_week: int = 8
    max_minutes_week: int = 600
    titles: Mapping[int, int] = field(default_factory=dict)
    skills: frozenset[Skill] = frozenset()


MENDED_WITHIN = timedelta(days=31)


def present(rows: models.QuerySet[Affiliation], on: date | None = None) -> models.QuerySet[Affiliation]:
    """Those that have not ended."""
    return rows.filter(Q(until__isnull=True) | Q(until__gte=on or timezone.now().date()))


def work_at(people: models.QuerySet[Expert], hospital: str) -> models.QuerySet[Affiliation]:
    """The work of these people at a hospital (its public id): the present, or what has just ended, which may be a
    mistake that somebody wants to mend."""
    since = timezone.now().date() - MENDED_WITHIN
    rows = present(Affiliation.objects.filter(expert__in=people, institution__public_id=hospital), since)
    return rows.select_related("expert", "institution").order_by("since")


def with_work(rows: models.QuerySet[Expert]) -> models.QuerySet[Expert]:
    """Experts with what a card and a line need: present work as `work`, and qualifications."""
    work = present(Affiliation.objects.select_related("institution", "title"))
    skills = Qualification.objects.select_related("discipline").order_by("discipline__key", "sub_specialty")
    return rows.prefetch_related(
        Prefetch("affiliations", queryset=work, to_attr="work"), Prefetch("qualifications", queryset=skills)
    )


def card_of(expert: Expert) -> Card:
    """The card as it is kept now; cheap for an expert that came `with_work`."""
    if not hasattr(expert, "work"):
        models.prefetch_related_objects([expert], *with_work(Expert.objects.all())._prefetch_related_lookups)  # type: ignore[attr-defined]
    return Card(
        **{name: getattr(expert, name) for name in COLUMNS},
        titles={row.institution_id: row.title_id for row in reversed(expert.work)},  # type: ignore[attr-defined]
        skills=frozenset((row.discipline_id, row.sub_specialty) for row in expert.qualifications.all()),
    )


def changed(before: Card, after: Card) -> list[str]:
    """The names of the fields in which two cards differ."""
    return [one.name for one in dataclasses.fields(Card) if getattr(before, one.name) != getattr(after, one.name)]


@transaction.atomic
def save(expert: Expert | None, card: Card, *, by: User | None) -> Expert:
    """Write a card; None makes a new person. Titles are given and changed, never taken: who leaves, leaves on a day.

    One person has one e-mail address and one address has one person. Whoever gives a title must keep that hospital's
    pool; without `by` (a command on the server) anybody's may be given.
    """
    hospitals = {one.pk: one for one in Institution.objects.select_for_update(no_key=True).filter(pk__in=card.titles)}
    if expert is None:
        before, expert = Card(active=card.active), Expert()
    else:
        expert = Expert.objects.select_for_update().get(pk=expert.pk)
        before = card_of(expert)
        card = dataclasses.replace(card, titles={**before.titles, **card.titles})
    _checked(expert, card)
    given = [pk for pk, title in card.titles.items() if before.titles.get(pk) != title]
    for pk in given if by is not None else ():
        access.require(by, "pool.edit", hospitals[pk])
    difference = changed(before, card)
    is_new = expert.pk is None
    if difference or is_new:
        for name in COLUMNS:
            setattr(expert, name, getattr(card, name))
        _write(expert)
        _give_titles(expert, {pk: card.titles[pk] for pk in given}, first=not before.titles)
        _set_skills(expert, before.skills, card.skills)
        audit.record("expert.added" if is_new else "expert.changed", by=by, subject=expert, fields=difference)
    return expert


def _write(expert: Expert) -> None:
    """Raises RuleError where somebody else was given the address in the meantime."""
    try:
        with transaction.atomic():
            expert.save()
    except IntegrityError as error:
        if EMAIL_ONCE.name not in str(error):
            raise
        raise _refused({"email": [str(EMAIL_ONCE.violation_error_message)]}) from error


def _give_titles(expert: Expert, titles: Mapping[int, int], *, first: bool) -> None:
    for hospital, title in titles.items():
        work = present(expert.affiliations.filter(institution=hospital))
        if not work.update(title=title):
            expert.affiliations.create(institution_id=hospital, title_id=title, home=first)
            first = False


def _set_skills(expert: Expert, before: frozenset[Skill], after: frozenset[Skill]) -> None:
    for discipline, sub_specialty in before - after:
        expert.qualifications.filter(discipline=discipline, sub_specialty=sub_specialty).delete()
    Qualification.objects.bulk_create(
        Qualification(expert=expert, discipline_id=discipline, sub_specialty=sub_specialty)
        for discipline, sub_specialty in sorted(after - before)
    )


@transaction.atomic
def end_work(work: Affiliation, *, until: date | None, by: User | None) -> Affiliation:
    """Somebody's last day at a hospital; None: no end is known any more. Published sessions stay as they are.

    Callers ask for `pool.edit` of the hospital first.
    """
    expert = Expert.objects.select_for_update().get(pk=work.expert_id)
    row = Affiliation.objects.select_for_update(of=("self",)).get(pk=work.pk)
    wrong = ""
    if until and row.since and until < row.since:
        wrong = _("The last day lies before the first day.")
    elif until and until < timezone.now().date() - MENDED_WITHIN:
        wrong = _("The last day lies more than a month back.")
    others = expert.affiliations.filter(home=True, until=None).exclude(pk=row.pk)  # type: ignore[attr-defined]
    if until is None and row.home and others.exists():
        wrong = _("Another hospital is the main employer by now.")
    if wrong:
        raise _refused({"until": [wrong]})
    if row.until != until:
        row.until = until
        row.save(update_fields=["until"])
        day = str(until) if until else ""
        audit.record("expert.work_ends", by=by, subject=expert, hospital=row.institution_id, until=day)
    return row


# What a card may say --------------------------------------------------------------------------------------------------


def _checked(expert: Expert, card: Card) -> None:
    """All that is wrong at once, by field."""
    wrong = mistakes(card)
    if card.email and not wrong.get("email"):
        others = Expert.objects.filter(email__iexact=card.email).exclude(pk=expert.pk)
        if others.exists():
            wrong["email"] = [str(EMAIL_ONCE.violation_error_message)]
    if wrong:
        raise _refused(wrong)


def _refused(wrong: Mapping[str, list[str]]) -> RuleError:
    return RuleError(" ".join(text for texts in wrong.values() for text in texts), code="invalid", fields=wrong)


def _too_long(card: Card) -> Iterator[tuple[str, int]]:
    """The fields whose text no column holds, and how many characters it holds."""
    yield from ((name, most) for name, most in LONGEST.items() if len(getattr(card, name)) > most)
    if any(len(sub_specialty) > LONGEST_SKILL for _discipline, sub_specialty in card.skills):
        yield "skills", LONGEST_SKILL


def mistakes(card: Card) -> dict[str, list[str]]:
    """What is wrong with a card in itself, by field, in the reader's language."""
    wrong: dict[str, list[str]] = {}

    def add(name: str, sentence: str, **parts: Any) -> None:
        wrong.setdefault(name, []).append(sentence % parts)

    if not (card.name_en or card.name_zh):
        add("name_zh", _("Give a name in at least one language."))
    if card.email:
        try:
            validate_email(card.email)
        except ValidationError:
            add("email", _("“%(text)s” is not an e-mail address."), text=card.email)
    if card.phone and not PHONE.fullmatch(card.phone):
        add(
            "phone",
            _("“%(text)s” is not a phone number; write +86 10 1234 5678, with an extension as x123."),
            text=card.phone,
        )
    for name, most in _too_long(card):
        add(name, _("Use at most %(most)d characters."), most=most)
    if not card.titles:
        add("titles", _("Give a title at one hospital at least."))
    if not card.skills:
        add("skills", _("Give one discipline at least; without one nobody can be asked."))
    for name, most in CAPS.items():
        if not 0 <= getattr(card, name) <= most:
            add(name, _("Choose a number from 0 to %(most)d."), most=most)
    if card.max_sessions_week < card.max_sessions_day:
        add("max_sessions_week", _("A week cannot hold fewer sessions than one of its days."))
    return wrong
