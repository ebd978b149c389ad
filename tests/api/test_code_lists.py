"""The hospital's code lists over the API: tried, written, and codes that no map holds mapped by hand."""

import pytest

from cases.diagnoses import code_maps
from cases.models import DiagnosisName, UnmappedCode
from experts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
NAMES = "code,name_en,name_zh\nC34.900x001,Cancer of the lung,肺恶性肿瘤\nC73,,甲状腺癌\n"


@pytest.fixture
def client(api):
    return api(factories.user(Role.CATALOGUE_ADMIN))


def test_a_list_is_tried_and_written(client) -> None:
    address = "/api/v1/catalogue/code-lists/"
    tried = client.post(address, {"kind": "names", "text": NAMES}).json()
    assert (tried["written"], len(tried["changes"]), tried["mistakes"]) == (False, 2, [])
    assert not DiagnosisName.objects.exists()
    assert client.post(address, {"kind": "names", "text": NAMES, "confirm": True}).json()["written"] is True
    assert DiagnosisName.objects.count() == 2
    wrong = client.post(address, {"kind": "names", "text": "code,name_zh\nXX9,x\n", "confirm": True}).json()
    assert (wrong["written"], wrong["mistakes"][0]["line"], wrong["mistakes"][0]["column"]) == (False, 2, "code")


def test_codes_without_a_map_are_listed_and_mapped(client) -> None:
    code_maps.count_unmapped([("http://snomed.info/sct", "999000001", "Lung cancer")] * 4)
    row = UnmappedCode.objects.get()
    address = "/api/v1/catalogue/unmapped-codes/"
    listed = client.get(f"{address}?ordering=-times").json()["results"]
    assert [(one["id"], one["code"], one["times"]) for one in listed] == [(row.pk, "999000001", 4)]
    assert client.get(f"{address}?ordering=updated_at").status_code == 400
    wrong = client.post(f"{address}{row.pk}/map/", {"who_code": "XX9", "source": "x"})
    assert wrong.status_code == 400
    assert [*wrong.json()["fields"]] == ["who_code"]
    done = client.post(f"{address}{row.pk}/map/", {"who_code": "C34", "source": "Our coders"})
    assert done.json()["who_code"] == "C34"
    assert client.get(address).json()["count"] == 0


def test_only_the_administrator_of_the_catalogue_may(api) -> None:
    for role in (Role.COORDINATOR, Role.REFERRER):
        other = api(factories.user(role))
        assert other.get("/api/v1/catalogue/unmapped-codes/").status_code == 403
        assert other.post("/api/v1/catalogue/code-lists/", {"kind": "names", "text": NAMES}).status_code == 403
