"""The one reader of tables: encodings said or refused, strict quotes, workbooks, and nothing is a formula."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdt_portal.tables.core import cells, delimited, reading, writing
from mdt_portal.tables.core.columns import Column, Layout, Sheet

LAYOUT = Layout(
    columns=(
        Column(key="who", en="Name", zh="姓名", needed=True),
        Column(key="phone", en="Phone", zh="电话"),
        Column(key="note", en="Note", zh="备注", long=True),
    ),
    most_rows=50,
    free="more.",
)
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=30).map(
    cells.tidy
)


def read(given: bytes | str, **kwargs: Any) -> Sheet:
    return reading.read(given, LAYOUT, **kwargs)


def faults(given: bytes | str, **kwargs: Any) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.code) for one in read(given, **kwargs).faults]


def names(given: bytes | str, **kwargs: Any) -> list[str]:
    sheet = read(given, **kwargs)
    assert not sheet.faults
    return [row.cells["who"] for row in sheet.rows]


def book(*rows: list[Any]) -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    made.save(out)
    return out.getvalue()


# Encodings ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("gbk", "GBK"),
        ("gb18030", "GBK"),
    ],
)
def test_the_usual_encodings_are_read_and_said(encoding: str, said: str) -> None:
    text = "姓名,电话\n王芳,1\n李明,2\n"
    sheet = read(text.encode(encoding))
    assert (sheet.source.encoding, sheet.faults) == (said, [])
    assert [row.cells["who"] for row in sheet.rows] == ["王芳", "李明"]


def test_a_guess_is_pointed_out_where_characters_are_rare() -> None:
    sheet = read("Name,Phone\n朱镕基,1\n王芳,2\n".encode("gbk"))
    assert (sheet.source.guessed, sheet.rare, sheet.faults) == (True, ["朱镕基"], [])
    assert not read("Name,Phone\n朱镕基,1\n".encode()).rare


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Name,Phone\nMüller,1\n", "cp1252"),
        ("Name,Phone\nJosé Núñez,1\nBjörk Åkerlund,2\n", "cp1252"),
        ("Name,Phone\n陳大文,1\n", "cp950"),
        ("Name,Phone\n測試六,1\n", "cp950"),
        ("姓名,電話\n陳大文,1\n黃志明,2\n", "cp950"),
        ("Name,Phone\n北京,1\n", "gbk"),  # two characters that are as good in Big5
    ],
)
def test_where_it_is_unsure_it_is_refused_and_read_when_somebody_chooses(text: str, encoding: str) -> None:
    raw = text.encode(encoding)
    assert faults(raw) == [(0, "", "encoding_unsure")]
    chosen = read(raw, encoding="gb18030" if encoding == "gbk" else encoding)
    assert chosen.text == text and not chosen.faults


def test_a_chosen_encoding_that_does_not_fit_is_refused() -> None:
    assert faults("Name\n王\n".encode("gbk"), encoding="utf-8") == [(0, "", "not_in_encoding")]


@settings(max_examples=40)
@given(st.binary(max_size=400))
def test_no_bytes_end_in_a_traceback(raw: bytes) -> None:
    assert isinstance(read(raw), Sheet)
    assert isinstance(read(b"PK\x03\x04" + raw), Sheet)
    assert isinstance(read(b"Name,Phone\n" + raw), Sheet)


# Form -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "Name,Phone\nWu,1\nLi,2\n",
        "Name;Phone\r\nWu;1\r\nLi;2\r\n",
        "Name\tPhone\rWu\t1\rLi\t2\r",
        "Name|Phone\nWu|1\r\nLi|2",
        "sep=;\nName;Phone\nWu;1\nLi;2\n",
        '"sep=\t"\nName\tPhone\nWu\t1\nLi\t2\n',
        "\n\n Name\u00a0,\u3000ＰＨＯＮＥ \n\nWu , 1\n,\nLi,2\n\n",
        "\ufeffname,PHONE,,\nWu,1,,\nLi,2,,\n",
        '"Name","Phone"\n"Wu","1"\n"Li","2"\n',
        "\u200bName,Phone\nW\u200bu,1\n\u2060Li,2\n",
        "Phone,Name\n1,Wu\n2,Li\n",
    ],
)
def test_every_usual_form_says_the_same(text: str) -> None:
    assert [dict(row.cells) for row in read(text).rows] == [{"who": "Wu", "phone": "1"}, {"who": "Li", "phone": "2"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", (0, "", "empty_file")),
        (" \n,,\n", (0, "", "empty_file")),
        ('Name,Phone\nWu,1\n"Li,2\nHe,3\n', (3, "", "quote_unclosed")),
        ('Name,Phone\n"Wu,1\nLi",2\n', (2, "Name", "quote_swallows")),
        ('Name,Phone\n"Wu"x,1\n', (2, "", "quote_inside")),
        ("Name,Phone\nWu\n", (2, "", "cells_fewer")),
        ("Name,Phone\n\nWu,1,2\n", (3, "", "cells_more")),
        ("Name,,Phone\nWu,x,1\n", (2, "", "no_heading")),
        ("Name,Phone,name\n", (1, "name", "column_twice")),
        ("Name,姓名\n", (1, "姓名", "column_twice")),
        ("Name,Colour,Colour\n", (1, "Colour", "column_twice")),
        ("Name\nW\x00u\n", (2, "", "nul")),
        ("Name\nW\x07u\n", (2, "Name", "control_character")),
        ("Name\nW\ud800u\n", (2, "Name", "control_character")),
        ("Name\nM\ufffdller\n", (2, "Name", "lost_character")),
        ("Name\n锟斤拷\n", (2, "Name", "lost_character")),
        ("Phone\n1.39E+10\n", (2, "Phone", "scientific")),
        ("Phone\n1,39E+10\n".replace(",", "."), (2, "Phone", "scientific")),
        (f"Name\n{'x' * 40_000}\n", (2, "Name", "cell_huge")),
        (f'Name\n"{"x" * 200_000}"\n', (2, "", "cell_huge")),
        ("Name\n" + "Wu\n" * 51, (0, "", "too_many_rows")),
        ("Name\n" + "x" * 5_000_001, (0, "", "too_large")),
        ("<html><table>", (0, "", "web_page")),
        ('{"a": 1}', (0, "", "json")),
        ('[{"a": 1}]', (0, "", "json")),
        ("姓名，电话\n王芳，1\n", (1, "", "wide_commas")),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, found: tuple[int, str, str]) -> None:
    assert faults(text)[0] == found


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_workbook"),
        (b"%PDF-1.7\n", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n", "not_a_table"),
        (b"\x1f\x8b\x08", "packed"),
        (bytes(range(1, 256)) * 4, "not_a_table"),
        (b"PK\x03\x04 nonsense", "broken_workbook"),
    ],
)
def test_a_file_of_another_kind_is_recognised_whatever_its_name(start: bytes, code: str) -> None:
    assert faults(start) == [(0, "", code)]


def test_a_line_with_a_fault_does_not_hide_the_others() -> None:
    sheet = read("Name,Phone\nWu,1\nLi\nHe,3\n")
    assert ([row.number for row in sheet.rows], [one.line for one in sheet.faults]) == ([2, 4], [3])


# Workbooks ------------------------------------------------------------------------------------------------------------
def test_a_workbook_is_read_as_people_see_it() -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    for row in (["Name", "Phone", "Note"], ["王芳", 13900000000, date(2026, 11, 30)], [], ["Li", 24.0, 0.5], [7, True]):
        sheet.append(row)
    sheet["C4"].number_format = "0%"
    sheet["B2"].number_format = "0" * 12
    made.create_sheet("Other").append(["Name"])
    out = io.BytesIO()
    made.save(out)
    found = read(out.getvalue())
    assert [(row.number, *row.cells.values()) for row in found.rows] == [
        (2, "王芳", "013900000000", "2026-11-30"),
        (4, "Li", "24", "50%"),
        (5, "7", "TRUE", ""),
    ]
    assert (found.source.kind, found.source.sheet) == ("xlsx", "Sheet")
    assert [row.cells for row in read(found.text).rows] == [row.cells for row in found.rows]


def test_a_formula_without_its_value_is_refused_with_its_cell() -> None:
    raw = book(["Name"], ["=A1"])
    [fault] = read(raw).faults
    assert (fault.code, fault.line, fault.params) == ("formula_without_value", 2, {"cell": "A2"})


def test_a_packed_file_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "Name")
    assert faults(out.getvalue()) == [(0, "", "not_a_workbook")]


@pytest.mark.parametrize("kind", writing.KINDS)
@settings(max_examples=20)
@given(rows=st.lists(st.tuples(TEXT.filter(bool), TEXT, TEXT), min_size=1, max_size=5))
def test_what_is_written_is_read_again(kind: str, rows: list[tuple[str, str, str]]) -> None:
    found = read(writing.write(kind, [["Name", "Phone", "Note"], *rows], title="T"))
    assert found.faults == []
    assert [tuple(row.cells.values()) for row in found.rows] == rows
    assert [row.cells for row in read(found.text).rows] == [row.cells for row in found.rows]


@pytest.mark.parametrize("text", ["=1+1", "+86 139", "-1+1", "@SUM(A1)", "＝1", "'=1", "''+1", "\t=1", "'plain"])
def test_nothing_that_is_written_is_a_formula(text: str) -> None:
    written = writing.write("csv", [["Name"], [text]], title="T").decode("utf-8-sig").split("\r\n")[1].strip('"')
    assert written[0] not in "=+-@＝\t"
    sheet = openpyxl.load_workbook(io.BytesIO(writing.write("xlsx", [["Name"], [text]], title="T"))).active
    assert sheet["A2"].data_type == "s"
    assert names(delimited.write([["Name"], [text.strip()]])) == [text.strip()]
