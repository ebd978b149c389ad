"""A code of a national list of rare diseases sets the class by itself; another class needs a reason."""

import pytest

from cases.core import icd10, rare_diseases
from cases.services import workflow
from experts.models import Institution, Role
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from tests import factories


def test_every_code_of_the_file_exists_and_has_a_class() -> None:
    assert all(one.ranges and one.rare_class in "ABC" for one in rare_diseases.diseases())
    places = [(one.edition, one.number) for one in rare_diseases.diseases()]
    assert len(set(places)) == len(places)
    assert max(number for edition, number in places if edition == 1) <= 121
    assert max(number for edition, number in places if edition == 2) <= 86
    assert all(icd10.exists(part.first) for one in rare_diseases.diseases() for part in one.ranges)


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


def test_a_code_that_is_common_too_sets_nothing() -> None:
    assert rare_diseases.class_of("E78.0") == rare_diseases.class_of("C34.1") == ""
