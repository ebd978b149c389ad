"""Forgiving typing mistakes: words that are nearly a known one, and names that nearly hold what was typed. Pure.

Two steps, so that tens of thousands of names answer at once: an index of trigrams (single characters in Chinese) finds
who shares enough with what was typed, and the edit distance decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

LONGEST_WORD = 30
MOST_JUDGED = 2000
"""Of the names that share enough characters, so many of the likeliest are looked at closely."""


def mistakes_allowed(length: int) -> int:
    """Letters that may be wrong: none in short words, one from four letters on, two from eight on."""
    return 0 if length < 4 else 1 if length < 8 else 2


def distance(typed: str, known: str, most: int) -> int:
    """Letters changed, added, left out or swapped with their neighbour; `most` + 1 when it is more than that."""
    if abs(len(typed) - len(known)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(typed, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(known, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == known[j - 2] and typed[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def held_nearly(part: str, text: str, most: int) -> int:
    """The least number of wrong characters with which `part` stands somewhere in `text`; `most` + 1 when more."""
    row = [0] * (len(text) + 1)
    for i, letter in enumerate(part, 1):
        before, row = row, [i]
        for j, other in enumerate(text, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other)))
        if min(row) > most:
            return most + 1
    return min(*row, most + 1)


class Words:
    """A vocabulary that answers which of its words somebody may have meant."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = sorted(set(words))
        self._by_trigram: dict[str, list[int]] = defaultdict(list)
        for number, word in enumerate(self.words):
            for trigram in _trigrams(word):
                self._by_trigram[trigram].append(number)

    def near(self, typed: str) -> list[str]:
        """The nearest words, all equally near; none where nothing is near enough."""
        most = mistakes_allowed(len(typed))
        if not most or len(typed) > LONGEST_WORD:
            return []
        shared = Counter(number for trigram in _trigrams(typed) for number in self._by_trigram.get(trigram, ()))
        enough = max(1, len(typed) + 1 - 4 * most)  # each wrong letter spoils up to four trigrams, a swap included
        found: dict[str, int] = {}
        for number, count in shared.items():
            if count >= enough:
                found[self.words[number]] = distance(typed, self.words[number], most)
        least = min(found.values(), default=most + 1)
        return sorted(word for word, far in found.items() if far == least <= most)


class Names:
    """Chinese names that answer which of them hold what was typed, or nearly so."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._by_character: dict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(names):
            for character in set(name):
                self._by_character[character].append(number)

    def holding(self, typed: str) -> list[tuple[int, int]]:
        """(wrong characters, number of the name), exact ones first; one may be wrong from three on, two from six on."""
        most = 0 if len(typed) < 3 else 1 if len(typed) < 6 else 2
        characters = set(typed)
        shared = Counter(number for one in characters for number in self._by_character.get(one, ()))
        likely = [number for number, count in shared.items() if count >= len(characters) - most]
        exact = [(0, number) for number in likely if typed in self.names[number]]
        if exact or not most:
            return sorted(exact)
        likely.sort(key=lambda number: (-shared[number], len(self.names[number])))
        judged = ((held_nearly(typed, self.names[number], most), number) for number in likely[:MOST_JUDGED])
        return sorted(one for one in judged if one[0] <= most)


def _trigrams(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[k : k + 3] for k in range(len(padded) - 2)}
