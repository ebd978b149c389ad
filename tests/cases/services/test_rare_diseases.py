"""A code of a national list of rare diseases sets the class by itself; another class needs a reason."""

import pytest
from django.test import Client

from cases.core import icd10, rare_diseases
from cases.services import workflow
from experts.models import Institution, Role
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from tests import factories

COMMON = (
    "A15 A41.9 B18.1 B24 C16.9 C18 C20 C22.0 C34.1 C43 C44 C50 C53 C61 C64 C67 C71 C73 D12.6 D25 D50 D64.9 D69.6 "
    "D70 E03 E04 E05 E10 E11 E11.9 E16.2 E66 E66.8 E78.0 E78.5 E83.3 E83.4 E87.6 F01 F20 F32 G04.8 G20 G30 G40.4 "
    "G40.9 G43 G45 G47.3 G62.9 G70.0 H25 H35.3 H40 H47.2 H90 I10 I20 I21 I25 I42.0 I44 I48 I50 I60 I61 I63 I64 "
    "J15 J18 J18.9 J44 J45 J84.1 K21 K25 K35 K50 K51 K52.8 K57 K74.6 K76.0 K80 K83.0 K85 L20 L40.0 L40.9 L73.2 "
    "L93 M05 M06.9 M10 M16 M17 M32 M35.0 M41 M45 M54 M81 N04 N10 N18 N20 N40 O14 P07 P22 P29.3 P59 Q21 Q67.5 Q90 "
    "R50 R56 S06 S72 T81 Z00"
)
"""Codes of diseases that everybody sees, some of which hold a rare one as well."""


def test_both_lists_are_whole_and_every_code_exists() -> None:
    found = rare_diseases.diseases()
    assert [(one.edition, one.number) for one in found] == [
        *((1, number) for number in range(1, 122)),
        *((2, number) for number in range(1, 87)),
    ]
    for one in found:
        assert one.name_zh and one.name_en and one.rare_class in set("ABC"), one
        assert one.ranges or one.shared, one
        assert all(icd10.exists(part.first) for part in (*one.ranges, *one.shared)), one
    assert len({one.name_zh for one in found}) == len({one.name_en for one in found}) == len(found)


def test_no_code_of_a_common_disease_sets_a_class() -> None:
    below = [code for common in COMMON.split() for code in icd10.expand(icd10.parse_range(common))]
    assert [code for code in below if rare_diseases.class_of(code)] == []


@pytest.mark.parametrize(
    ("code", "rare_class"),
    [("M61.1", "C"), ("M31.3", "A"), ("G23.3", "B"), ("D81.8", "A"), ("F84.2", "B"), ("Q44.2", "A"), ("C96.5", "A")],
)
def test_diseases_of_both_lists_set_theirs(code: str, rare_class: str) -> None:
    assert rare_diseases.class_of(code) == rare_class


def test_a_code_that_holds_common_diseases_too_names_the_rare_ones() -> None:
    assert [one.name_en for one in rare_diseases.possible("J84.1")] == [
        "Idiopathic pulmonary fibrosis",
        "Progressive fibrosing interstitial lung disease",
    ]
    assert "Gastrointestinal stromal tumor" in {one.name_en for one in rare_diseases.possible("C16.2")}
    assert rare_diseases.possible("G12.0") == rare_diseases.possible("D80.0") == rare_diseases.possible("I10") == ()


@pytest.fixture
def hospital(whole_catalogue: None) -> Institution:
    return factories.institution()


@pytest.fixture
def doctor(hospital: Institution) -> User:
    return factories.user(Role.REFERRER, at=hospital)


@pytest.mark.django_db
def test_spinal_muscular_atrophy_is_rare_by_itself(doctor: User, hospital: Institution) -> None:
    patient = factories.patient(at=hospital)
    case = workflow.refer(by=doctor, institution=hospital, patient=patient, code="G12.0", rare_class="")
    case = workflow.submit(case, by=doctor)
    assert (case.rare_class, case.tier) == ("A", "required")
    case = workflow.edit(case, by=doctor, rare_class="", rare_reason="The gene test is negative")
    assert (case.rare_class, case.status) == ("", "to_decide")
    assert workflow.edit(case, by=doctor, code="J18.9").rare_class == ""


@pytest.mark.django_db
def test_the_class_that_came_with_a_code_goes_with_it(doctor: User, hospital: Institution) -> None:
    case = workflow.refer(by=doctor, institution=hospital, patient=factories.patient(at=hospital), code="G12.0")
    assert workflow.edit(case, by=doctor, code="J18.9").rare_class == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "details",
    [
        {"rare_class": ""},
        {"rare_class": "B"},
        {"rare_class": "C", "rare_reason": "  "},
        {"rare_class": "B", "rare_reason": ""},
    ],
)
def test_another_class_than_the_lists_asks_for_a_reason(
    doctor: User, hospital: Institution, details: dict[str, str]
) -> None:
    case = workflow.refer(by=doctor, institution=hospital, patient=factories.patient(at=hospital), code="G12.0")
    with pytest.raises(RuleError) as refused:
        workflow.edit(case, by=doctor, **details)
    assert list(refused.value.fields) == ["rare_reason"]
    case.refresh_from_db()
    assert (case.rare_class, case.rare_reason) == ("A", "")


@pytest.mark.django_db
def test_a_class_with_its_reason_is_not_reset_silently(doctor: User, hospital: Institution) -> None:
    case = workflow.refer(
        by=doctor, institution=hospital, patient=factories.patient(at=hospital), code="G12.0",
        rare_class="B", rare_reason="Late onset",
    )  # fmt: skip
    assert (case.rare_class, case.rare_reason) == ("B", "Late onset")
    for details in ({"rare_class": ""}, {"rare_reason": ""}):
        with pytest.raises(RuleError):
            workflow.edit(case, by=doctor, **details)
    assert workflow.edit(case, by=doctor, question="Now?").rare_class == "B"
    assert workflow.edit(case, by=doctor, rare_class="B").rare_reason == "Late onset"
    case = workflow.edit(case, by=doctor, rare_class="A")
    assert (case.rare_class, case.rare_reason) == ("A", "")
    workflow.edit(case, by=doctor, rare_class="B", rare_reason="Late onset")
    case = workflow.edit(case, by=doctor, code="E75.2")  # what was said of one disease is not said of another
    assert (case.rare_class, case.rare_reason) == (rare_diseases.class_of("E75.2"), "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "at this code, with their class: Lysinuric protein intolerance (A), Cystinosis (A)."),
        ("zh-hans", "（附类别）：赖氨酸尿蛋白不耐受症 (A)、胱氨酸贮积症 (A)。"),
    ],
)
def test_the_form_names_what_a_code_may_be_and_presets_nothing(
    client: Client, doctor: User, language: str, said: str
) -> None:
    client.force_login(doctor)
    asked = {"code": "E72.0"}
    page = client.post("/refer/facts/", asked, headers={"Accept-Language": language}).content.decode()
    assert said in page
    page = client.post("/refer/facts/", {"code": "G12.0"}, headers={"Accept-Language": language}).content.decode()
    assert said[:12] not in page and 'name="rare_class"' in page


def test_a_code_that_is_common_too_sets_nothing() -> None:
    assert rare_diseases.class_of("E78.0") == rare_diseases.class_of("C34.1") == ""
