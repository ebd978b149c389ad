"""The files of one export (Patient.ndjson, Condition.ndjson …) are read together, by the command and on the page."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from cases.fhir.core import guard, reader
from cases.models import Case, FhirFile, Patient
from experts.models import Institution, Role
from tests import factories
from tests.cases.bundles import bundle, condition, icd, patient

pytestmark = pytest.mark.django_db
PEOPLE = [patient("a", family="Alpha", identifier=[{"system": "urn:x", "value": "1"}]),
          patient("b", family="Beta", identifier=[{"system": "urn:x", "value": "2"}])]  # fmt: skip
DISEASES = [condition("1", "a", icd("C20")), condition("2", "b", icd("C61"))]


@pytest.fixture(autouse=True)
def hospital(whole_catalogue: None) -> Institution:
    return factories.institution()


def lines(resources: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in resources)


def export(folder: Path, **more: str) -> Path:
    (folder / "Condition.ndjson").write_text(lines(DISEASES), encoding="utf-8")
    (folder / "Patient.000.ndjson").write_text(lines(PEOPLE[:1]), encoding="utf-8")
    (folder / "Patient.001.ndjson.gz").write_bytes(gzip.compress(lines(PEOPLE[1:]).encode()))
    for name, text in more.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def run(*paths: Path, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_fhir", *map(str, paths), stdout=out, stderr=out, **options)
    return out.getvalue()


# The command ----------------------------------------------------------------------------------------------------------


def test_a_condition_in_one_file_is_of_the_patient_in_another(tmp_path: Path) -> None:
    said = run(export(tmp_path))
    assert sorted(Case.objects.values_list("code", flat=True)) == ["C20", "C61"]
    assert Patient.objects.count() == 2
    assert said.count(".ndjson") == 3  # named together, once
    assert "already there" in run(export(tmp_path))
    assert Case.objects.count() == 2


def test_files_that_are_named_one_by_one_are_a_set_too(tmp_path: Path) -> None:
    run(*sorted(export(tmp_path).iterdir()))
    assert Case.objects.count() == 2


def test_a_broken_file_refuses_its_set_with_its_name_and_the_others_are_imported(tmp_path: Path) -> None:
    """Half of an export would lose referrals without a word."""
    export(tmp_path, Observation__ndjson='{"resourceType": "Observation"\n{}\n')
    alone = bundle(patient("c", identifier=[{"system": "urn:x", "value": "3"}]), condition("3", "c", icd("C73")))
    (tmp_path / "other.json").write_text(json.dumps(alone), encoding="utf-8")
    with pytest.raises(CommandError) as error:
        run(tmp_path)
    assert "Observation.ndjson" in str(error.value).splitlines()[0].partition(": ")[2]
    assert [case.code for case in Case.objects.all()] == ["C73"]


def test_an_empty_file_of_an_export_says_nothing(tmp_path: Path) -> None:
    run(export(tmp_path, ServiceRequest__ndjson=""))
    assert Case.objects.count() == 2


def test_a_condition_of_nobody_in_the_set_is_named(tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / "Patient.001.ndjson.gz").unlink()
    with pytest.raises(CommandError) as error:
        run(tmp_path)
    assert "Condition.ndjson line 2" in str(error.value)
    assert not Case.objects.exists()


def test_folders_are_sets_of_their_own(tmp_path: Path) -> None:
    """Two exports may use the same ids for different people."""
    for number in ("1", "2"):
        folder = tmp_path / number
        folder.mkdir()
        person = patient("p", family=f"Of{number}", identifier=[{"system": "urn:x", "value": number}])
        disease = condition("c", "p", icd("C20" if number == "1" else "C61"), identifier=[{"value": f"c{number}"}])
        (folder / "Patient.ndjson").write_text(lines([person]), encoding="utf-8")
        (folder / "Condition.ndjson").write_text(lines([disease]), encoding="utf-8")
    run(tmp_path / "1", tmp_path / "2")
    assert Patient.objects.count() == 2
    assert sorted(Case.objects.values_list("code", flat=True)) == ["C20", "C61"]


def test_files_with_other_names_stand_for_themselves(tmp_path: Path) -> None:
    for number, code in (("1", "C20"), ("2", "C61")):
        person = patient("p", family=f"Of{number}", identifier=[{"system": "urn:x", "value": number}])
        disease = condition("c", "p", icd(code), identifier=[{"value": f"c{number}"}])
        (tmp_path / f"ward{number}.ndjson").write_text(lines([person, disease]), encoding="utf-8")
    run(tmp_path)
    assert sorted(Case.objects.values_list("code", flat=True)) == ["C20", "C61"]


def test_the_report_names_the_set(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    folder = tmp_path / "export"
    folder.mkdir()
    run(export(folder), report=str(out))
    (told,) = json.loads(out.read_text(encoding="utf-8"))["files"]
    assert "Patient.000.ndjson" in told["file"]
    assert [one["fate"] for one in told["patients"]] == ["read", "read"]


# The page -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def coordinator(client: Client, hospital: Institution) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    return client


def send(client: Client, hospital: Institution, **given: str | bytes) -> Any:
    parts = [SimpleUploadedFile(name.replace("__", "."), _bytes(content)) for name, content in given.items()]
    return client.post(reverse("fhir_import"), {"institution": hospital.pk, "file": parts}, follow=True)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def test_several_files_are_tried_and_taken_in_as_one(coordinator: Client, hospital: Institution) -> None:
    answer = send(
        coordinator,
        hospital,
        Condition__ndjson=lines(DISEASES),
        Patient__ndjson=gzip.compress(lines(PEOPLE).encode()),
        Observation__ndjson="",
    )
    row = FhirFile.objects.get()
    assert row.name == "Condition.ndjson, Patient.ndjson, Observation.ndjson"
    assert "Patient/a" in answer.content.decode()
    assert not Case.objects.exists()
    coordinator.post(reverse("fhir_file", args=[row.public_id]))
    assert sorted(Case.objects.values_list("code", flat=True)) == ["C20", "C61"]


def test_one_file_goes_as_before(coordinator: Client, hospital: Institution) -> None:
    send(coordinator, hospital, all__json=json.dumps(bundle(*PEOPLE, *DISEASES)))
    row = FhirFile.objects.get()
    assert row.name == "all.json"
    coordinator.post(reverse("fhir_file", args=[row.public_id]))
    assert Case.objects.count() == 2


def test_a_set_with_a_mistake_is_refused_and_the_file_named(coordinator: Client, hospital: Institution) -> None:
    answer = send(coordinator, hospital, Patient__ndjson=lines(PEOPLE), Condition__ndjson="<xml/>")
    assert "Condition.ndjson" in answer.content.decode()
    assert FhirFile.objects.get().text == ""
    answer = send(coordinator, hospital, Patient__ndjson=lines(PEOPLE), Condition__ndjson=lines([*DISEASES, {}]))
    assert "Condition.ndjson line 3" in answer.content.decode()


def test_nothing_but_empty_files_is_refused(coordinator: Client, hospital: Institution) -> None:
    assert "empty" in send(coordinator, hospital, Patient__ndjson="", Condition__ndjson=" \n").content.decode()
    answer = coordinator.post(reverse("fhir_import"), {"institution": hospital.pk})
    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()


def test_a_set_is_as_large_as_a_file_may_be(
    coordinator: Client, hospital: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.fhir.files.LARGEST", 200)
    answer = send(coordinator, hospital, Patient__ndjson="x" * 150, Condition__ndjson="x" * 150)
    assert answer.status_code == 422
    assert not FhirFile.objects.exists()


def test_a_set_as_one_text_says_the_same() -> None:
    parts = [("a", lines(PEOPLE)), ("b", json.dumps(bundle(*DISEASES), indent=1))]
    one, many = reader.read(guard.together(parts)), reader.read_set(parts)
    assert one.mistakes == many.mistakes == ()
    assert [person.conditions for person in one.patients] == [person.conditions for person in many.patients]
