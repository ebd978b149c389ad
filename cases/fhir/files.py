"""A FHIR file, or several of one export, that a coordinator hands in: tried at once, taken in after the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.catalogue import rulebook
from cases.core.mistake import Mistake
from cases.fhir import imports, report
from cases.fhir.core import guard, reader
from cases.models import FhirFile
from experts.models import Institution
from mdt_portal import audit
from mdt_portal.errors import DomainError, RuleError, StaleState
from mdt_portal.models import User

LARGEST = 20_000_000
LONGEST_NAME = 200
KEPT = timedelta(days=1)
"""How long the text of a file waits to be taken in."""


def hand_in(name: str, packed: bytes, *, by: User, institution: Institution) -> FhirFile:
    """Read the file and try it; what it would do stands in its report, and nothing of it is kept but its text."""
    return hand_in_set([(name, packed)], by=by, institution=institution)


@transaction.atomic
def hand_in_set(given: Sequence[tuple[str, bytes]], *, by: User, institution: Institution) -> FhirFile:
    """The same of several files of one export (name, content), which are read together and become one."""
    FhirFile.objects.filter(taken_in_at=None, uploaded_at__lt=timezone.now() - KEPT).update(text="")
    if not rulebook.in_force(rulebook.today(institution.zone)):
        raise RuleError(_("No rule of the catalogue is in force, so nothing can be decided about a referral."))
    content, text = read(given, institution)
    row = FhirFile(institution=institution, name=shown_name([name for name, _packed in given]), uploaded_by=by)
    if content.mistakes:
        row.report = report.of_refused(row.name, content.mistakes)
    else:
        try:
            people = imports.bring_in(content, by=by, institution=institution, dry_run=True)
            row.text, row.report = text, report.of_file(row.name, content, people)
        except DomainError as error:
            row.report = report.of_refused(row.name, []) | {"refused_because": str(error)}
    row.save()
    audit.record("fhir.handed_in", by=by, subject=row)
    return row


def read(
    given: Sequence[tuple[str, bytes]], institution: Institution, *, most: int = LARGEST
) -> tuple[reader.Content, str]:
    """What the files hold together, and their text as one. Of several an empty one says nothing, and is passed over."""
    parts, mistakes = [], []
    for name, packed in given:
        text, mistake = guard.text_of(packed, most=most)
        place = name if len(given) > 1 else ""
        if mistake is None:
            parts.append((place, text))
        elif len(given) == 1 or mistake.code != "empty_file":
            mistakes.append(replace(mistake, place=place))
    if sum(len(packed) for _name, packed in given) > most:
        mistakes = [Mistake(place="", code="too_large", params={"most": most // 1_000_000})]
    if not parts and not mistakes:
        mistakes = [Mistake(place="", code="empty_file")]
    if mistakes:
        return reader.Content(mistakes=tuple(mistakes)), ""
    content = reader.read_set(parts, institution.tz)
    if content.mistakes or len(parts) == 1:
        return content, parts[0][1]
    return content, guard.together(parts)


def shown_name(names: Sequence[str]) -> str:
    """The names of a set of files, as far as there is room."""
    name = ", ".join(names)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


@transaction.atomic
def take_in(file: FhirFile, *, by: User) -> FhirFile:
    """Write what the file holds; its text goes, its report stays."""
    file = FhirFile.objects.select_for_update(of=("self",)).select_related("institution").get(pk=file.pk)
    if file.taken_in_at is not None:
        raise StaleState(_("This file was taken in already."))
    if not file.text:
        raise StaleState(_("The text of this file is gone. Please hand it in again."))
    content = reader.read(file.text, file.institution.tz)
    people = imports.bring_in(content, by=by, institution=file.institution)
    file.report, file.text, file.taken_in_at = report.of_file(file.name, content, people), "", timezone.now()
    file.save(update_fields=["report", "text", "taken_in_at"])
    audit.record("fhir.taken_in", by=by, subject=file, counts=file.report["counts"])
    return file
