"""A FHIR file that a coordinator hands in on the page: tried at once, taken in when they have seen the report."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.catalogue import rulebook
from cases.fhir import imports, report
from cases.fhir.core import guard, reader
from cases.models import FhirFile
from experts.models import Institution
from mdt_portal import audit
from mdt_portal.errors import DomainError, RuleError, StaleState
from mdt_portal.models import User

LARGEST = 20_000_000
KEPT = timedelta(days=1)
"""How long the text of a file waits to be taken in."""


@transaction.atomic
def hand_in(name: str, packed: bytes, *, by: User, institution: Institution) -> FhirFile:
    """Read the file and try it; what it would do stands in its report, and nothing of it is kept but its text."""
    FhirFile.objects.filter(taken_in_at=None, uploaded_at__lt=timezone.now() - KEPT).update(text="")
    if not rulebook.in_force(rulebook.today(institution.zone)):
        raise RuleError(_("No rule of the catalogue is in force, so nothing can be decided about a referral."))
    text, mistake = guard.text_of(packed, most=LARGEST)
    content = reader.Content(mistakes=(mistake,)) if mistake else reader.read(text, institution.tz)
    row = FhirFile(institution=institution, name=name[:200], uploaded_by=by)
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
