"""The command `import_fhir`: the eight Synthea bundles, idempotence, refusal, facts that arrive later."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from cases.core import icd10_titles
from cases.fhir import report
from cases.models import Case, CaseSource, Patient, PatientIdentity
from experts.models import Institution
from tests import factories
from tests.cases.bundles import bundle, condition, icd, observation, patient, snomed

pytestmark = pytest.mark.django_db
SYNTHEA = Path(__file__).parents[2] / "data" / "synthea"


@pytest.fixture(autouse=True)
def hospital(whole_catalogue: None) -> Institution:
    return factories.institution()


def run(*paths: Path, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_fhir", *map(str, paths), stdout=out, stderr=out, **options)
    return out.getvalue()


def write(tmp_path: Path, content: Any, name: str = "bundle.json") -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def cases_of(name: str) -> set[tuple[str, str, str]]:
    """(code, status, tier) of the cases of the patient with this name."""
    owner = next(one.patient for one in PatientIdentity.objects.all() if one.name == name)
    return {(case.code, case.status, case.tier) for case in Case.objects.filter(patient=owner)}


def test_the_eight_synthea_bundles() -> None:
    run(*sorted(SYNTHEA.glob("*.json.gz")), of_the_dead=True)
    assert cases_of("Clarine O'Keefe") == {("I64", "needs_facts", "")}
    assert cases_of("Elisha Schroeder") == {("I64", "needs_facts", "")}
    assert cases_of("Lemuel Hodkiewicz") == set(), "his appendicitis is of the year 2000"
    assert cases_of("Adán Pulido") == {("C61", "draft", "")}
    assert cases_of("Gilbert Wunsch") == {("C34.9", "draft", "")}
    assert cases_of("Darin Skiles") == set(), "his colon cancer is resolved"
    assert not cases_of("Lavelle Kuvalis"), "her colon cancer is resolved, her hypertension asks no question"
    assert cases_of("Clemente Kreiger") == set(), "the negative control"
    assert Patient.objects.count() == 8
    stroke = Case.objects.get(code="I64", patient__sex="female")
    assert stroke.requirement["missing"] == ["score:NIHSS"]
    assert (stroke.code_raw, stroke.code_system) == ("230690007", "http://snomed.info/sct")
    assert Case.objects.get(code="C61").stage == "IV"
    assert Case.objects.get(code="C34.9").stage == "I"


def test_the_dead_are_not_referred() -> None:
    said = run(*sorted(SYNTHEA.glob("*.json.gz")))
    assert [case.code for case in Case.objects.all()] == ["I64"], "of the four with a disease one lives"
    assert said.count("the patient has died") > 2
    assert Patient.objects.filter(deceased=True, died_on__isnull=False).count() == 3


def test_importing_twice_changes_nothing() -> None:
    files = sorted(SYNTHEA.glob("*.json.gz"))
    run(*files)
    before = list(Case.objects.order_by("pk").values("pk", "status", "version", "due_at"))
    assert "already there" in run(*files)
    assert list(Case.objects.order_by("pk").values("pk", "status", "version", "due_at")) == before
    assert Patient.objects.count() == 8


def test_one_disease_of_several_records_is_one_referral(tmp_path: Path) -> None:
    run(write(tmp_path, bundle(
        patient("p"),
        condition("1", "p", snomed("162573006", "Suspected lung cancer (situation)"), onsetDateTime="2025-01-01"),
        condition("2", "p", snomed("254637007", "Non-small cell lung cancer (disorder)"), onsetDateTime="2025-02-01"),
        condition("3", "p", snomed("424132000", "Non-small cell carcinoma of lung, TNM stage 1 (disorder)")),
    )))  # fmt: skip
    case = Case.objects.get()
    assert (case.code, case.stage, case.status) == ("C34.9", "I", "draft")
    assert CaseSource.objects.count() == 3


def test_a_fact_that_arrives_later_completes_the_same_case(tmp_path: Path) -> None:
    stroke = condition("1", "p", icd("I63.9"), onsetDateTime="2026-05-01")
    run(write(tmp_path, bundle(patient("p"), stroke)))
    assert Case.objects.get().status == "needs_facts"
    nihss = observation("p", "70182-1", valueQuantity={"value": 3}, effectiveDateTime="2026-05-01T10:00:00Z")
    assert "facts added" in run(write(tmp_path, bundle(patient("p"), stroke, nihss)))
    case = Case.objects.get()
    assert (case.status, case.scores) == ("listed", {"NIHSS": 3.0})


def test_what_somebody_entered_is_not_overwritten(tmp_path: Path) -> None:
    from cases.services import workflow

    disease = condition("1", "p", icd("C18.7"))
    run(write(tmp_path, bundle(patient("p"), disease)))
    workflow.supply_facts(Case.objects.get(), by=None, stage="II", urgency="urgent")
    disease["stage"] = [{"summary": {"text": "Stage IV"}}]
    run(write(tmp_path, bundle(patient("p"), disease)))
    assert Case.objects.get().stage == "II"


def test_a_new_record_of_a_known_disease_raises_no_second_referral(tmp_path: Path) -> None:
    run(write(tmp_path, bundle(patient("p"), condition("1", "p", icd("C20")))))
    run(write(tmp_path, bundle(patient("p"), condition("2", "p", icd("C20")))))
    assert Case.objects.count() == 1


def test_a_withdrawn_referral_is_not_raised_again(tmp_path: Path) -> None:
    from cases.services import workflow

    path = write(tmp_path, bundle(patient("p"), condition("1", "p", icd("C20"))))
    run(path)
    workflow.withdraw(Case.objects.get(), by=None, reason="elsewhere")
    run(path)
    assert Case.objects.get().status == "withdrawn"


def test_a_broken_file_is_refused_whole_with_its_place_and_the_others_are_imported(tmp_path: Path) -> None:
    good = write(tmp_path, bundle(patient("a"), condition("1", "a", icd("C20"))), "good.json")
    wrong = write(
        tmp_path,
        bundle(
            patient("b"),
            condition("2", "b", icd("C20")),
            condition("3", "nobody", icd("C20")),
            condition("4", "b", icd("C20"), onsetDateTime="2026-02-30"),
        ),
        "wrong.json",
    )
    cut = write(tmp_path, '{"resourceType": "Bundle",\n "entry": [', "cut.json")
    with pytest.raises(CommandError) as caught:
        run(wrong, good, cut)
    text = str(caught.value)
    assert f"{wrong}: Bundle.entry[2].resource.subject.reference: “Patient/nobody” is no patient of this file" in text
    assert f"{wrong}: Bundle.entry[3].resource.onsetDateTime: “2026-02-30” is not a date of FHIR" in text
    assert f"{cut}: not JSON: Expecting value at line 2, column 12" in text
    assert "2 files were refused whole." in text
    assert Patient.objects.count() == 1
    assert Case.objects.count() == 1


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "y.json.gz").write_bytes(gzip.compress(b"{}")[:10])
    for name in ("absent.json", "x.json", "y.json.gz"):
        with pytest.raises(CommandError, match=name):
            run(tmp_path / name)


def test_names_survive_encryption_and_two_patients_stay_apart(tmp_path: Path) -> None:
    run(write(tmp_path, bundle(
        patient("a", family="O'Brien-Núñez", given="Zoë"),
        patient("b", family="王", given="小明"),
        condition("1", "a", icd("C20")),
        condition("2", "b", icd("C20")),
    )))  # fmt: skip
    assert sorted(one.name for one in PatientIdentity.objects.all()) == ["Zoë O'Brien-Núñez", "王小明"]
    assert Case.objects.count() == 2


def test_without_a_catalogue_in_force_nothing_is_imported(tmp_path: Path) -> None:
    from cases.models import CatalogueRule

    CatalogueRule.objects.all().delete()
    with pytest.raises(CommandError, match="No rule of the catalogue is in force"):
        run(write(tmp_path, bundle(patient("p"))))


@pytest.mark.parametrize("words", ["", "Malignant neoplasm: Upper lobe, bronchus or lung", "上叶，支气管或肺恶性肿瘤"])
def test_a_condition_without_words_of_its_own_bears_its_codes_title_in_the_readers_language(
    tmp_path: Path, words: str
) -> None:
    run(write(tmp_path, bundle(patient("a"), condition("c", "a", icd("C34.1", words)))))
    case = Case.objects.get()
    assert case.diagnosis == ""
    assert case.title == icd10_titles.title("C34.1")
    with translation.override("zh-hans"):
        assert case.title == icd10_titles.title("C34.1", "zh-hans")


def test_a_code_that_only_a_map_knows_brings_no_english_words(tmp_path: Path) -> None:
    run(write(tmp_path, bundle(patient("a"), condition("c", "a", snomed("230690007")))))
    case = Case.objects.get()
    assert (case.code, case.diagnosis) == ("I64", "")


def test_the_report_names_what_came_without_words_in_the_readers_language() -> None:
    line = {"resource": "Condition/c", "code": "I63.9", "display": "", "fate": "no_rule"}
    told = {"patients": [{"record": "", "lines": [line, line | {"code": "x1"}], "notes": []}], "counts": {}}
    with translation.override("zh-hans"):
        assert [one["display"] for one in report.in_words(told)["patients"][0]["lines"]] == ["未特指的脑梗死", ""]
