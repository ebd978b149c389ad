"""The services of a case: what the catalogue's answer does to it, and what is refused."""

from datetime import timedelta

import pytest

from cases.catalogue import rulebook
from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import SeatNeed
from cases.models import Case, CatalogueRule
from cases.selectors import material_state
from cases.services import materials, workflow
from experts.models import Institution
from mdt_portal.errors import RuleError, StaleState, TransitionNotAllowed
from mdt_portal.models import AuditEvent, StatusEvent, User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital(whole_catalogue: None) -> Institution:
    row = factories.institution(alliance=factories.alliance())
    factories.team("lung", at=row)
    factories.team("stroke", at=row)
    return row


@pytest.fixture
def doctor(hospital: Institution) -> User:
    return factories.user("referrer", at=hospital)


def refer(doctor: User, hospital: Institution, code: str = "C34.1", **details) -> Case:
    return workflow.refer(by=doctor, institution=hospital, patient=factories.patient(at=hospital), code=code, **details)


def test_a_required_case_waits_with_its_requirement_frozen(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="IV"), by=doctor)
    assert (case.status, case.tier, case.team.disease_group.key) == ("waiting", "required", "lung")
    frozen = requirement.from_json(case.requirement)
    assert case.due_at == case.submitted_at + timedelta(hours=frozen.hours)
    assert case.minutes == frozen.minutes
    rule = CatalogueRule.objects.get(key="LUNG-3B")
    rulebook.withdraw(rule, by=None, reason="test")
    case.refresh_from_db()
    assert requirement.from_json(case.requirement) == frozen


def test_each_step_leaves_an_event_with_who_when_why(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="IV"), by=doctor)
    events = StatusEvent.objects.filter(subject_type="cases.case", subject_id=case.pk)
    assert [(e.old, e.new, e.by, e.code) for e in events] == [
        ("draft", "submitted", doctor, "case.submitted"),
        ("submitted", "waiting", doctor, "case.evaluated"),
    ]
    assert [e.action for e in AuditEvent.objects.filter(subject_type="cases.case")][::-1] == [
        "case.referred",
        "case.submitted",
    ]


def test_an_appendicitis_is_listed_and_takes_nobodys_time(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, "K35.8"), by=doctor)
    assert (case.status, case.tier, case.due_at, case.minutes) == ("listed", "none", None, None)


def test_a_stroke_without_its_score_asks_for_it_and_moves_on_when_it_comes(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, "I63.9"), by=doctor)
    assert case.status == "needs_facts"
    assert case.due_at is not None
    assert requirement.from_json(case.requirement).missing == ("score:NIHSS",)
    case = workflow.supply_facts(case, by=doctor, scores={"NIHSS": 18})
    assert (case.status, case.tier) == ("waiting", "required")


def test_a_case_without_a_team_stays_submitted_until_it_gets_one(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, "C50.9"), by=doctor)
    assert (case.status, case.team) == ("submitted", None)
    case = workflow.assign_team(case, by=doctor, team=factories.team("breast", at=hospital))
    assert case.status == "waiting"


def test_a_national_case_goes_to_the_higher_hospital_of_the_alliance(doctor: User, hospital: Institution) -> None:
    centre = factories.institution(alliance=hospital.alliance, level="national")
    team = factories.team("rare", at=centre)
    factories.team("rare", at=hospital)
    case = workflow.submit(refer(doctor, hospital, "E75.2", rare_class="A"), by=doctor)
    assert case.team == team


def test_an_emergency_never_waits_longer_than_the_hospital_allows(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="IV", urgency="emergency"), by=doctor)
    assert case.due_at - case.submitted_at == timedelta(hours=hospital.emergency_limit_h)


def test_impossible_facts_are_refused_field_by_field(doctor: User, hospital: Institution) -> None:
    with pytest.raises(RuleError) as refused:
        refer(doctor, hospital, stage="IX", age=200, comorbidities=-1, surgery_level=9)
    assert set(refused.value.fields) == {"stage", "age", "comorbidities", "surgery_level"}
    with pytest.raises(RuleError) as refused:
        refer(doctor, hospital, "Q99.99X1" + "?")
    assert set(refused.value.fields) == {"code"}
    assert Case.objects.count() == 0


def test_an_edit_of_an_old_version_is_refused(doctor: User, hospital: Institution) -> None:
    case = refer(doctor, hospital, stage="II")
    workflow.edit(case, by=doctor, version=case.version, stage="IV")
    with pytest.raises(StaleState):
        workflow.edit(case, by=doctor, version=case.version, stage="I")
    case.refresh_from_db()
    assert case.stage == "IV"


def test_new_facts_ask_the_catalogue_again(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="II", age=60), by=doctor)
    assert case.tier == "suggested"
    assert workflow.edit(case, by=doctor, stage="IV").tier == "required"


def test_an_override_keeps_its_reason_and_outlives_later_edits(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, "K35.8"), by=doctor)
    with pytest.raises(RuleError) as refused:
        workflow.override(case, by=doctor, tier="required", reason="perforated, septic")
    assert set(refused.value.fields) == {"seats", "minutes", "hours"}
    case.team = factories.team("colorectal", at=hospital)
    case.save()
    factories.discipline("GENSURG")
    case = workflow.override(
        case,
        by=doctor,
        tier="required",
        reason="perforated, septic",
        seats=[SeatNeed(discipline="GENSURG", min_rank=3)],
        minutes=10,
        hours=24,
    )
    assert (case.status, case.tier, case.override["reason"]) == ("waiting", "required", "perforated, septic")
    assert workflow.edit(case, by=doctor, age=70).tier == "required"


def test_another_disease_takes_a_waiting_case_to_another_team(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="IV"), by=doctor)
    case = workflow.edit(case, by=doctor, code="I63.9", stage="", scores={"NIHSS": 12})
    assert (case.status, case.team.disease_group.key) == ("waiting", "stroke")


def test_another_disease_without_a_team_leaves_the_pool_and_says_so(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="IV"), by=doctor)
    case = workflow.edit(case, by=doctor, code="C50.9", stage="IV")
    case.refresh_from_db()
    assert (case.status, case.team, case.tier) == ("submitted", None, "required")
    team = factories.team("breast", at=hospital)
    assert workflow.assign_team(case, by=doctor, team=team).status == "waiting"


def test_facts_that_decide_without_a_team_leave_no_question_open(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, "I63.9"), by=doctor)
    assert case.status == "needs_facts"
    case.team = None
    case.save()
    hospital.teams.update(active=False)
    assert workflow.supply_facts(case, by=doctor, scores={"NIHSS": 12}).status == "submitted"


def test_an_overridden_case_keeps_team_and_tier_when_its_code_is_corrected(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="IV"), by=doctor)
    case = workflow.override(case, by=doctor, tier="suggested", reason="known to the team")
    case = workflow.edit(case, by=doctor, code="C50.9")
    case.refresh_from_db()
    assert (case.status, case.tier, case.code, case.team.disease_group.key) == ("waiting", "suggested", "C50.9", "lung")


def test_asking_the_catalogue_again_on_purpose_ends_the_override(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="IV"), by=doctor)
    case = workflow.override(case, by=doctor, tier="suggested", reason="known to the team")
    case = workflow.reevaluate(case, by=doctor)
    case.refresh_from_db()
    assert (case.tier, case.override) == ("required", None)
    assert workflow.edit(case, by=doctor, stage="II", age=60).tier == "suggested"


def test_incomplete_materials_hold_a_routine_case_back_but_no_urgent_one(doctor: User, hospital: Institution) -> None:
    case = workflow.submit(refer(doctor, hospital, stage="IV"), by=doctor)
    items = list(case.materials.all())
    assert items
    assert material_state.holds_back(case, len(items))
    for item in items:
        materials.receive(item, by=doctor)
    assert not material_state.holds_back(case, case.materials.filter(status="missing").count())
    urgent = workflow.submit(refer(doctor, hospital, stage="IV", urgency="urgent"), by=doctor)
    assert not material_state.holds_back(urgent, urgent.materials.count())


def test_the_lead_of_materials_is_the_smaller_of_days_and_a_quarter_of_the_limit(hospital: Institution) -> None:
    tuesday = factories.moment(factories.monday() + timedelta(days=1), "10:00", hospital)
    case = factories.case_waiting(
        at=hospital, team=hospital.teams.first(), submitted_at=tuesday, due_at=tuesday + timedelta(hours=40)
    )
    assert material_state.earliest_meeting(case, tuesday) == tuesday + timedelta(hours=10)
    case.due_at = tuesday + timedelta(days=60)
    assert material_state.earliest_meeting(case, tuesday) == tuesday + timedelta(days=3)


def test_a_withdrawn_case_cannot_be_submitted(doctor: User, hospital: Institution) -> None:
    case = workflow.withdraw(refer(doctor, hospital), by=doctor, reason="moved away")
    with pytest.raises(TransitionNotAllowed, match="cannot become"):
        workflow.submit(case, by=doctor)


def test_submitting_twice_does_not_start_the_limit_again(doctor: User, hospital: Institution) -> None:
    submitted = workflow.submit(refer(doctor, hospital, "I63.9"), by=doctor)
    with pytest.raises(TransitionNotAllowed):
        workflow.submit(submitted, by=doctor)
    assert Case.objects.get(pk=submitted.pk).submitted_at == submitted.submitted_at
