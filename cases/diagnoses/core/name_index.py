"""Names of codes, ready to be searched by English words, Chinese characters and pinyin. Pure.

An index answers one question at a time: which names are exactly this, begin so, hold these words, sound so, or are
nearly so. Which of the answers comes first is `code_search`'s to say.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pypinyin import lazy_pinyin

from cases.core import icd10
from cases.diagnoses.core import fuzzy

HAN = re.compile(r"[\u3400-\u9fff]")
_FILLERS = frozenset({"of", "the", "and", "with", "in", "due", "to", "by", "a", "an", "or"})
_SAME_IN_CHINESE = (
    ("癌", "恶性肿瘤"), ("乳腺", "乳房"), ("食道", "食管"), ("梗塞", "梗死"), ("返流", "反流"), ("机能", "功能"),
    ("类风湿关节炎", "类风湿性关节炎"), ("粘膜", "黏膜"), ("痨", "结核"),
)  # fmt: skip
"""What clinicians write, and what titles say; both are looked for."""
_ENDINGS = ("病", "症", "疾病", "综合征", "(症)")
LONGEST_HOMOPHONE, SHORTEST_HOMOPHONE = 30, 3
MOST_JUDGED = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One name of a code. `everyday` if it is none of the classification's own titles."""

    code: str
    text: str
    everyday: bool = False


def fold(text: str) -> str:
    """As it is compared: one width, small letters, British like American spelling, no accents, single spaces."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).lower()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = plain.replace("ae", "e").replace("oe", "e").replace("tumour", "tumor").replace("'s", "")
    if HAN.search(plain):
        return re.sub(r"[\s,，、;；:：()（）\[\]【】。.·-]+", "", plain)
    return " ".join(re.findall(r"[^\W_]+", plain))


def words_of(text: str) -> list[str]:
    """The words of a folded text that say something."""
    words = text.split()
    return [word for word in words if word not in _FILLERS] or words


@lru_cache(maxsize=16_384)
def _syllable(character: str) -> str:
    return lazy_pinyin(character)[0]


def syllables(text: str, *, by_phrase: bool = True) -> list[str]:
    """The pinyin of the Chinese characters, without tones. `by_phrase` reads 重症 as zhong; else sign by sign."""
    signs = "".join(HAN.findall(text))
    parts = lazy_pinyin(signs) if by_phrase else [_syllable(sign) for sign in signs]
    return ["xue" if sign == "血" else part for sign, part in zip(signs, parts, strict=True)]  # not xie, as in speech


class NameIndex:
    """All names of one list. Numbers are places in `names`."""

    def __init__(self, names: Sequence[Name], *, by_phrase: bool = True) -> None:
        self.names = names
        self.by_phrase = by_phrase
        self.folded = [fold(name.text) for name in names]
        self.exactly: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(self.folded):
            self.exactly[text].append(number)

    # Words ------------------------------------------------------------------------------------------------------------

    @cached_property
    def _holding(self) -> dict[str, set[int]]:
        holding: dict[str, set[int]] = defaultdict(set)
        for number, text in enumerate(self.folded):
            if not HAN.search(text):
                for word in text.split():
                    holding[word].add(number)
        return holding

    @cached_property
    def _words(self) -> list[str]:
        return sorted(self._holding)

    @cached_property
    def _spelling(self) -> fuzzy.Words:
        return fuzzy.Words({*(word for word in self._holding if len(word) > 2), *icd10.EVERYDAY_WORDS})

    def with_words(self, typed: Sequence[str], *, whole: bool) -> set[int]:
        """The names that hold all words, or a word that begins with each."""
        return self._all(self._of_word(word, whole=whole) for word in typed)

    def with_nearly(self, typed: Sequence[str]) -> set[int]:
        """The same, with the nearest word of the list for each that begins none."""
        return self._all(self._of_word(word, whole=False) or self._of_near(word) for word in typed)

    def _of_word(self, word: str, *, whole: bool) -> set[int]:
        found: set[int] = set()
        for one in {word, fold(icd10.classified_as(word))}:
            if whole:
                found |= self._holding.get(one, set())
                continue
            at = bisect_left(self._words, one)
            while at < len(self._words) and self._words[at].startswith(one):
                found |= self._holding[self._words[at]]
                at += 1
        return found

    def _of_near(self, word: str) -> set[int]:
        return {number for near in self._spelling.near(word) for number in self._of_word(near, whole=True)}

    @staticmethod
    def _all(parts: Iterable[set[int]]) -> set[int]:
        found: set[int] | None = None
        for part in parts:
            found = part if found is None else found & part
            if not found:
                return set()
        return found or set()

    # Chinese ----------------------------------------------------------------------------------------------------------

    @cached_property
    def _by_sign(self) -> dict[str, set[int]]:
        numbers: dict[str, set[int]] = defaultdict(set)
        for number, text in enumerate(self.folded):
            if HAN.search(text):
                for sign in set(text):
                    numbers[sign].add(number)
        return numbers

    def with_signs(self, text: str) -> set[int]:
        """The names that hold every character of the text, in any order."""
        return self._all(self._by_sign.get(sign, set()) for sign in set(text))

    def with_text(self, text: str) -> list[int]:
        """The names in which the text stands."""
        return [number for number in self.with_signs(text) if text in self.folded[number]]

    def within(self, text: str) -> list[int]:
        """The names of three characters and more that stand in the text."""
        near = Counter(number for sign in set(text) for number in self._by_sign.get(sign, ()))
        return [number for number, shared in near.items() if shared >= 3 and self.folded[number] in text]

    def sounding_like(self, text: str) -> list[int]:
        """The names in which something stands that sounds exactly like the text, as when a wrong sign was chosen."""
        if not SHORTEST_HOMOPHONE <= len(text) <= LONGEST_HOMOPHONE:
            return []
        near = Counter(number for sign in set(text) for number in self._by_sign.get(sign, ()))
        enough = max(1, (len(set(text)) + 1) // 2)
        likely = sorted((number for number, shared in near.items() if shared >= enough), key=lambda n: (-near[n], n))
        wanted = f" {' '.join(syllables(text, by_phrase=False))} "
        return [
            n for n in likely[:MOST_JUDGED] if wanted in f" {' '.join(syllables(self.folded[n], by_phrase=False))} "
        ]

    # Pinyin -----------------------------------------------------------------------------------------------------------

    @cached_property
    def _pinyin(self) -> list[tuple[str, str, int]]:
        """(whole pinyin, initials, number) of every Chinese name; signs that are no Chinese are left out."""
        found = []
        for number, text in enumerate(self.folded):
            if HAN.search(text):
                parts = syllables(text, by_phrase=self.by_phrase)
                found.append(("".join(parts), "".join(part[0] for part in parts), number))
        return found

    def by_pinyin(self, letters: str) -> Iterator[tuple[int, int]]:
        """(0 whole, 1 initials, 2 beginning of the whole, 3 of the initials, number) of the names that sound so."""
        for whole, initials, number in self._pinyin:
            if whole == letters:
                yield 0, number
            elif initials == letters:
                yield 1, number
            elif len(letters) >= 4 and whole.startswith(letters):
                yield 2, number
            elif len(letters) >= 3 and initials.startswith(letters):
                yield 3, number


def in_other_words(text: str) -> list[str]:
    """A folded Chinese text, and how titles would say it, the text itself first."""
    found = [text]
    for one, other in _SAME_IN_CHINESE:
        found.extend([known.replace(one, other) for known in found if one in known])
    found.extend(text.removesuffix(end) for end in _ENDINGS if text.endswith(end) and len(text) - len(end) >= 3)
    return list(dict.fromkeys(found))
