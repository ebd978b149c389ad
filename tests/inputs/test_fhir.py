"""Every small FHIR file with what is right: which referrals it leads to, or why it does not, or how it is refused."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cases.models import Case, HeldMatch, PatientIdentity
from experts.models import Institution
from tests import factories

pytestmark = pytest.mark.django_db
INPUTS = Path(__file__).parent / "fhir"


@dataclass(frozen=True, kw_only=True)
class Right:
    """`cases`: code and stage of each referral. `fates`: of conditions without one. `refused`: place and code."""

    cases: set[tuple[str, str]] = field(default_factory=set)
    fates: set[str] = field(default_factory=set)
    refused: tuple[str, str] | None = None
    notes: set[str] = field(default_factory=set)
    held: int = 0


def refers(*cases: str, **more: Any) -> Right:
    """`refers("C34.1 IIIB")`."""
    return Right(cases={(code, stage) for code, _space, stage in (one.partition(" ") for one in cases)}, **more)


def passes(*fates: str) -> Right:
    return Right(fates=set(fates))


def refused(code: str, place: str = "") -> Right:
    return Right(refused=(place, code))


LUNG = refers("C34.1 IIIB")
PATIENT, DISEASE, VALUE = "Bundle.entry[0].resource", "Bundle.entry[1].resource", "Bundle.entry[2].resource"
RIGHT = {
    "abate-future.json": LUNG,
    "appendix-ruptured.json": refers("K35.2"),
    "birth-bad.json": refused("bad_date", f"{PATIENT}.birthDate"),
    "birth-year.json": LUNG,
    "blank.json": refused("empty_file"),
    "bmi-kg.json": refers("E66.9"),
    "bom.json": LUNG,
    "bundle-collection.json": LUNG,
    "bundle-document.json": LUNG,
    "bundle-history-deleted.json": passes("deleted"),
    "bundle-history.json": LUNG,
    "bundle-searchset.json": LUNG,
    "bundle-transaction-response.json": LUNG,
    "bundle-transaction.json": LUNG,
    "category-death-cause.json": refers("C34.1", fates={"cause_of_death"}),
    "clin-missing.json": LUNG,
    "clin-r5-unknown.json": LUNG,
    "clin-recurrence.json": LUNG,
    "clin-remission.json": passes("resolved"),
    "clin-resolved.json": passes("resolved"),
    "clin-upper.json": refused("not_one_of", f"{DISEASE}.clinicalStatus"),
    "code-cm-c7b.json": refers("C78.7 IV"),
    "code-cm-lower.json": refers("C34.9 IIIB"),
    "code-cm-nodot.json": refers("C34.9 IIIB"),
    "code-cn-6digit.json": refers("C16.9 IIIB"),
    "code-cn-natl-in-icd10.json": refers("C34.9 IIIB"),
    "code-cn-natl-x00x.json": refers("C73 IIIB"),
    "code-cn-oid.json": refers("C34.9 IIIB"),
    "code-cn-yb-icd10.json": refers("C50.9 IIIB"),
    "code-gm-dagger.json": LUNG,
    "code-gm-suffix-G.json": LUNG,
    "code-gm.json": LUNG,
    "code-jp.json": refers("C16.9 IIIB"),
    "code-nosystem.json": passes("unmapped"),
    "code-range.json": LUNG,
    "code-snomed-ball.json": refers("C91.0"),
    "code-snomed-cll.json": refers("C91.1"),
    "code-snomed-crohn.json": passes("no_rule"),
    "code-snomed-glioma.json": refers("C71.9"),
    "code-snomed-hcc.json": refers("C22.0"),
    "code-snomed-left-breast.json": refers("C50.9 IIIB"),
    "code-snomed-luad.json": refers("C34.9 IIIB"),
    "code-space.json": LUNG,
    "code-textonly-en.json": passes("unmapped"),
    "code-textonly-zh.json": passes("unmapped"),
    "code-tw.json": refers("C22.0 IIIB"),
    "code-who-icd.json": LUNG,
    "condition-basedon-dueTo.json": refers("C18.7 IV", "C50.9"),
    "dead-bool.json": passes("deceased"),
    "dead-date.json": passes("deceased"),
    "dup-keys.json": refused("key_twice", f"{PATIENT}.gender"),
    "empty.json": refused("empty_file"),
    "family-insurance-number.json": refers("C50.9 IIIB", fates={"held"}, held=1),
    "gbk.json": refused("wrong_encoding"),
    "gender-none.json": LUNG,
    "gz-corrupt.json.gz": refused("gzip_broken"),
    "gz-ok.json.gz": LUNG,
    "gz-truncated.json.gz": refused("gzip_cut"),
    "hist-z85.json": passes("history"),
    "long-display.json": LUNG,
    "long-identifier.json": refused("too_long", f"{PATIENT}.identifier[0].value"),
    "long-name.json": refused("too_long", f"{PATIENT}.name"),
    "long-system.json": refused("too_long", f"{PATIENT}.identifier[0].system"),
    "name-none.json": LUNG,
    "name-period-ended.json": LUNG,
    "name-zh-text-and-parts.json": LUNG,
    "nihss-1e308.json": refused("number_too_large", f"{VALUE}.valueQuantity.value"),
    "nihss-99.json": refers("I63.9", notes={"score_out_of_range"}),
    "nihss-hugeint.json": refused("number_too_large", f"{VALUE}.valueQuantity.value"),
    "nihss-integer.json": refers("I63.9"),
    "nihss-neg.json": refers("I63.9", notes={"score_out_of_range"}),
    "nihss-string.json": refers("I63.9"),
    "nul-diagnosis.json": refused("bad_character", f"{DISEASE}.code.coding[0].display"),
    "onset-1930.json": passes("long_ago"),
    "onset-24h.json": refused("bad_date", f"{DISEASE}.onsetDateTime"),
    "onset-nosec.json": LUNG,
    "onset-slash.json": refused("bad_date", f"{DISEASE}.onsetDateTime"),
    "onset-tz.json": LUNG,
    "pat-replaced.json": refers("C34.1 IIIB", notes={"linked"}),
    "re-1-active.json": LUNG,
    "re-2-same.json": LUNG,
    "re-3-refuted.json": passes("not_confirmed"),
    "ref-missing.json": refused("unknown_patient", "Bundle.entry[0].resource.subject.reference"),
    "rename-1.json": LUNG,
    "rename-2.json": LUNG,
    "servicerequest-alone.json": refused("wrong_resource", "resourceType"),
    "servicerequest-reasoncode.json": refers("C34.1"),
    "stage-ann-arbor.json": refers("C34.1 III"),
    "stage-figo.json": refers("C34.1 IIB"),
    "stage-limited.json": refers("C34.1"),
    "stage-obs-ajcc-3c.json": refers("C34.1 IIIC"),
    "stage-obs-amended.json": LUNG,
    "stage-obs-figo.json": refers("C53.9 IIIA"),
    "stage-obs-mcode.json": refers("C34.1 IIIC"),
    "stage-tis.json": refers("C34.1"),
    "stage-tnm-edition.json": refers("C34.1 IA3"),
    "stage-two-clin-path.json": LUNG,
    "stage-uicc.json": refers("C34.1 IIIA"),
    "stage-zh-arabic.json": refers("C34.1 III"),
    "stage-zh-roman.json": LUNG,
    "surrogate-diag.json": refused("bad_character", f"{DISEASE}.code.coding[0].display"),
    "suspected-z031.json": passes("observed"),
    "top-null.json": refused("not_an_object"),
    "two-patients-same-id.json": refused("resource_twice", DISEASE),
    "two-primaries-mets.json": refers("C18.7", "C50.9", "C78.7 IV", notes={"which_primary"}),
    "two-servers-relative-ref.json": LUNG,
    "utf16.json": refused("wrong_encoding"),
    "ver-data-absent.json": LUNG,
    "ver-refuted.json": passes("not_confirmed"),
    "xml.xml": refused("xml"),
}
EITHER = {"stage-tis.json": {("C34.1", ""), ("C34.1", "0")}}
"""Where two answers are right."""


@pytest.fixture(autouse=True)
def hospital(whole_catalogue: None) -> Institution:
    return factories.institution()


def run(tmp_path: Path, *names: str, **options: Any) -> list[dict[str, Any]]:
    """The reports of the files, in order."""
    report = tmp_path / "report.json"
    paths = [str(INPUTS / name) for name in names]
    with contextlib.suppress(CommandError):  # what was refused stands in the report
        call_command("import_fhir", *paths, report=str(report), stdout=io.StringIO(), **options)
    return json.loads(report.read_text(encoding="utf-8"))["files"]


def test_the_table_names_every_file() -> None:
    assert {path.name for path in INPUTS.iterdir()} == RIGHT.keys()


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_a_file_is_read_as_it_is_right(name: str, tmp_path: Path) -> None:
    right, (report,) = RIGHT[name], run(tmp_path, name)
    lines = [line for one in report["patients"] for line in one["lines"]]
    notes = {note["code"] for one in report["patients"] for note in one["notes"]}
    wrong = [(one["place"], one["code"]) for one in report["refused"]]
    cases = {(case.code, case.stage) for case in Case.objects.all()}
    assert wrong == ([right.refused] if right.refused else [])
    assert cases == right.cases or (name in EITHER and cases <= EITHER[name])
    assert {line["fate"] for line in lines} - {"raised"} == right.fates
    assert notes == right.notes
    assert HeldMatch.objects.count() == right.held
    assert all(line["text"] for line in lines) and all(one["text"] for one in report["refused"])


def test_files_about_one_person_follow_each_other(tmp_path: Path) -> None:
    first, same, refuted = run(tmp_path, "re-1-active.json", "re-2-same.json", "re-3-refuted.json")
    fates = [report["patients"][0]["lines"][0]["fate"] for report in (first, same, refuted)]
    assert fates == ["raised", "known", "taken_back"]
    case = Case.objects.get()
    assert case.status == "draft" and case.sources.get().taken_back_at is not None
    run(tmp_path, "rename-1.json", "rename-2.json")
    assert {one.name for one in PatientIdentity.objects.all()} == {"Fall166 Prüf", "Name Spaeter"}


def test_what_the_table_does_not_say(tmp_path: Path) -> None:
    def only(name: str) -> Case:
        Case.objects.all().delete()
        run(tmp_path, name)
        return Case.objects.select_related("patient__identity").get()

    assert only("two-servers-relative-ref.json").patient.identity.name == "Serveralpha"
    assert only("pat-replaced.json").patient.identity.name == "Fall111 Prüf"
    assert only("birth-year.json").patient.birth_year == 1960
    assert only("clin-recurrence.json").flags == ["recurrence"]
    assert only("name-period-ended.json").patient.identity.name == "A Neu"
    assert only("nihss-string.json").scores == {"NIHSS": 12}
    assert only("bmi-kg.json").scores == {"BMI": 43.5}
    asked = only("servicerequest-reasoncode.json")
    assert (asked.urgency, asked.question) == ("urgent", "Resectable?")
    (report,) = run(tmp_path, "code-snomed-crohn.json")
    assert [line["code"] for line in report["patients"][0]["lines"]] == ["K50.1"]
    stroke = only("nihss-99.json")
    assert (stroke.status, stroke.scores) == ("needs_facts", {})


def test_a_folder_with_broken_files_imports_the_others(tmp_path: Path) -> None:
    reports = run(tmp_path, "")
    assert len(reports) == len(RIGHT)
    broken = {Path(one["file"]).name for one in reports if one["refused"]}
    assert broken == {name for name, right in RIGHT.items() if right.refused}
    assert Case.objects.count() > 40


def test_a_dry_run_says_the_same_and_keeps_nothing(tmp_path: Path) -> None:
    (report,) = run(tmp_path, "two-primaries-mets.json", dry_run=True)
    assert report["counts"] == {"raised": 3}
    assert not Case.objects.exists() and not PatientIdentity.objects.exists()


def test_since_leaves_out_what_is_older(tmp_path: Path) -> None:
    (report,) = run(tmp_path, "two-primaries-mets.json", since="2026-03-01")
    assert {line["resource"]: line["fate"] for line in report["patients"][0]["lines"]} == {
        "Condition/c1": "before_since", "Condition/c2": "raised", "Condition/c3": "raised",
    }  # fmt: skip
