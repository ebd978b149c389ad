"""The table of people: its columns in either language, and the disciplines of one cell. Knows no database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from mdt_portal.tables.core.columns import Column, Layout

COLUMNS = (
    Column(key="email", en="E-mail", zh="邮箱", others=("email", "mail", "电子邮箱", "电子邮件", "邮件"), needed=True),
    Column(key="name_zh", en="Name (Chinese)", zh="姓名", others=("中文姓名", "姓名(中文)", "chinese name")),
    Column(key="name_en", en="Name (English)", zh="英文姓名", others=("姓名(英文)", "name", "english name", "拼音")),
    Column(key="hospital", en="Hospital", zh="医院", others=("机构", "institution")),
    Column(key="title", en="Title", zh="职称", needed=True),
    Column(key="skills", en="Disciplines", zh="学科", others=("专业", "科室", "discipline"), needed=True, long=True),
    Column(key="phone", en="Phone", zh="电话", others=("手机", "mobile")),
    Column(key="remote", en="Remote", zh="可远程", others=("远程",)),
    Column(key="active", en="Active", zh="在岗", others=("在职", "启用")),
    Column(key="max_sessions_day", en="Sessions a day", zh="每日场次上限", others=("每日场次",)),
    Column(key="max_sessions_week", en="Sessions a week", zh="每周场次上限", others=("每周场次",)),
    Column(key="max_minutes_week", en="Minutes a week", zh="每周分钟上限", others=("每周分钟",)),
    Column(key="week", en="Week", zh="每周时间", others=("availability", "hours", "可用时间", "出席时间"), long=True),
    Column(key="id", en="ID in the portal", zh="系统编号", others=("portal id",)),
)
LAYOUT = Layout(columns=COLUMNS, most_rows=5000)
YES = frozenset({"yes", "y", "true", "1", "是", "可", "对", "√"})
NO = frozenset({"no", "n", "false", "0", "否", "不可", "×"})
_BETWEEN = re.compile(r"(\s*[;；、|\n]\s*)")
Known = Callable[[str], bool]
"""Whether a text names a discipline."""


def missing(heads: Mapping[str, str]) -> list[Column]:
    """The columns without which nothing can be done; one of the two names is enough."""
    lacking = [one for one in COLUMNS if one.needed and one.key not in heads]
    named = "name_zh" in heads or "name_en" in heads
    return lacking if named else [*lacking, next(one for one in COLUMNS if one.key == "name_zh")]


def lines(rows: Iterable[Mapping[str, str]], *, chinese: bool) -> Iterator[list[str]]:
    """The table: its headings, then the cells of every row."""
    yield [one.heading(chinese=chinese) for one in COLUMNS]
    for row in rows:
        yield [row.get(one.key, "") for one in COLUMNS]


def skills(cell: str, known: Known) -> list[tuple[str, str]]:
    """`Radiology (chest); Pathology` as names with sub-specialties.

    A name may hold brackets and separators itself: the longest text that is `known` as a whole comes first. What is not
    known comes back as its name and the text in its last brackets.
    """
    parts = _BETWEEN.split(cell)  # texts and, between them, what stood there
    found = []
    begin = 0
    while begin < len(parts):
        end, pair = _longest(parts, begin, known)
        if pair[0]:
            found.append(pair)
        begin = end + 1
    return found


def skills_cell(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name} ({sub})" if sub else name for name, sub in pairs)


def _longest(parts: Sequence[str], begin: int, known: Known) -> tuple[int, tuple[str, str]]:
    """The longest run of parts that is one discipline, with its end; else the first part alone."""
    for end in range(len(parts), begin, -2):
        for pair in _readings("".join(parts[begin:end]).strip()):
            if known(pair[0]):
                return end, pair
    return begin + 1, _readings(parts[begin].strip())[:2][-1]


def _readings(text: str) -> list[tuple[str, str]]:
    """A text as a whole, then as a name with a sub-specialty in the last brackets, in those before, and so on."""
    found = [(text, "")]
    if text.endswith((")", "）")):
        places = [place for place, char in enumerate(text) if char in "(（"]
        pairs = ((text[:at].strip(), text[at + 1 : -1].strip()) for at in reversed(places))
        found += [(name, sub) for name, sub in pairs if name and (_closed(sub) or not _BETWEEN.search(sub))]
    return found


def _closed(text: str) -> bool:
    """Whether each bracket of a text is closed within it."""
    depth = 0
    for char in text:
        depth += (char in "(（") - (char in ")）")
        if depth < 0:
            return False
    return depth == 0
