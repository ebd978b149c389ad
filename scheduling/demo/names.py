"""Invented Chinese names whose English form is their pinyin."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
COMMON = 20  # the first surnames of the file bear most people


@dataclass(frozen=True, slots=True)
class Name:
    zh: str
    en: str


class Names:
    """Draws names and never gives the same one to two people."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._given_out: set[str] = set()

    def draw(self, sex: str) -> Name:
        """`sex` is female or male."""
        while True:
            name = self._compose(sex)
            if name.zh not in self._given_out:
                self._given_out.add(name.zh)
                return name

    def _compose(self, sex: str) -> Name:
        rng, characters = self._rng, _characters()
        surnames = characters["surname"]
        surname = rng.choice(surnames[:COMMON] if rng.random() < 0.6 else surnames)
        own, common = characters[sex], characters["any"]
        given = [rng.choice(own)]
        if rng.random() < 0.75:
            given.insert(0, rng.choice(common + own))
        if len(given) == 2 and given[0] == given[1]:
            given = given[:1]
        return Name(zh=surname[0] + "".join(one[0] for one in given), en=f"{surname[1]} {_joined(given)}")


def _joined(given: list[tuple[str, str]]) -> str:
    """Pinyin of a given name in one word; an apostrophe parts a syllable that begins with a vowel."""
    first, *rest = (pinyin for _, pinyin in given)
    return first + "".join(("'" if one[0] in "AEO" else "") + one.lower() for one in rest)


@lru_cache(maxsize=1)
def _characters() -> dict[str, list[tuple[str, str]]]:
    found = defaultdict(list)
    with (DATA / "names.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["used_for"]].append((row["character"], row["pinyin"]))
    return dict(found)
