"""A table of people as text: its columns in either language, its delimiters, its encodings. Knows no database."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

LONGEST = 2_000_000
BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    key: str
    en: str
    zh: str
    others: tuple[str, ...] = ()
    needed: bool = False

    def spellings(self) -> Iterable[str]:
        return (self.key, self.en, self.zh, *self.others)


COLUMNS = (
    Column(key="email", en="E-mail", zh="邮箱", others=("email", "mail", "电子邮箱", "电子邮件", "邮件"), needed=True),
    Column(key="name_zh", en="Name (Chinese)", zh="姓名", others=("中文姓名", "姓名(中文)", "chinese name")),
    Column(key="name_en", en="Name (English)", zh="英文姓名", others=("姓名(英文)", "name", "english name", "拼音")),
    Column(key="hospital", en="Hospital", zh="医院", others=("机构", "institution")),
    Column(key="title", en="Title", zh="职称", needed=True),
    Column(key="skills", en="Disciplines", zh="学科", others=("专业", "科室", "discipline"), needed=True),
    Column(key="phone", en="Phone", zh="电话", others=("手机", "mobile")),
    Column(key="remote", en="Remote", zh="可远程", others=("远程",)),
    Column(key="active", en="Active", zh="在岗", others=("在职", "启用")),
    Column(key="max_sessions_day", en="Sessions a day", zh="每日场次上限", others=("每日场次",)),
    Column(key="max_sessions_week", en="Sessions a week", zh="每周场次上限", others=("每周场次",)),
    Column(key="max_minutes_week", en="Minutes a week", zh="每周分钟上限", others=("每周分钟",)),
)
YES = frozenset({"yes", "y", "true", "1", "是", "可", "对", "√"})
NO = frozenset({"no", "n", "false", "0", "否", "不可", "×"})
_SKILL = re.compile(r"^(?P<name>[^()]+?)\s*(?:\((?P<sub>[^()]*)\))?$")
_RISKY = ("=", "+", "-", "@")


class NotText(ValueError):
    """The bytes are neither UTF-8 nor GBK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One line of the file: its number, and its cells by the column's key."""

    number: int
    cells: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Sheet:
    """What a text holds. `heads` are the columns' names as the file spells them."""

    rows: list[TableRow] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[Column]:
        lacking = [one for one in COLUMNS if one.needed and one.key not in self.heads]
        named = "name_zh" in self.heads or "name_en" in self.heads
        return lacking if named else [*lacking, next(one for one in COLUMNS if one.key == "name_zh")]


def decode(raw: bytes) -> str:
    """UTF-8 with or without a mark, else GBK, as a Chinese Excel saves it. Raises NotText."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotText


def read(text: str) -> Sheet:
    """The cells, trimmed; empty lines are passed over. Commas, semicolons or tabs: which the first line has most of."""
    text = text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n")
    first = text.lstrip("\n").partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    sheet = Sheet()
    keys: list[str | None] | None = None
    begin = 1
    for cells in reader:
        number, begin = begin, reader.line_num + 1
        cells = [_plain(cell) for cell in cells]
        if not any(cells):
            continue
        if keys is None:
            keys = [_key(sheet, cell) for cell in cells]
        else:
            named = {key: cell for key, cell in zip(keys, cells, strict=False) if key}
            sheet.rows.append(TableRow(number=number, cells=named))
    return sheet


def write(rows: Iterable[Mapping[str, str]], *, chinese: bool) -> str:
    """The same table as text; the mark at its head lets Excel read it as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([one.zh if chinese else one.en for one in COLUMNS])
    writer.writerows([_harmless(row.get(one.key, "")) for one in COLUMNS] for row in rows)
    return BOM + out.getvalue()


def skills(cell: str) -> list[tuple[str, str]]:
    """`Radiology (chest); Pathology` as names with sub-specialties. A part that cannot be read comes back whole."""
    halved = cell.replace("（", "(").replace("）", ")")
    found = []
    for part in re.split(r"[;；、|\n]", halved):
        if part := part.strip():
            match = _SKILL.match(part)
            found.append((match["name"], (match["sub"] or "").strip()) if match else (part, ""))
    return found


def skills_cell(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name} ({sub})" if sub else name for name, sub in pairs)


def _key(sheet: Sheet, head: str) -> str | None:
    """The column that a heading means; headings that mean none, or one again, are remembered."""
    means = _SPELLINGS.get(_folded(head))
    if means is None:
        if head:
            sheet.unknown.append(head)
    elif means in sheet.heads:
        sheet.doubled.append(head)
        return None
    else:
        sheet.heads[means] = head
    return means


def _folded(text: str) -> str:
    return re.sub(r"[\s_*]+", "", text.replace("（", "(").replace("）", ")")).casefold()


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _RISKY else cell


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_RISKY) else cell


_SPELLINGS = {_folded(text): column.key for column in COLUMNS for text in column.spellings()}
