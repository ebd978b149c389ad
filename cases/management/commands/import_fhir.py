"""`manage.py import_fhir FILE...`: FHIR R4 bundles into referrals, at most one per disease."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cases.catalogue import rulebook, wording
from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import Undecided
from cases.core.mistake import Mistake
from cases.fhir import files as fhir_files
from cases.fhir import imports, report
from cases.fhir.core import guard, reader
from cases.fhir.imports import Imported, Raised
from experts.models import Institution
from mdt_portal.errors import DomainError
from mdt_portal.models import User

TYPES = (
    "AllergyIntolerance|Appointment|CarePlan|CareTeam|Claim|Communication|Composition|Condition|Consent|Coverage|Device|"
    "DiagnosticReport|DocumentReference|Encounter|EpisodeOfCare|ExplanationOfBenefit|FamilyMemberHistory|Flag|Goal|Group|"
    "ImagingStudy|Immunization|List|Location|Media|Medication|MedicationAdministration|MedicationDispense|"
    "MedicationRequest|MedicationStatement|Observation|Organization|Patient|Person|Practitioner|PractitionerRole|"
    "Procedure|Provenance|Questionnaire|QuestionnaireResponse|RelatedPerson|ServiceRequest|Specimen|Task"
)
OF_AN_EXPORT = re.compile(rf"({TYPES})([._-]\w+)*\.ndjson(\.gz)?")
"""`Patient.ndjson`, `Condition-2.ndjson.gz`: as servers call the files of a bulk export."""


class Command(BaseCommand):
    help = (
        "Import FHIR R4 JSON or NDJSON (also .gz). A file with a mistake is refused whole; the others are imported. "
        "NDJSON files of one export (Patient.ndjson, Condition.ndjson) in one folder are read together, as one file. "
        "Each condition that gives no referral says why."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a file, or a folder of them")
        parser.add_argument(
            "--institution", metavar="ID", help="referring hospital (public id or number); default: the first"
        )
        parser.add_argument("--user", metavar="USERNAME", help="whose referrals these are; default: nobody's")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and keep nothing")
        parser.add_argument("--report", metavar="FILE", help="write what became of every resource, as JSON")
        parser.add_argument("--since", metavar="DATE", help="only what was recorded (else began) on this day or later")
        parser.add_argument("--of-the-dead", action="store_true", help="refer also patients who have died")

    def handle(self, *args: Any, **options: Any) -> None:
        institution, user = hospital(options["institution"]), referrer(options["user"])
        how = {"since": day(options["since"]), "of_the_dead": options["of_the_dead"], "dry_run": options["dry_run"]}
        if not rulebook.in_force(rulebook.today()):
            raise CommandError(_("No rule of the catalogue is in force. Run load_catalogue --publish-from=DATE first."))
        self.stdout.write(_("Referring hospital: %(name)s") % {"name": institution})
        if how["dry_run"]:
            self.stdout.write(_("Dry run: nothing is kept."))
        refused: list[str] = []
        reports = []
        for paths in sets(options["files"]):
            path = ", ".join(map(str, paths))
            try:
                content = read(paths, institution)
                people = imports.bring_in(content, by=user, institution=institution, **how)
            except Refused as error:
                refused.extend(f"{path}: {wording.placed_text(one)}" for one in error.mistakes)
                reports.append(report.of_refused(path, error.mistakes))
                continue
            except (OSError, DomainError) as error:
                text = getattr(error, "strerror", None) or str(error)
                refused.append(f"{path}: {text}")
                reports.append(report.of_refused(path, []) | {"refused_because": text})
                continue
            self.stdout.write(path)
            for person in people:
                self.report(person)
            reports.append(report.of_file(path, content, people))
        if options["report"]:
            text = json.dumps({"files": [report.in_words(one) for one in reports]}, ensure_ascii=False, indent=1)
            Path(options["report"]).write_text(text, encoding="utf-8")
        if refused:
            number = sum(bool(one["refused"] or one.get("refused_because")) for one in reports)
            count = ngettext("%(n)d file was refused whole.", "%(n)d files were refused whole.", number)
            raise CommandError("\n".join([*refused, count % {"n": number}]))

    def report(self, person: Imported) -> None:
        """One line per referral, and one per condition without; the patient's name stays in the database."""
        who = str(person.patient or person.record.label)
        if person.held:
            self.stdout.write(f"  {who}: {report.fate_text('held')}")
            return
        if not person.raised:
            self.stdout.write("  " + _("%(patient)s: no referral") % {"patient": who})
        for one in person.raised:
            self.stdout.write(f"  {who}: {line(one)}")
            for note in one.referral.notes:
                self.stdout.write(f"    {wording.placed_text(note)}")
        for note in person.record.notes:
            self.stdout.write(f"    {wording.placed_text(note)}")
        back = {id(one.passed): one.case for one in person.taken_back}
        for passed in person.passed:
            fate = f"{report.fate_text('taken_back')}: {back[id(passed)]}" if id(passed) in back else ""
            words = report.called(passed.code, passed.display)
            about = " ".join(filter(None, (passed.label, passed.code, words)))
            self.stdout.write(f"    {about}: {fate or report.fate_text(passed.why)}")


class Refused(Exception):
    """A file with mistakes."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(len(mistakes))
        self.mistakes = mistakes


def sets(given: Sequence[str]) -> Iterator[list[Path]]:
    """The files in order, each for itself; those of one export (Patient.ndjson, Condition.ndjson) together.

    They belong together where they are called after their kind of resource and lie in one folder.
    """
    exports: dict[Path, list[Path]] = {}
    for path in files(given):
        if not OF_AN_EXPORT.fullmatch(path.name):
            yield [path]
        exports.setdefault(path.parent, []).extend([path] if OF_AN_EXPORT.fullmatch(path.name) else [])
    yield from (together for together in exports.values() if together)


def files(given: Sequence[str]) -> Iterator[Path]:
    """The files in order; of a folder those that FHIR may be in."""
    for path in map(Path, given):
        if path.is_dir():
            yield from sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
        else:
            yield path


def day(text: str | None) -> date | None:
    """The day in `--since`. Raises CommandError."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(_("“%(text)s” is not a day; write it as 2026-12-31.") % {"text": text}) from error


def line(one: Raised) -> str:
    """What became of one referral, in words."""
    case, answer = one.case, one.referral.answer
    if case.requirement:
        answer = requirement.from_json(case.requirement)
    outcome = {"raised": pgettext("outcome", "new"), "completed": _("facts added"), "known": _("already there")}[
        one.outcome
    ]
    parts = [f"{case} {case.code} {case.title}", f"{case.get_status_display()} ({outcome})"]
    if isinstance(answer, Undecided):
        parts.append(wording.missing_text(answer.missing))
    elif answer.without_rule:
        parts.append(wording.reason_text(answer.reasons[0]))
    else:
        parts.append(wording.tier_text(answer.tier))
    if one.deceased:
        parts.append(_("the patient is recorded as deceased"))
    return "; ".join(parts)


def read(paths: Sequence[Path], institution: Institution) -> reader.Content:
    """The content of a file, or of a set of them. Raises Refused, or OSError where there is no such file."""
    given = [(path.name, path.read_bytes()) for path in paths]
    content, _text = fhir_files.read(given, institution, most=guard.MOST_BYTES)
    if content.mistakes:
        raise Refused(content.mistakes)
    return content


def hospital(wanted: str | None) -> Institution:
    """The institution asked for, else the first. Raises CommandError."""
    rows = Institution.objects.order_by("pk")
    if wanted:
        found = rows.filter(pk=int(wanted)).first() if wanted.isdigit() else rows.filter(public_id=wanted).first()
        if found is None:
            raise CommandError(_("There is no institution “%(id)s”.") % {"id": wanted})
        return found
    first = rows.first()
    if first is None:
        raise CommandError(_("There is no institution yet. Create one in the admin pages, or run seed_demo."))
    return first


def referrer(username: str | None) -> User | None:
    if not username:
        return None
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(_("There is no user “%(name)s”.") % {"name": username})
    return user
