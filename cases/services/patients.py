"""Patients and their identities: `register` is the only way in, for page, API and files.

The identity is a table of its own, encrypted, and looking at it is written down. Whether a record is a known patient's
is decided by cases/identity/core/matching.py; in doubt nothing is joined.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.core import days
from cases.identity.core import matching
from cases.identity.core.matching import NO_NAME, Match, Number, Person
from cases.models import Case, HeldMatch, Patient, PatientIdentifier, PatientIdentity, Sex
from experts.models import Institution
from mdt_portal import access, audit
from mdt_portal.errors import Conflict, RuleError
from mdt_portal.fields import search_hash
from mdt_portal.models import User

FIELDS = {
    matching.NAME: "name",
    matching.SEX: "sex",
    matching.BIRTH_DATE: "birth_date",
    matching.NOTHING_ELSE: "identifiers",
}
"""The field of a record in which each reason for doubt stands."""
DIFFERS = {
    matching.NAME: gettext_lazy("The known patient with this number has another name."),
    matching.SEX: gettext_lazy("The known patient with this number is of another sex."),
    matching.BIRTH_DATE: gettext_lazy("The known patient with this number was born on another day."),
    matching.NOTHING_ELSE: gettext_lazy("Neither name nor date of birth can be compared."),
}


class IdentityInDoubt(Conflict):
    """A record shares a number with `candidate`, and something else of it differs: nothing was joined or written."""

    code = "identity_conflict"

    def __init__(self, candidate: Patient, match: Match) -> None:
        """The message names what differs of what was sent, and nothing of the patient who is known."""
        super().__init__(
            _("This number belongs to a patient whose record differs. Check the number, name, sex and date of birth."),
            params={"differs": list(match.reasons)},
            fields={FIELDS[reason]: [str(DIFFERS[reason])] for reason in match.reasons},
        )
        self.candidate, self.match = candidate, match


@transaction.atomic
def register(
    *,
    by: User | None,
    institution: Institution,
    name: str,
    sex: str = Sex.UNKNOWN,
    birth_date: date | None = None,
    birth_year: int | None = None,
    phone: str = "",
    identifiers: Iterable[tuple[str, str]] = (),
    separate: bool = False,
) -> Patient:
    """The patient whom these identifiers (system, value) and the rest describe beyond doubt, else a new one.

    In doubt nothing is joined: IdentityInDoubt, or with `separate` a patient of its own and a held match for a
    coordinator. So is a patient of another hospital whom `by` cannot see: the answer is the same as without a match.
    """
    name = name.strip()
    if not name:
        raise RuleError(_("Please enter the patient's name."), fields={"patient_name": [_("This field is required.")]})
    check_birth(birth_date, birth_year, institution=institution)
    numbers = numbers_of(identifiers, institution)
    person = Person(
        name="" if name == NO_NAME else name,
        sex=sex,
        born=birth_date,
        birth_year=birth_date.year if birth_date else birth_year,
        numbers=frozenset(numbers),
    )
    match, candidate = find(person)
    seen = candidate is not None and within_reach(candidate, by=by, institution=institution)
    if candidate is not None and seen and match.verdict == "same":
        _complete(candidate, person, numbers, phone=phone, by=by)
        return candidate
    if candidate is not None and seen and not separate:
        raise IdentityInDoubt(candidate, match)
    patient = create(person, numbers, by=by, institution=institution, phone=phone)
    if candidate is not None:
        hold(person, numbers, match, beside=candidate, patient=patient, phone=phone, by=by, institution=institution)
    return patient


def numbers_of(identifiers: Iterable[tuple[str, str]], institution: Institution) -> dict[Number, tuple[str, str]]:
    """The identifiers as they are compared, each once, with how they were written."""
    pairs = [(system.strip(), value.strip()) for system, value in identifiers if value.strip()]
    return {matching.number(*pair, hospital=institution.public_id): pair for pair in pairs}


def find(person: Person) -> tuple[Match, Patient | None]:
    """How the person fits those who are known by one of the numbers, and the patient who fits best.

    Rivals who register the same number wait for each other until the end of the transaction.
    """
    by_hash = {PatientIdentifier.hash_of(number): number for number in person.numbers}
    if not by_hash:
        return Match(verdict="different"), None
    with connection.cursor() as cursor:
        for value in sorted(by_hash):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [value])
    # no ORDER BY ... LIMIT 1: it lures the planner away from the index while a fresh table has no statistics
    rows = list(PatientIdentifier.objects.filter(value_hash__in=by_hash).select_related("patient__identity"))
    shared: dict[int, set[Number]] = defaultdict(set)
    for row in rows:
        shared[row.patient_id].add(by_hash[row.value_hash])
    patients = {row.patient_id: row.patient for row in rows}
    known = ((pk, person_of(patient, shared[pk])) for pk, patient in patients.items())
    match, key = matching.best(person, known)
    candidate = patients[key] if key is not None else None
    if candidate is not None and match.verdict == "doubtful" and _was_joined(person, candidate):
        match = Match(verdict="same")
    return match, candidate


def _was_joined(person: Person, candidate: Patient) -> bool:
    """Whether somebody has compared this very record with the patient before, and found one person."""
    return HeldMatch.objects.joined().filter(candidate=candidate, fingerprint=_fingerprint(person)).exists()


def _fingerprint(person: Person) -> str:
    written = sorted(f"{number.system}|{number.value}" for number in person.numbers)
    return search_hash(person.name, person.sex, str(person.born or person.birth_year), *written)


def person_of(patient: Patient, numbers: Iterable[Number] = ()) -> Person:
    """What is known of the patient, to be compared."""
    identity = getattr(patient, "identity", None)
    return Person(
        name="" if identity is None or identity.name == NO_NAME else identity.name,
        sex=patient.sex,
        born=date.fromisoformat(identity.birth_date) if identity and identity.birth_date else None,
        birth_year=patient.birth_year,
        numbers=frozenset(numbers),
    )


def within_reach(patient: Patient, *, by: User | None, institution: Institution) -> bool:
    """Whether whoever asks at this hospital may learn that the patient is known: theirs, or one whom they see."""
    if patient.institution_id == institution.pk or patient.cases.filter(institution=institution).exists():
        return True
    return by is not None and access.visible(by, Patient.objects.filter(pk=patient.pk)).exists()


@transaction.atomic
def create(
    person: Person,
    numbers: Mapping[Number, tuple[str, str]],
    *,
    by: User | None,
    institution: Institution,
    phone: str = "",
) -> Patient:
    """A patient of its own, whoever else has one of the numbers."""
    patient = Patient.objects.create(
        institution=institution, sex=person.sex or Sex.UNKNOWN, birth_year=person.birth_year
    )
    PatientIdentity.objects.create(
        patient=patient,
        name=person.name or NO_NAME,
        birth_date=person.born.isoformat() if person.born else "",
        phone=phone,
        name_hash=PatientIdentity.hash_of(person.name or NO_NAME),
    )
    _add_numbers(patient, numbers)
    audit.record("patient.registered", by=by, subject=patient)
    return patient


@transaction.atomic
def hold(
    person: Person,
    numbers: Mapping[Number, tuple[str, str]],
    match: Match,
    *,
    beside: Patient,
    by: User | None,
    institution: Institution,
    patient: Patient | None = None,
    phone: str = "",
    content: str = "",
) -> HeldMatch:
    """Keep a record for a coordinator to compare; the same record beside the same patient is held once.

    One that was held before and still waits gets the newest content.
    """
    fingerprint = _fingerprint(person)
    known = HeldMatch.objects.open().filter(institution=institution, candidate=beside, fingerprint=fingerprint).first()
    if known is not None:
        known.content = content
        known.save(update_fields=["content"])
        return known
    held = HeldMatch.objects.create(
        institution=institution,
        candidate=beside,
        patient=patient,
        name=person.name or NO_NAME,
        sex=person.sex or Sex.UNKNOWN,
        birth_date=person.born.isoformat() if person.born else str(person.birth_year or ""),
        phone=phone,
        numbers=json.dumps(list(numbers.values())),
        content=content,
        reasons=list(match.reasons),
        fingerprint=fingerprint,
        raised_by=by,
    )
    audit.record("identity.held", by=by, subject=held, candidate=beside.pk, reasons=list(match.reasons))
    return held


def _complete(
    patient: Patient, person: Person, numbers: Mapping[Number, tuple[str, str]], *, phone: str, by: User | None
) -> None:
    """Add what the record knows and the patient's does not; what is known stays."""
    identity, added = patient.identity, []
    if identity.name == NO_NAME and person.name:
        identity.name, identity.name_hash = person.name, PatientIdentity.hash_of(person.name)
        added.append("name")
    if not identity.birth_date and person.born:
        identity.birth_date = person.born.isoformat()
        added.append("birth_date")
    if not identity.phone and phone:
        identity.phone = phone
        added.append("phone")
    if patient.birth_year is None and person.birth_year:
        patient.birth_year = person.birth_year
        added.append("birth_year")
    if patient.sex == Sex.UNKNOWN and person.sex not in ("", Sex.UNKNOWN):
        patient.sex = person.sex
        added.append("sex")
    taken = PatientIdentifier.objects.filter(value_hash__in=[PatientIdentifier.hash_of(number) for number in numbers])
    owned = set(taken.values_list("value_hash", flat=True))
    unknown = {number: pair for number, pair in numbers.items() if PatientIdentifier.hash_of(number) not in owned}
    if unknown:
        _add_numbers(patient, unknown)
        added.append("identifiers")
    if added:
        identity.save()
        patient.save(update_fields=["birth_year", "sex"])
        audit.record("patient.completed", by=by, subject=patient, fields=added)


def _add_numbers(patient: Patient, numbers: Mapping[Number, tuple[str, str]]) -> None:
    PatientIdentifier.objects.bulk_create(
        PatientIdentifier(patient=patient, system=system, value=value, value_hash=PatientIdentifier.hash_of(number))
        for number, (system, value) in numbers.items()
    )


def add_numbers(patient: Patient, numbers: Mapping[Number, tuple[str, str]]) -> None:
    """Give the patient those of the numbers that they do not have, whoever else has them."""
    own = set(patient.identifiers.values_list("value_hash", flat=True))
    _add_numbers(
        patient, {number: pair for number, pair in numbers.items() if PatientIdentifier.hash_of(number) not in own}
    )


@transaction.atomic
def record_death(patient: Patient, *, died_on: date | None, by: User | None) -> bool:
    """Write down that the patient has died; whether that was new."""
    if patient.deceased and (patient.died_on or not died_on):
        return False
    patient.deceased, patient.died_on = True, died_on
    patient.save(update_fields=["deceased", "died_on"])
    audit.record("patient.deceased", by=by, subject=patient)
    return True


def check_birth(born: date | None, year: int | None, *, institution: Institution) -> None:
    """Refuse a day or year in which no patient of today was born."""
    today = timezone.now().astimezone(institution.tz).date()
    if born is not None and not days.is_birth(days.Given(first=born), today):
        words = _("Nobody was born on this day.")
        raise RuleError(words, code="birth_date_impossible", fields={"birth_date": [words]})
    if born is None and year is not None and not days.is_birth_year(year, today):
        words = _("Nobody was born in this year.")
        raise RuleError(words, code="birth_date_impossible", fields={"birth_year": [words]})


def check_age(age: int | None, *, birth_date: date | None, birth_year: int | None, institution: Institution) -> None:
    """Raise RuleError where an age and a birth do not fit; the day of the age may lie a year back."""
    if age is None or (birth_date is None and birth_year is None):
        return
    today = timezone.now().astimezone(institution.tz).date()
    oldest = days.age_on(birth_date, today) if birth_date else today.year - (birth_year or 0)
    if not oldest - 1 <= age <= oldest:
        words = _("An age of %(age)s does not fit the date of birth.") % {"age": age}
        raise RuleError(words, code="age_and_birth_differ", fields={"age": [words]})


@transaction.atomic
def cases_by_identifier(
    system: str, value: str, *, institution: Institution, rows: QuerySet[Case], by: User
) -> list[Case]:
    """Of `rows`, the cases of whoever has this identifier, as `institution` writes it, if `by` may know the name.

    Every attempt is recorded, a find as a look at the patient. Nobody learns of a patient whom they may not know.
    """
    hashes = [PatientIdentifier.hash_of(number) for number in numbers_of([(system, value)], institution)]
    owners = PatientIdentifier.objects.filter(value_hash__in=hashes).values("patient")
    known = access.visible(by, PatientIdentity.objects.filter(patient__in=owners)).select_related("patient")
    found = [one.patient for one in known]
    audit.record("patient.looked_up", by=by, found=bool(found))
    audit.looked_at_all(found, by=by, page="api.look_up")
    return list(rows.filter(patient__in=found))


def identity(patient: Patient, *, by: User | None, page: str) -> PatientIdentity:
    """Who the patient is; the look is recorded."""
    audit.looked(patient, by=by, page=page)
    return patient.identity


def who_may_be_named(user: User, cases: Iterable[Case]) -> list[Patient]:
    """The patients behind `cases` whose names `user` may know; one query, however many cases."""
    rows = access.visible(user, PatientIdentity.objects.filter(patient__in=[case.patient_id for case in cases]))
    return [row.patient for row in rows.select_related("patient")]


@transaction.atomic
def identities(patients: Iterable[Patient], *, by: User | None, page: str) -> dict[int, PatientIdentity]:
    """Who these patients are, by the patient's id; each look is recorded."""
    rows = {
        row.patient_id: row
        for row in PatientIdentity.objects.filter(patient__in=list(patients)).select_related("patient")
    }
    audit.looked_at_all([row.patient for row in rows.values()], by=by, page=page)
    return rows


def is_called(patient: Patient, name: str) -> bool:
    """Whether this is the patient's name, in whatever order and case of letters."""
    return matching.same_name(patient.identity.name, name)
