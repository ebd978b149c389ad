"""`manage.py import_fhir FILE...`: FHIR R4 bundles into referrals, at most one per disease."""

from __future__ import annotations

import gzip
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cases.catalogue import rulebook, wording
from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import Undecided
from cases.fhir import imports
from cases.fhir.core import reader
from cases.fhir.imports import Imported, Raised
from experts.models import Institution
from mdt_portal.errors import DomainError
from mdt_portal.models import User


class Command(BaseCommand):
    help = "Import FHIR R4 JSON (also .gz). A file with a mistake is refused whole; the others are imported."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument(
            "--institution", metavar="ID", help="referring hospital (public id or number); default: the first"
        )
        parser.add_argument("--user", metavar="USERNAME", help="whose referrals these are; default: nobody's")

    def handle(self, *args: Any, **options: Any) -> None:
        institution, user = hospital(options["institution"]), referrer(options["user"])
        if not rulebook.in_force(rulebook.today()):
            raise CommandError(_("No rule of the catalogue is in force. Run load_catalogue --publish-from=DATE first."))
        self.stdout.write(_("Referring hospital: %(name)s") % {"name": institution})
        refused = []
        for path in map(Path, options["files"]):
            try:
                content = read(path)
                people = imports.bring_in(content, by=user, institution=institution)
            except (CommandError, DomainError) as error:
                refused.append(str(error) if isinstance(error, CommandError) else f"{path}: {error}")
                continue
            self.stdout.write(f"{path}")
            for person in people:
                self.report(person)
        if refused:
            count = ngettext("%(n)d file was refused whole.", "%(n)d files were refused whole.", len(refused))
            raise CommandError("\n".join([*refused, count % {"n": len(refused)}]))

    def report(self, person: Imported) -> None:
        """One line per referral; the patient's name stays in the database."""
        if not person.raised:
            self.stdout.write("  " + _("%(patient)s: no referral") % {"patient": person.patient})
        for one in person.raised:
            self.stdout.write(f"  {person.patient}: {line(one)}")


def line(one: Raised) -> str:
    """What became of one referral, in words."""
    case, answer = one.case, one.referral.answer
    if case.requirement:
        answer = requirement.from_json(case.requirement)
    outcome = {"raised": pgettext("outcome", "new"), "completed": _("facts added"), "known": _("already there")}[
        one.outcome
    ]
    parts = [f"{case} {case.code} {case.diagnosis}", f"{case.get_status_display()} ({outcome})"]
    if isinstance(answer, Undecided):
        parts.append(wording.missing_text(answer.missing))
    elif answer.without_rule:
        parts.append(wording.reason_text(answer.reasons[0]))
    else:
        parts.append(wording.tier_text(answer.tier))
    parts.extend(wording.refused_text(no.score, no.text, no.low, no.high) for no in one.referral.refused)
    if one.deceased:
        parts.append(_("the patient is recorded as deceased"))
    return "; ".join(parts)


def read(path: Path) -> reader.Content:
    """The content of a file without a mistake. Raises CommandError that names every mistake and its place."""
    try:
        packed = path.read_bytes()
        text = (gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = _("%(file)s: not UTF-8 text (byte %(byte)d)") % {"file": path, "byte": error.start}
        raise CommandError(message) from error
    except (OSError, EOFError) as error:
        raise CommandError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    content = reader.read(text)
    if content.mistakes:
        raise CommandError("\n".join(f"{path}: {wording.placed_text(mistake)}" for mistake in content.mistakes))
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
