"""Forgiving typing mistakes: words that are nearly a known one. Pure.

Two steps, so that tens of thousands of words answer at once: an index of trigrams finds which share enough with what
was typed, and the edit distance decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

LONGEST_WORD = 30


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


def _trigrams(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[k : k + 3] for k in range(len(padded) - 2)}
