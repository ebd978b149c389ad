"""Codes of every usual system and spelling, in WHO ICD-10."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from cases.core import code_systems, icd10
from cases.diagnoses import code_maps
from cases.diagnoses.core import code_map
from cases.models import CodeMapping, UnmappedCode

CM = "http://hl7.org/fhir/sid/icd-10-cm"
WHO = "http://hl7.org/fhir/sid/icd-10"
GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
SNOMED = "http://snomed.info/sct"


@pytest.mark.parametrize(
    ("code", "who"),
    [
        ("C34.900x001", "C34.9"), ("C73.x00x003", "C73"), ("D86.000x001", "D86.0"), ("I21.900", "I21.9"),
        ("i63.900x004", "I63.9"), ("X00.x00x001", "X00"), ("C34.9001", "C34.9"), ("C34900X001", "C34.9"),
        ("M80.000x001", "M80.0"),
        ("C34.90", "C34.9"), ("S72.001A", "S72.0"), ("C349", "C34.9"), (" C34.1 ", "C34.1"), ("C34.1†", "C34.1"),
        ("C34.1-", "C34.1"), ("C34.-", "C34"), ("C34.0-C34.9", "C34"), ("G63.2* E11.4†", "E11.4"), ("I64", "I64"),
        ("C80.0", "C80.0"), ("N18.6", "N18.5"), ("C34.1 G", "C34.1"), ("C34.1 V R", "C34.1"),
    ],
)  # fmt: skip
def test_a_code_that_a_person_types_is_read_in_any_edition(code: str, who: str) -> None:
    assert code_systems.who_code(code) == who


@pytest.mark.parametrize(
    "code",
    [
        "M8140/3",
        "M80000/3",
        "8140/3",
        "M8140",
        "M80003",
        "C34-C36",
        "lung",
        "Ｃ18.8",
        "XX9",
        "",
        "Z",
        "肺癌",
        "C34.1 A",
    ],
)
def test_what_cannot_be_placed_safely_is_not_placed(code: str) -> None:
    assert code_systems.who_code(code) is None


@pytest.mark.parametrize(
    ("system", "code", "who"),
    [
        (CM, "C7B.02", "C78.7"), (CM, "c34.90", "C34.9"), (CM, "C3490", "C34.9"), (CM, "C80.0", "C79.9"),
        (CM, "C49.A2", "C16.9"), (CM, "E08.22", "E13.2"), (CM, "C84.A0", "C84.8"), (CM, "C4A.1", "C44.1"),
        (WHO, "C16.900", "C16.9"), (WHO, "C34.900x001", "C34.9"), (WHO, "C73.x00x001", "C73"), (WHO, "C34.1-", "C34.1"),
        ("urn:oid:2.16.156.10011.2.3.3.11", "C34.900x001", "C34.9"),
        ("http://code.nhsa.gov.cn/icd10", "C50.900x011", "C50.9"), ("GB/T 14396-2016", "I63.900", "I63.9"),
        ("医保版2.0", "I63.900x004", "I63.9"), ("yb", "K35.800", "K35.8"), ("国家临床版2.0", "G12.000", "G12.0"),
        (GM, "C34.1", "C34.1"), (GM, "C34.1 G", "C34.1"), (GM, "C34.1†", "C34.1"), (GM, "C50.9 G R", "C50.9"),
        (GM, "U07.1!", "U07.1"), ("urn:oid:1.2.276.0.76.5.409", "C34.1", "C34.1"),
        ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full", "C169", "C16.9"),
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw", "C22.0", "C22.0"),
        ("http://id.who.int/icd/release/10/2019", "C34.1", "C34.1"), ("ICD-10", "C34.1", "C34.1"),
        (SNOMED, "277571004", "C91.0"), (SNOMED, "92814006", "C91.1"), (SNOMED, "7620006", "K50.1"),
        (SNOMED, "393563007", "C71.9"), (SNOMED, "187769009", "C22.0"), (SNOMED, "353431000119107", "C50.9"),
        (SNOMED, "254626006", "C34.9"), ("urn:oid:2.16.840.1.113883.6.96", "254626006", "C34.9"),
        ("http://id.who.int/icd/release/11/mms", "2C25.0", "C34.9"), ("ICD-11", "2C12.02&XS1G", "C22.0"),
        ("", "C34.1", None), ("http://hl7.org/fhir/sid/icd-9-cm", "162.9", None), ("urn:oid:1.2.3", "C34.1", None),
        ("http://hl7.org/fhir/sid/icd-10-pcs", "B20", None), ("http://hl7.org/fhir/sid/icd-o-3", "8140/3", None),
        ("urn:oid:2.16.156.10011.2.3.3.12", "C34.1", None),
    ],
)  # fmt: skip
def test_a_code_of_a_named_system(system: str, code: str, who: str | None) -> None:
    found = code_systems.resolve(code, system, maps=code_map.shipped())
    assert (found.code if found else None) == who
    assert found is None or (found.raw, found.system) == (code, system)


@pytest.mark.parametrize(
    ("code", "certainty"), [("C34.1V", "suspected"), ("C34.1 Z", "history"), ("C34.1 A", "excluded"), ("C34.1G", "")]
)
def test_the_german_letters_say_how_certain_it_is(code: str, certainty: str) -> None:
    found = code_systems.resolve(code, GM)
    assert found is not None
    assert (found.code, found.certainty) == ("C34.1", certainty)


@pytest.mark.parametrize("code", ["C34.1 Z", "C34.1 A"])
def test_what_is_not_there_is_no_diagnosis_that_somebody_types(code: str) -> None:
    assert code_systems.who_code(code) is None


@given(st.sampled_from(icd10.codes()), st.sampled_from(["", "00", "00x001", "00X1", "01"]))
def test_every_code_of_who_is_found_again_in_its_national_form(code: str, tail: str) -> None:
    filled = code if "." in code or not tail else f"{code}.x"
    national = f"{filled}{tail}"
    if len(code) <= 5:  # the few longer codes of WHO have no national form
        assert code_systems.who_code(national) == code, national


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_raises(code: str, system: str) -> None:
    for one in (code_systems.resolve(code, system, maps=code_map.shipped()), code_systems.resolve(code)):
        assert one is None or icd10.exists(one.code)


def test_every_code_of_snomed_in_the_shipped_map_has_its_check_digit() -> None:
    """Verhoeff's, which a typing mistake breaks."""
    numbers = [code for system, code in code_map.shipped() if system == code_systems.SNOMED]
    assert len(numbers) > 250
    assert [number for number in numbers if _verhoeff(number)] == []


def _verhoeff(number: str) -> int:
    """0 if the last digit is right. The group is that of the symmetries of a pentagon."""
    permutation, shift = list(range(10)), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for digit in reversed(number):
        other = permutation[int(digit)]
        turn, back = (check % 5, other % 5)
        check = (turn + back) % 5 + 5 * (other // 5) if check < 5 else (turn - back) % 5 + 5 * (1 - other // 5)
        permutation = [permutation[k] for k in shift]
    return check


# The hospital's own map -----------------------------------------------------------------------------------------------

MAP = """system,code,display,icd10,source
http://snomed.info/sct,999000001,Rare lung thing,c34.1,Our coders 2026
ICD-11,2C25,Lung,C34.8,Our coders 2026
"""


def load(path: Path, text: str, *options: str) -> str:
    path.write_text(text, encoding="utf-8")
    out = StringIO()
    call_command("load_code_map", str(path), *options, stdout=out)
    return out.getvalue().strip()


@pytest.mark.django_db
def test_a_hospitals_own_map_goes_before_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    assert load(path, MAP, "--dry-run") == "2 rows; nothing was written."
    assert not CodeMapping.objects.exists()
    assert load(path, MAP) == "2 new rows, 0 changed, 0 unchanged."
    assert load(path, MAP.replace("Lung,C34.8", "Lung,C34.9")) == "0 new rows, 1 changed, 1 unchanged."
    assert load(path, MAP) == "0 new rows, 1 changed, 1 unchanged."
    maps = code_maps.present()
    for system, code, who in (
        (SNOMED, "999000001", "C34.1"), ("ICD-11", "2C25.1", "C34.8"), (SNOMED, "92814006", "C91.1"),
    ):  # fmt: skip
        assert code_systems.resolve(code, system, maps=maps).code == who  # type: ignore[union-attr]


@pytest.mark.django_db
def test_all_mistakes_of_a_map_come_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    wrong = (
        "system,code,display,icd10,source\nsnomed,1,a,XX9,x\nabc,2,b,C34,x\nsnomed,3,c,C34,\n"
        "snomed,4,d,C34,x\nsnomed,4,d,C34,x\n"
    )
    with pytest.raises(CommandError) as error:
        load(tmp_path / "map.csv", wrong)
    assert [line.split(": ", 1)[1] for line in str(error.value).splitlines()[:-1]] == [
        "[2] icd10: “XX9” is not a code of WHO ICD-10",
        "[3] system: “abc” is no system of codes that needs a map; name SNOMED CT or ICD-11",
        "[4] source: must not be empty",
        "[6] code: “4” stands here twice",
    ]
    assert not CodeMapping.objects.exists()


@pytest.mark.django_db
def test_codes_without_a_map_are_counted_and_leave_the_list_when_they_are_mapped(tmp_path: Path) -> None:
    seen = [(SNOMED, "999000001", "Rare lung thing"), ("", "C34.1", "no system"), (SNOMED, "92814006", "CLL")]
    assert code_maps.count_unmapped(seen) == 2
    assert code_maps.count_unmapped(seen[:1]) == 1
    out = StringIO()
    call_command("unmapped_codes", stdout=out)
    lines = [line.rsplit(",", 1)[0] for line in out.getvalue().splitlines()]
    assert lines == [
        "system,code,display,icd10,source,times",
        f"{SNOMED},999000001,Rare lung thing,,,2",
        ",C34.1,no system,,,1",
    ]
    load(tmp_path / "map.csv", MAP)
    assert list(UnmappedCode.objects.values_list("code", flat=True)) == ["C34.1"]
