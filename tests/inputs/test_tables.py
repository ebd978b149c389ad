"""All tables that people handed in: each with what is right, and none ends in a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import translation

from cases.catalogue import files, rule_text, rulebook, wording
from cases.catalogue.core import vocabulary
from cases.diagnoses import local_names
from cases.diagnoses.core import code_list
from experts import reference
from experts.models import Expert, Qualification, Role
from experts.roster import people_import
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from tests import factories

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parent / "csv"
PEOPLE = {
    "x-badhospital.csv": "2 医院: “无此医院” is not a hospital whose people you keep.",
    "x-badskill.csv": "2 学科: There is no discipline “不存在科”.",
    "x-badyes.csv": "2 可远程: Write yes or no (是 or 否).",
    "x-big5.csv": "0 : The file is not UTF-8, and its characters could mean different things (GBK: 代刚せ; Big5: 測",
    "x-binary.csv": "0 : This is no table but a file of another kind.",
    "x-bom.csv": "1 new",
    "x-bracket-discipline.csv": "2 new",
    "x-caps.csv": "2 每日场次上限: Choose a number from 0 to 10.",
    "x-comment.csv": "0 : The column “E-mail” (邮箱) is missing.",
    "x-cr.csv": "1 new",
    "x-crlf.csv": "1 new",
    "x-emptylines.csv": "2 new",
    "x-formula-apos.csv": "1 new",
    "x-formula.csv": "1 new",
    "x-fullwidth-head.csv": "1 : The headings are parted by Chinese commas (，).",
    "x-gbk.csv": "1 new",
    "x-headonly.csv": "0 : There is no line below the headings.",
    "x-html.csv": "0 : This is a web page (HTML) and no table.",
    "x-latin1-name.csv": "0 : The file is not UTF-8, and its characters could mean different things (Windows-1252: Jos",
    "x-latin1.csv": "0 : The file is not UTF-8, and its characters could mean different things (Windows-1252: josé@",
    "x-long-row.csv": "2 : Has 10 cells for 8 headings.",
    "x-mail-twice.csv": "2 邮箱: This address stands in more than one line.",
    "x-mixednl.csv": "2 new",
    "x-nbsp.csv": "1 new",
    "x-no-name-col.csv": "0 : The column “Name (Chinese)” (姓名) is missing.",
    "x-nomail.csv": "2 邮箱: An e-mail address is needed",
    "x-nul.csv": "2 : Holds a NUL character",
    "x-one-wrong-of-many.csv": "22 职称: There is no title “???”.",
    "x-phone-apos.csv": "1 new",
    "x-phone-plus.csv": "1 new",
    "x-phone-sci.csv": "2 电话: “1.39E+10” is a number that a spreadsheet has shortened.",
    "x-quote-newline.csv": "1 new",
    "x-semicolon.csv": "1 new",
    "x-sep-line.csv": "1 new",
    "x-shifted.csv": "2 : Has 9 cells for 8 headings.",
    "x-short-row.csv": "2 : Has only 5 cells for 8 headings.",
    "x-spaces.csv": "1 new",
    "x-unclosed.csv": "2 : A quotation mark opens in this line and is never closed.",
    "x-utf16.csv": "1 new",  # refused when the list was written; issue 10 asks for UTF-16 to be read
    "x-xlsx.csv": "0 : This looks like a workbook (XLSX) but cannot be opened.",
}
CODES = {
    "codes-again.csv": "0 new, 2 unchanged",
    "codes-bad.csv": "[2] code: “XX9” is not a code of WHO ICD-10 | [3] name_zh: a code needs a name",
    "codes-crlf.csv": "1 new, 0 unchanged",
    "codes-empty-lines.csv": "1 new, 0 unchanged",
    "codes-fullwidth.csv": "[2] code: “Ｃ１８.8” is not a code of WHO ICD-10",
    "codes-gbk.csv": "1 new, 0 unchanged",
    "codes-head.csv": "there is no name in the file",
    "codes-long.csv": "[2]: Has 4 cells for 3 headings.",
    "codes-longname.csv": "[2] name_zh: is longer than 240 characters",
    "codes-morphology.csv": "[2] code: “M8140/3” is a code of morphology (ICD-O)",
    "codes-natl.csv": "[3] code: “M80000/3” is a code of morphology (ICD-O)",
    "codes-ok.csv": "2 new, 0 unchanged",
    "codes-quote.csv": "1 new, 0 unchanged",
    "codes-semicolon.csv": "1 new, 0 unchanged",
    "codes-spaces.csv": "1 new, 0 unchanged",
    "codes-tab.csv": "1 new, 0 unchanged",
    "codes-twice.csv": "[3] code: “c18.3” stands here twice",
    "codes-unclosed.csv": "[2]: A quotation mark opens in this line and is never closed.",
    "codes-xlsx.csv": "This looks like a workbook (XLSX) but cannot be opened.",
    "codes-zhhead.csv": "1 new, 0 unchanged",
}
RULES = {
    "cat-badcode.csv": "2 icd10: “C99” is not a code of WHO ICD-10 | 2 icd10: “X” is not a code",
    "cat-badtier.csv": "2 tier: “must” is not one of: none, suggested, required",
    "cat-dup-key.json": "0 tier: The same key stands twice in one object",
    "cat-duphead.csv": "1 tier: The column “tier” stands there twice.",
    "cat-dupid.csv": "3 id: “ACCRETA” is already the id of rules[0]",
    "cat-empty.csv": "0 : The file is empty.",
    "cat-emptylines.csv": "0 new, 0 changed, 3 unchanged",
    "cat-extracol.csv": "0 new, 0 changed, 3 unchanged; The column “Bemerkung” means nothing here and is passed over",
    "cat-float-minutes.json": "1 rules[0].minutes: “20.0” is not a whole number",
    "cat-formula.csv": "0 new, 1 changed, 0 unchanged",
    "cat-fullwidth.csv": "2 icd10: “Ｏ43.2” is not a code of WHO ICD-10",
    "cat-gbk.csv": "0 new, 0 changed, 3 unchanged",
    "cat-head.csv": "0 : There is no rule in the file",
    "cat-json-bad.csv": "1 : Not JSON: Expecting value at line 1, column 12",
    "cat-missingcol.csv": "1 icd10: This column is missing",
    "cat-natcode.csv": "2 icd10: “C34.900x001” is not a code of WHO ICD-10",
    "cat-nul-text.json": "1 rules[0].note: “a?b” holds a control character",
    "cat-null-rules.json": "0 rules: The file must be an object with a list “rules”",
    "cat-quotes.csv": "0 new, 0 changed, 3 unchanged",
    "cat-rule-alone.json": "0 rules: The file must be an object with a list “rules”",
    "cat-same.csv": "0 new, 0 changed, 3 unchanged",
    "cat-semicolon.csv": "0 new, 0 changed, 3 unchanged",
    "cat-shortrow.csv": "4 : Has only 5 cells for 24 headings.",
    "cat-spaces-cells.csv": "0 new, 0 changed, 3 unchanged",
    "cat-spaces.csv": "0 new, 0 changed, 3 unchanged",
    "cat-str-minutes.json": "1 rules[0].minutes: “20” is not a whole number",
    "cat-upper.csv": "0 new, 0 changed, 3 unchanged",
}
"""What is right, by file. A refusal is told by its beginning: the line, the column, and what is wrong."""


@pytest.fixture
def coordinator() -> User:
    reference.load()
    at = factories.institution(name_en="Lanchuan First People's Hospital", name_zh="澜川市第一人民医院")
    return factories.user(Role.COORDINATOR, at=at)


def people(name: str, by: User) -> str:
    """What the people import says of a file: its mistakes, or what it did; a file with mistakes writes nothing."""
    raw = (FOLDER / name).read_bytes()
    found = people_import.read(raw, by=by)
    if found.mistakes:
        with pytest.raises(RuleError):
            people_import.take_in(raw, by=by)
        assert not Expert.objects.exists()
        return " | ".join(f"{one.line} {one.column}: {one.sentence}" for one in found.mistakes)
    done = people_import.take_in(raw, by=by)
    return f"{len(done.new)} new"


def codes(name: str) -> str:
    found = code_list.read((FOLDER / name).read_bytes())
    if found.mistakes:
        return " | ".join(wording.placed_text(one) for one in found.mistakes)
    done = local_names.load(found.rows, by=None)
    return f"{done.new} new, {done.unchanged} unchanged"


def rules(name: str) -> str:
    found = files.read((FOLDER / name).read_bytes())
    if found.file.mistakes:
        return " | ".join(f"{line} {field}: {said}" for line, _rule, field, said in found.lines)
    plan = files.plan(found, rule_text.names())
    return f"{len(plan.new)} new, {len(plan.changed)} changed, {plan.unchanged} unchanged; " + " ".join(
        said for *_place, said in found.hints
    )


def test_every_table_of_the_folder_has_its_right_value() -> None:
    assert PEOPLE.keys() | CODES.keys() | RULES.keys() == {path.name for path in FOLDER.iterdir()}


def test_people(coordinator: User) -> None:
    found = {}
    for name, right in PEOPLE.items():
        begun = transaction.savepoint()
        found[name] = people(name, coordinator)[: len(right)]
        transaction.savepoint_rollback(begun)
    assert found == PEOPLE


def test_codes() -> None:
    found = {}
    for name, right in CODES.items():
        begun = transaction.savepoint()
        if name == "codes-again.csv":
            codes("codes-ok.csv")
        found[name] = codes(name)[: len(right)]
        transaction.savepoint_rollback(begun)
    assert found == CODES


def test_rules() -> None:
    rulebook.load(json.loads(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"))["rules"], by=None)
    assert {name: rules(name)[: len(right)] for name, right in RULES.items()} == RULES


@pytest.mark.parametrize(
    ("file", "field", "right"),
    [
        ("x-gbk.csv", "name_zh", "测试4"),
        ("x-utf16.csv", "name_zh", "测试5"),
        ("x-nbsp.csv", "name_zh", "测试20"),
        ("x-formula.csv", "name_zh", "=cmd|'/c calc'!A1"),
        ("x-formula-apos.csv", "name_zh", "=1+1"),
        ("x-phone-apos.csv", "phone", "+86 139 0000 0000"),
        ("x-phone-plus.csv", "phone", "+86 139 0000 0000"),
    ],
)
def test_what_a_cell_holds_is_what_people_meant(coordinator: User, file: str, field: str, right: str) -> None:
    assert people(file, coordinator) == "1 new"
    assert getattr(Expert.objects.get(), field) == right


def test_a_discipline_with_brackets_is_read_as_a_whole_first(coordinator: User) -> None:
    assert people("x-bracket-discipline.csv", coordinator) == "2 new"
    rows = Qualification.objects.order_by("expert__email")
    found = rows.values_list("discipline__key", "sub_specialty")
    assert list(found) == [("GYN", ""), ("RADIOL", "胸部")]


def test_mistakes_of_a_table_speak_chinese(coordinator: User) -> None:
    with translation.override("zh-hans"):
        assert people("x-shifted.csv", coordinator) == "2 : 有 9 个单元格，而表头只有 8 列。含逗号的单元格须加引号。"
