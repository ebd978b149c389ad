"""On-call duty over the API."""

from datetime import timedelta

import pytest

from experts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


def test_duties_come_and_go(api) -> None:
    hospital = factories.institution()
    url = f"/api/v1/institutions/{hospital.public_id}/on-call/"
    ann = factories.expert("PATH", at=hospital)
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    start = factories.moment(factories.monday(2), "20:00", hospital)
    given = {"expert": ann.public_id, "discipline": "PATH", "start": start, "end": start + timedelta(hours=12)}
    duty = client.post(url, given).json()
    assert (duty["expert"]["id"], duty["discipline"]["key"], duty["disease_group"]) == (ann.public_id, "PATH", None)
    assert client.get(url).json() == []
    assert client.get(url, {"since": start.isoformat()}).json() == [duty]
    again = client.post(url, given)
    assert (again.status_code, again.json()["code"]) == (400, "overlap")
    assert client.post(url, given | {"disease_group": "nothing"}).status_code == 400
    assert api(factories.user(Role.COORDINATOR)).get(url).status_code == 404
    assert api(factories.user(Role.MANAGER, at=hospital)).post(url, given).status_code == 403
    assert client.delete(f"{url}{duty['id']}/").status_code == 204
    assert client.delete(f"{url}{duty['id']}/").status_code == 404
