"""Code lists: files after a dry run, and codes that no map holds, mapped by hand."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cases.core import code_systems
from cases.diagnoses import code_files, code_maps
from cases.models import CodeMapping, DiagnosisName, UnmappedCode
from experts.models import Role
from mdt_portal.models import AuditEvent, User
from mdt_portal.tables.core import writing
from tests import factories

pytestmark = pytest.mark.django_db
SNOMED = "http://snomed.info/sct"
LOCAL = "http://hospital.example/codes"
NAMES = "编码,英文名称,名称\nC34.900x001,Cancer of the lung,肺恶性肿瘤\nC73,,甲状腺癌\n"
MAP = f"system,code,display,icd10,source\n{SNOMED},999000001,Rare lung thing,C34.1,Our coders 2026\n"


@pytest.fixture
def admin() -> User:
    return factories.user(Role.CATALOGUE_ADMIN)


@pytest.fixture
def signed_in(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def send(client: Client, kind: str, text: str = "", *, status: int = 200, **data: Any) -> Any:
    answer = client.post(reverse("code_lists"), {"kind": kind, "text": text, **data})
    assert answer.status_code == status, answer.content.decode()
    return answer


def unmapped(system: str = SNOMED, code: str = "999000001", display: str = "Lung cancer", times: int = 3) -> Any:
    code_maps.count_unmapped([(system, code, display)] * times)
    return UnmappedCode.objects.get(code=code)


# Files ----------------------------------------------------------------------------------------------------------------


def test_a_list_of_names_is_tried_and_then_taken_in(signed_in: Client, admin: User) -> None:
    DiagnosisName.objects.create(code="C73", who_code="C73", name_zh="甲状腺恶性肿瘤")
    tried = send(signed_in, "names", NAMES)
    found: code_files.CodeFile = tried.context["found"]
    assert (found.new, found.changed, found.unchanged) == (1, 1, 0)
    assert [(one.line, one.code) for one in found.changes] == [(2, "C34.900x001"), (3, "C73")]
    assert [(one.before, one.after) for one in found.changes[1].changes] == [("甲状腺恶性肿瘤", "甲状腺癌")]
    page = tried.content.decode()
    assert "1 new, 1 changed, 0 left as they are" in page
    assert "Read as pasted text" in page
    assert DiagnosisName.objects.count() == 1
    send(signed_in, "names", tried.context["found"].sheet.text, confirm="1", status=302)
    assert DiagnosisName.objects.get(code="C34.900x001").who_code == "C34.9"
    assert DiagnosisName.objects.get(code="C73").name_zh == "甲状腺癌"
    assert AuditEvent.objects.get(action="diagnosis_names.loaded").by == admin
    assert "There is nothing to write." in send(signed_in, "names", NAMES).content.decode()


def test_a_file_in_gbk_says_how_it_was_read(signed_in: Client) -> None:
    file = SimpleUploadedFile("names.csv", NAMES.encode("gb18030"))
    answer = send(signed_in, "names", file=file)
    assert "Read as GBK" in answer.content.decode()
    assert "肺恶性肿瘤" in answer.content.decode()


def test_a_workbook_is_a_map_too(signed_in: Client) -> None:
    lines = [line.split(",") for line in MAP.splitlines()]
    file = SimpleUploadedFile("map.xlsx", writing.write("xlsx", lines, title="map"))
    assert send(signed_in, "map", file=file).context["found"].new == 1


def test_all_mistakes_come_with_line_and_column_and_nothing_is_written(signed_in: Client) -> None:
    wrong = NAMES + "M8000/3,,形态\nC73,,又一次\nXX9,,无\n"
    answer = send(signed_in, "names", wrong, status=422)
    assert [(one.line, one.column) for one in answer.context["found"].refused] == [
        (4, "编码"), (5, "编码"), (6, "编码")
    ]  # fmt: skip
    assert "3 mistakes; nothing was written" in answer.content.decode()
    assert wrong.splitlines()[1] in answer.content.decode()  # what was typed stays in the form
    send(signed_in, "names", wrong, confirm="1", status=422)
    assert not DiagnosisName.objects.exists()


@pytest.mark.parametrize("text", ["", "no table at all", "\x00\x01", "<html></html>", "code\n"])
def test_what_is_no_list_is_refused_in_words(signed_in: Client, text: str) -> None:
    for kind in code_files.KINDS:
        page = send(signed_in, kind, text, status=422).content.decode()
        assert re.search("nothing was written|Choose a file, or paste its text|Null characters are not allowed", page)


def test_an_unknown_list_is_refused(signed_in: Client) -> None:
    assert "Select a valid choice" in send(signed_in, "nothing", NAMES, status=422).content.decode()


@pytest.mark.slow
def test_a_list_as_long_as_a_national_edition_is_confirmed_as_it_was_tried(signed_in: Client) -> None:
    """What was tried comes back as text, which is longer than the framework takes by itself."""
    lines = "".join(
        f"C34.9{number:02}x{extra:03},,{'肺恶性肿瘤' * 12}\n" for number in range(100) for extra in range(160)
    )
    tried = send(signed_in, "names", "code,name_en,name_zh\n" + lines)
    assert len(tried.context["shown"]) == 200
    assert "The first 200 of 16000 lines are shown" in tried.content.decode()
    text = tried.context["found"].sheet.text
    assert len(text.encode()) > 2_621_440
    send(signed_in, "names", text, confirm="1", status=302)
    assert DiagnosisName.objects.count() == 16000


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_lists_come_back_as_they_went(signed_in: Client, kind: str) -> None:
    send(signed_in, "names", NAMES, confirm="1", status=302)
    more = MAP.replace("source\n", "source,role,stage,flags,scores\n").replace(
        "Our coders 2026", "Our coders 2026,suspected,III,recurrence refractory,NIHSS=12"
    )
    send(signed_in, "map", more, confirm="1", status=302)
    for key in code_files.KINDS:
        out = signed_in.get(reverse("code_list_export", args=[key, kind]))
        found = send(signed_in, key, file=SimpleUploadedFile(f"list.{kind}", out.content)).context["found"]
        assert (found.changes, found.unchanged) == ((), len(found.rows))


def test_only_the_administrator_of_the_catalogue_keeps_the_lists(client: Client) -> None:
    row = unmapped()
    for role in (Role.COORDINATOR, Role.REFERRER, Role.MANAGER):
        client.force_login(factories.user(role))
        for address in (
            reverse("code_lists"),
            reverse("code_list_export", args=["names", "csv"]),
            reverse("unmapped_code", args=[row.pk]),
            "/api/v1/catalogue/unmapped-codes/",
        ):
            assert client.get(address).status_code == 403
        assert client.post(reverse("code_lists"), {"kind": "names", "text": NAMES, "confirm": "1"}).status_code == 403
    assert not DiagnosisName.objects.exists()


def test_a_file_that_there_is_not_is_not_found(signed_in: Client) -> None:
    for name in ("names.exe", "people.csv"):
        assert signed_in.get(f"/catalogue/codes/{name}").status_code == 404


# Systems --------------------------------------------------------------------------------------------------------------


def resolved(code: str, system: str) -> str:
    found = code_systems.resolve(code, system, maps=code_maps.present())
    return found.code if found else ""


def test_codes_of_a_system_of_the_hospitals_own_are_mapped_by_its_address_alone(signed_in: Client) -> None:
    text = MAP.replace(SNOMED, LOCAL)
    send(signed_in, "map", text, confirm="1", status=302)
    assert resolved("999000001", LOCAL.upper()) == "C34.1"
    assert resolved("999000001", "http://other.example/codes") == ""
    assert resolved("999000001", "") == ""
    oid = "1.2.156.112636.1.1"
    send(signed_in, "map", MAP.replace(SNOMED, f"urn:oid:{oid}"), confirm="1", status=302)
    assert resolved("999000001", oid) == "C34.1"


def test_a_national_code_that_cannot_be_cut_needs_a_map_and_one_that_can_needs_none(signed_in: Client) -> None:
    text = "system,code,display,icd10,source\nGB/T 14396,肺A01,某肺病,C34.1,编码员\n"
    send(signed_in, "map", text, confirm="1", status=302)
    assert resolved("肺A01", "GB/T 14396") == "C34.1"
    other = text.replace("肺A01", "C73.x00x003")
    page = send(signed_in, "map", other, status=422).content.decode()
    assert "lies in C73 by its own edition" in page
    assert send(signed_in, "map", other.replace("C34.1", "C73")).context["found"].new == 1


# By hand --------------------------------------------------------------------------------------------------------------


def test_codes_without_a_map_stand_there_with_how_often_they_came(signed_in: Client) -> None:
    unmapped(code="111", times=2)
    unmapped(code="222", times=5)
    page = signed_in.get(reverse("code_lists"))
    assert [(one.code, one.times) for one in page.context["page"]] == [("222", 5), ("111", 2)]
    assert reverse("code_lists") in signed_in.get(reverse("catalogue")).content.decode()
    page = signed_in.get(reverse("code_lists"), {"ordering": "code"})
    assert [one.code for one in page.context["page"]] == ["111", "222"]


def test_the_table_of_codes_without_a_map_is_filled_in_and_taken_in(signed_in: Client) -> None:
    unmapped()
    out = signed_in.get(reverse("code_list_export", args=["unmapped", "xlsx"]))
    book = openpyxl.load_workbook(io.BytesIO(out.content))
    sheet: Any = book.active
    assert [cell.value for cell in sheet[2]][:3] == [SNOMED, "999000001", "Lung cancer"]
    sheet["D2"], sheet["E2"] = "C34.9", "Our coders"
    filled = io.BytesIO()
    book.save(filled)
    send(signed_in, "map", confirm="1", file=SimpleUploadedFile("m.xlsx", filled.getvalue()), status=302)
    assert not UnmappedCode.objects.exists()
    assert resolved("999000001", SNOMED) == "C34.9"


def test_a_code_is_mapped_by_hand(signed_in: Client, admin: User) -> None:
    row = unmapped(LOCAL, "L-7")
    page = signed_in.get(reverse("unmapped_code", args=[row.pk])).content.decode()
    assert "It came 3 times." in page
    assert "?who_code=C34" in page  # what its name suggests
    given = {"who_code": "c34.9", "display": "Lung cancer", "source": "Our coders"}
    assert signed_in.post(reverse("unmapped_code", args=[row.pk]), given).status_code == 302
    assert resolved("L-7", LOCAL) == "C34.9"
    assert not UnmappedCode.objects.exists()
    event = AuditEvent.objects.get(action="code_map.entered", by=admin)
    assert event.params["who_code"] == "C34.9"
    assert code_maps.count_unmapped([(LOCAL, "L-7", "")]) == 0


def test_a_code_that_is_no_diagnosis_is_not_asked_for_again(signed_in: Client) -> None:
    row = unmapped(LOCAL, "NOTE")
    given = {"no_diagnosis": "on", "source": "Our coders"}
    assert signed_in.post(reverse("unmapped_code", args=[row.pk]), given).status_code == 302
    assert resolved("NOTE", LOCAL) == ""
    assert code_maps.count_unmapped([(LOCAL, "NOTE", "")]) == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"who_code": "XX9", "source": "x"}, "is not a code of WHO ICD-10"),
        ({"source": "x"}, "one of both"),
        ({"who_code": "C34", "no_diagnosis": "on", "source": "x"}, "one of both"),
        ({"who_code": "C34"}, "This field is required"),
    ],
)
def test_what_is_typed_wrong_is_said_and_kept(signed_in: Client, given: dict[str, str], said: str) -> None:
    row = unmapped()
    answer = signed_in.post(reverse("unmapped_code", args=[row.pk]), given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert given.get("who_code", "") in answer.content.decode()
    assert not CodeMapping.objects.exists()


def test_a_code_without_a_system_cannot_be_mapped(signed_in: Client) -> None:
    row = unmapped("", "C34.1")
    address = reverse("unmapped_code", args=[row.pk])
    assert "nobody can say what it means" in signed_in.get(address).content.decode()
    answer = signed_in.post(address, {"who_code": "C34.1", "source": "x"})
    assert answer.status_code == 422
    assert not CodeMapping.objects.exists()
