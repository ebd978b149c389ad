"""Everybody of the demo hospital and each of its teams, typed in pinyin: are they among the first three that are shown?

    python -m benchmarks.name_search

Asks for the whole name (`wangfang`) and for its initials (`wf`, which many share: there, being shown at all counts).
The queries are spelt by pypinyin, as the search spells names; a surname with a second reading is tried in both.
Starts PostgreSQL of its own. Prints the shares, what was missed, and the milliseconds of a search.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.pages import _portal

FIRST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search: what was typed for whom, the place of the right hit (from 0; None: not shown), and its time."""

    kind: str
    typed: str
    wanted: str
    place: int | None
    ms: float

    @property
    def right(self) -> bool:
        return self.place is not None and (self.place < FIRST or "initials" in self.kind)


def main() -> None:
    with _portal():
        from django.utils import timezone, translation

        from mdt_portal.models import User
        from scheduling.demo.seed import seed

        seed("hospital", number=1, now=timezone.now())
        coordinator = User.objects.get(username="coordinator")
        asked: dict[str, list[Search]] = defaultdict(list)
        with translation.override("zh-hans"):
            for one in _searches(coordinator):
                asked[one.kind].append(one)
        print("| typed | searches | found | median | slowest |\n| --- | ---: | ---: | ---: | ---: |")
        for kind, found in asked.items():
            right, times = sum(one.right for one in found), [one.ms for one in found]
            print(
                f"| {kind} | {len(found)} | {right / len(found):.1%} | {statistics.median(times):.0f} ms |"
                f" {max(times):.0f} ms |"
            )
        for one in (one for found in asked.values() for one in found if not one.right):
            print(f"missed: {one.typed} for {one.wanted}")


def _searches(user: object) -> Iterator[Search]:
    from experts.models import Expert
    from scheduling.models import Session

    experts = Expert.objects.filter(active=True).exclude(name_zh="").order_by("pk")
    teams = Session.objects.order_by("team__name_zh").values_list("team__name_zh", flat=True).distinct()
    for label, group, names in (("person", "专家", experts.values_list("name_zh", flat=True)), ("team", "场次", teams)):
        for name in dict.fromkeys(names):
            for whole, initials in _spellings(name):
                yield _search(f"{label}, whole name", group, whole, name, user)
                yield _search(f"{label}, initials", group, initials, name, user)


def _spellings(name: str) -> set[tuple[str, str]]:
    from pypinyin import Style, lazy_pinyin, pinyin

    parts = lazy_pinyin("".join(sign for sign in name if "\u3400" <= sign <= "\u9fff"))
    firsts = {parts[0], *pinyin(name[0], style=Style.NORMAL, heteronym=True)[0]}
    return {(first + "".join(parts[1:]), first[0] + "".join(part[0] for part in parts[1:])) for first in firsts}


def _search(kind: str, group: str, typed: str, wanted: str, user: object) -> Search:
    from scheduling.selectors import global_search

    began = time.perf_counter()
    groups = global_search.find(typed, user)  # type: ignore[arg-type]
    took = (time.perf_counter() - began) * 1000
    titles = [hit.title for one in groups if str(one.label) == group for hit in one.hits]
    place = titles.index(wanted) if wanted in titles else None
    return Search(kind=kind, typed=typed, wanted=wanted, place=place, ms=took)


if __name__ == "__main__":
    main()
