"""Week templates over the API: kept, tried on people, given."""

from datetime import time

import pytest

from experts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
SPAN = {"weekday": 0, "start": "08:00", "end": "12:00", "every": 2, "since": "2026-11-30"}


def test_a_template_is_kept_tried_and_given(api) -> None:
    hospital = factories.institution()
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    address = f"/api/v1/institutions/{hospital.public_id}/week-templates/"
    kept = client.post(address, {"name_en": "Mondays", "week": [SPAN]}).json()
    assert client.get(address).json() == [kept]
    assert (kept["name_en"], kept["week"]) == ("Mondays", [SPAN])
    again = client.post(address, {"name_en": "MONDAYS", "week": [SPAN]})
    assert (again.status_code, list(again.json()["fields"])) == (400, ["name_en"])
    mine = f"{address}{kept['id']}/"
    changed = client.put(mine, {"name_en": "Clinic", "week": [SPAN | {"every": 1, "since": None}]}).json()
    assert (changed["id"], changed["name_en"]) == (kept["id"], "Clinic")
    ann = factories.expert(at=hospital, hours=[(1, time(8), time(9))])
    asked = {"people": [ann.public_id], "adds": True, "dry_run": True}
    (tried,) = client.post(f"{mine}give/", asked).json()
    assert (tried["expert"]["id"], len(tried["before"]), len(tried["after"]), tried["sessions"]) == (
        ann.public_id,
        1,
        2,
        [],
    )
    assert ann.weekly_availability.count() == 1
    assert client.post(f"{mine}give/", asked | {"dry_run": False}).json() == [tried]
    assert ann.weekly_availability.count() == 2
    assert client.delete(mine).status_code == 204
    assert client.get(address).json() == []


def test_who_does_not_keep_the_hospital_is_refused_and_strangers_stay_unknown(api) -> None:
    alliance = factories.alliance()
    hospital, allied = (factories.institution(alliance=alliance) for _ in range(2))
    address = f"/api/v1/institutions/{hospital.public_id}/week-templates/"
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    kept = client.post(address, {"name_en": "Mondays", "week": [SPAN]}).json()
    of_ally = factories.expert(at=allied, hours=[(1, time(8), time(9))])
    answer = client.post(f"{address}{kept['id']}/give/", {"people": [of_ally.public_id], "dry_run": True})
    assert (answer.status_code, answer.json()["code"]) == (400, "template_does_not_fit")
    other = api(factories.user(Role.COORDINATOR, at=allied))
    assert other.get(address).json() == [kept]
    assert other.post(address, {"name_en": "X", "week": [SPAN]}).status_code == 403
    assert other.delete(f"{address}{kept['id']}/").status_code == 403
    stranger = api(factories.user(Role.COORDINATOR))
    assert stranger.get(address).status_code == 404
