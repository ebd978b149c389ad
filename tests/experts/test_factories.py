"""The factories make rows that the database and the model's own checks accept."""

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


def test_defaults_pass_full_clean():
    hospital = factories.institution()
    radiologist = factories.expert("RADIOL", "NUCMED", at=hospital)
    team = factories.team(at=hospital, core=[radiologist], chair=radiologist)
    waiting = factories.case_waiting(team=team, missing=["ct"], received=["pathology"])
    rows = [
        hospital,
        radiologist,
        team,
        waiting,
        factories.room(at=hospital),
        factories.block(team),
        factories.case(at=hospital),
        factories.run(hospital),
        factories.session(team, room=factories.room(at=hospital), experts=[radiologist], cases=[waiting]),
        factories.user("coordinator", at=hospital),
        factories.user("auditor", at=factories.alliance()),
    ]
    for row in rows:
        row.full_clean()


def test_waiting_case_carries_its_requirement():
    waiting = factories.case_waiting(seats=[("RADIOL", 3), ("PATH", 2)])
    assert [seat["discipline"] for seat in waiting.requirement["seats"]] == ["RADIOL", "PATH"]
