"""Registering patients: by form, API and file; what is held, joined, kept apart and taken apart."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.fhir import imports
from cases.fhir.core import reader
from cases.models import Case, Decision, HeldMatch, Patient, PatientIdentifier
from cases.selectors import identity_review
from cases.services import identity_review as services
from cases.services import patients, workflow
from experts.models import Institution, Role
from mdt_portal.errors import NotAllowed, RuleError, StaleState
from mdt_portal.models import AuditEvent, User
from scheduling.selectors import worklist
from tests import factories
from tests.cases.bundles import bundle, condition, icd, patient

pytestmark = pytest.mark.django_db
GLOBAL = ("urn:test", "mrn-p")


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital)


def register(at: Institution, *, number: tuple[str, str] = GLOBAL, **fields: Any) -> Patient:
    who = {"name": "Jo Doe", "sex": "female", "birth_date": date(1970, 5, 17)}
    return patients.register(**{"by": None, "institution": at, "identifiers": [number]} | who | fields)


def import_person(at: Institution, *, by: User | None = None, code: str = "C20", **fields: Any) -> imports.Imported:
    text = json.dumps(bundle(patient("p", **fields), condition("1", "p", icd(code))))
    return imports.bring_in(reader.read(text, at.tz), by=by, institution=at)[0]


# Who is who -----------------------------------------------------------------------------------------------------------
def test_the_same_person_is_found_and_completed(hospital: Institution) -> None:
    first = register(hospital, birth_date=None, name="Doe, Jo", birth_year=1970)
    again = register(hospital, identifiers=[GLOBAL, ("urn:other", "9")], phone="12")
    assert first == again
    again.refresh_from_db()
    assert (again.identity.birth_date, again.identity.phone, again.identifiers.count()) == ("1970-05-17", "12", 2)


@pytest.mark.parametrize(
    "fields", [{"name": "Li Na"}, {"sex": "male"}, {"birth_date": date(1971, 5, 17)}, {"birth_date": None, "name": "—"}]
)
def test_in_doubt_nobody_is_joined(hospital: Institution, fields: dict[str, Any]) -> None:
    known = register(hospital)
    with pytest.raises(patients.IdentityInDoubt):
        register(hospital, **fields)
    own = register(hospital, **fields, separate=True)
    assert own != known
    assert HeldMatch.objects.get().candidate == known and HeldMatch.objects.get().patient == own


def test_a_number_without_a_system_counts_at_its_hospital_only(hospital: Institution) -> None:
    for number in (("", "77"), ("mrn", "77")):
        one, other = register(hospital, number=number), register(factories.institution(), number=number)
        assert one != other
    assert not HeldMatch.objects.exists()


def test_a_patient_of_another_hospital_is_answered_like_none_and_held(hospital: Institution) -> None:
    known = register(factories.institution())
    for name in ("Jo Doe", "Li Na"):
        other = register(factories.institution(), name=name)
        assert other != known
        assert HeldMatch.objects.get(patient=other).candidate == known


def test_a_birth_in_the_future_is_refused(hospital: Institution) -> None:
    with pytest.raises(RuleError, match="Nobody was born"):
        register(hospital, birth_date=timezone.localdate().replace(year=timezone.localdate().year + 1, day=1))


# Held, joined, kept apart ---------------------------------------------------------------------------------------------
def test_an_import_holds_what_is_in_doubt_with_its_referrals(
    hospital: Institution, coordinator: User, whole_catalogue: None
) -> None:
    first = import_person(hospital)
    held = import_person(hospital, family="Other", given="Name", gender="male", code="C61").held
    assert held is not None and Case.objects.count() == 1
    assert import_person(hospital, family="Other", given="Name", gender="male", code="C61").held == held, "held once"
    (entry,) = [one for one in worklist.entries(coordinator, timezone.now()) if one.kind == "identity"]
    assert entry.what == "1 record may be of a known patient"
    other, imported = imports.release(held, decision=Decision.APART, by=coordinator)
    assert other != first.patient and imported is not None
    assert [(one.case.code, one.case.patient) for one in imported.raised] == [("C61", other)]
    assert not [one for one in worklist.entries(coordinator, timezone.now()) if one.kind == "identity"]
    again = import_person(hospital, family="Other", given="Name", gender="male", code="C61")
    assert (again.patient, again.raised[0].outcome) == (other, "known"), "what was decided stays decided"
    assert import_person(hospital).patient == first.patient
    with pytest.raises(StaleState):
        services.join(held, by=coordinator)


def test_a_joined_record_stays_joined(hospital: Institution, coordinator: User, whole_catalogue: None) -> None:
    first = import_person(hospital)
    held = import_person(hospital, family="Doe-Smith", code="C61").held
    assert held is not None
    known, imported = imports.release(held, decision=Decision.JOINED, by=coordinator)
    assert known == first.patient and imported is not None and imported.raised[0].case.patient == known
    assert import_person(hospital, family="Doe-Smith", code="C61").patient == known
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"identity.held", "identity.joined"} <= actions
    held.refresh_from_db()
    assert held.content == ""


def test_two_patients_are_joined_and_taken_apart(hospital: Institution, coordinator: User) -> None:
    known = register(hospital)
    own = register(hospital, name="Li Na", separate=True)
    case = factories.case(at=hospital, patient=own)
    known_case = factories.case(at=hospital, patient=known)
    services.join(HeldMatch.objects.get(), by=coordinator)
    case.refresh_from_db()
    own.refresh_from_db()
    assert (case.patient, own.joined_into) == (known, known)
    apart = services.take_apart(
        known, by=coordinator, name="Li Na", sex="female", birth_date=None, cases=[case],
        identifiers=PatientIdentifier.objects.none(), reason="Two people",
    )  # fmt: skip
    case.refresh_from_db()
    known_case.refresh_from_db()
    assert (case.patient, known_case.patient, apart.taken_from) == (apart, known, known)
    with pytest.raises(patients.IdentityInDoubt):
        register(hospital, name="Li Na")  # the wrong join counts no longer
    event = AuditEvent.objects.get(action="identity.taken_apart")
    assert (event.params["cases"], event.params["reason"]) == ([case.pk], "Two people")
    with pytest.raises(RuleError):
        services.take_apart(
            known, by=coordinator, name="X", sex="male", birth_date=None, cases=[], identifiers=[], reason="x"
        )


def test_a_wrong_join_taken_apart_raises_no_second_referral(
    hospital: Institution, coordinator: User, whole_catalogue: None
) -> None:
    both = import_person(hospital).patient
    assert both is not None
    case = Case.objects.get()
    workflow.withdraw(case, by=None, reason="elsewhere")
    number = both.identifiers.get()
    other = services.take_apart(
        both, by=coordinator, name="Jo Doe", sex="female", birth_date=date(1970, 5, 17), cases=[case],
        identifiers=[number], reason="Two people",
    )  # fmt: skip
    again = import_person(hospital)
    assert (again.patient, again.raised[0].case) == (other, case)
    assert Case.objects.count() == 1


def test_only_who_sees_both_records_joins_them(hospital: Institution, coordinator: User) -> None:
    known = register(factories.institution())
    own = register(hospital)
    held = HeldMatch.objects.get()
    record, hidden = identity_review.sides(held, coordinator)
    assert (record.name, hidden.hidden, hidden.name, hidden.numbers) == ("Jo Doe", True, "", ())
    with pytest.raises(NotAllowed):
        services.join(held, by=coordinator)
    with pytest.raises(NotAllowed):
        services.keep_apart(held, by=factories.user(Role.COORDINATOR))
    both = factories.user(Role.COORDINATOR, at=hospital)
    factories.assign(both, Role.COORDINATOR, at=known.institution)
    assert [side.hidden for side in identity_review.sides(held, both)] == [False, False]
    assert services.join(held, by=both) == known
    own.refresh_from_db()
    assert own.joined_into == known


def test_a_death_that_arrives_later_stands_on_the_case(
    hospital: Institution, coordinator: User, client: Client, whole_catalogue: None
) -> None:
    import_person(hospital)
    case = Case.objects.get()
    client.force_login(coordinator)
    assert "recorded as deceased" not in client.get(f"/cases/{case.public_id}/").content.decode()
    later = import_person(hospital, deceasedDateTime="2026-11-01")
    assert later.died and later.raised == ()
    assert "recorded as deceased (Sun 1 Nov 2026)" in client.get(f"/cases/{case.public_id}/").content.decode()


# API ------------------------------------------------------------------------------------------------------------------
def sent(**fields: Any) -> dict[str, Any]:
    who = {"name": "Jo Doe", "sex": "female", "birth_date": "1970-05-17"}
    number = {"system": GLOBAL[0], "value": GLOBAL[1]}
    return {"code": "C34.1", "patient": who | {"identifiers": [number]} | fields}


@pytest.fixture
def post(client: Client, hospital: Institution) -> Any:
    client.force_login(factories.user(Role.REFERRER, at=hospital))
    headers = {"Accept-Language": "en"}
    return lambda body: client.post(
        "/api/v1/cases/", json.dumps(body), content_type="application/json", headers=headers
    )


def test_the_api_answers_a_conflict_and_says_nothing_of_the_other(hospital: Institution, post: Any) -> None:
    register(hospital, name="Secret Person", phone="555")
    answer = post(sent())
    assert (answer.status_code, answer.json()["code"]) == (409, "identity_conflict")
    assert answer.json()["fields"] == {"name": ["The known patient with this number has another name."]}
    assert "Secret" not in answer.content.decode() and not Case.objects.exists()
    answer = post(sent(separate=True))
    assert answer.status_code == 201
    assert HeldMatch.objects.get().patient == Case.objects.get().patient


def test_the_api_does_not_tell_of_patients_of_other_hospitals(hospital: Institution, post: Any) -> None:
    register(factories.institution(), name="Secret Person")
    answer = post(sent())
    assert answer.status_code == 201
    assert Case.objects.get().patient.institution == hospital
    assert HeldMatch.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"age": 30}, "age"),
        ({"patient": {"name": "A", "birth_date": "2999-01-01"}}, "patient"),
        ({"patient": {"name": "A", "birth_year": 2999}}, "patient"),
        ({"patient": {"name": "A", "birth_year": -1}}, "patient"),
        ({"patient": {"name": "A", "birth_date": "1970-05-17", "birth_year": 1971}}, "patient"),
        ({"patient": {"name": "A", "birth_year": 1970}, "age": 30}, "age"),
        ({"patient": {"name": "A", "identifiers": [{"system": "s", "value": "1"}] * 2}}, "patient"),
    ],
)
def test_the_api_refuses_what_cannot_be(post: Any, change: dict[str, Any], field: str) -> None:
    answer = post(sent() | change)
    assert answer.status_code == 400
    assert [name.partition(".")[0] for name in answer.json()["fields"]] == [field]


def test_the_api_takes_a_year_of_birth_where_the_day_is_not_known(post: Any) -> None:
    answer = post(sent() | {"patient": {"name": "Jo Doe", "birth_year": 1970}})
    assert answer.status_code == 201
    patient = Case.objects.get().patient
    assert (patient.birth_year, patient.identity.birth_date) == (1970, "")


# Pages ----------------------------------------------------------------------------------------------------------------
def test_who_may_compare(client: Client, hospital: Institution, coordinator: User) -> None:
    register(hospital)
    register(hospital, name="Li Na", separate=True)
    address = f"/identities/{HeldMatch.objects.get().public_id}/"
    for role, status in ((Role.REFERRER, 403), (Role.MANAGER, 403), (Role.COORDINATOR, 404)):
        client.force_login(factories.user(role))
        assert client.get(address).status_code == status
    client.force_login(coordinator)
    said = client.get(address).content.decode()
    assert "Jo Doe" in said and "Li Na" in said
    assert AuditEvent.objects.filter(action="looked", by=coordinator).count() == 2


def test_the_list_costs_the_same_for_one_and_for_ten(
    client: Client, hospital: Institution, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    register(hospital)
    client.force_login(coordinator)
    for number in range(10):
        register(hospital, name=f"Li {number}a", separate=True)
    with django_assert_max_num_queries(20):
        assert client.get("/identities/").content.decode().count("another name") == 10


def test_taking_apart_on_the_page(client: Client, hospital: Institution, coordinator: User) -> None:
    known = register(hospital)
    case = factories.case(at=hospital, patient=known)
    client.force_login(coordinator)
    address = f"/patients/{known.public_id}/apart/"
    assert "Jo Doe" in client.get(address).content.decode()
    wrong = client.post(address, {"name": "Li Na", "sex": "female", "reason": "x"})
    assert wrong.status_code == 422 and "Choose at least one" in wrong.content.decode()
    client.post(address, {"name": "Li Na", "sex": "female", "reason": "Two people", "cases": [case.pk]})
    case.refresh_from_db()
    assert case.patient.identity.name == "Li Na"
    client.force_login(factories.user(Role.REFERRER, at=hospital))
    assert client.get(address).status_code in (403, 404)
