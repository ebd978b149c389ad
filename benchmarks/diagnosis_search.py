"""Two hundred queries for a diagnosis, in English, Chinese and pinyin: is the right code among the first three?

    python -m benchmarks.diagnosis_search

Prints the share (at least 97 % is wanted), what was missed, and the milliseconds of a query. Needs no database: the
hospital's own names are left out, the rules are the shipped ones.
"""

from __future__ import annotations

import csv
import os
import time
from dataclasses import dataclass
from pathlib import Path

QUERIES = Path(__file__).with_name("diagnosis_queries.csv")
FIRST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One query, the codes that are right, the first codes that came, and how long it took."""

    query: str
    right: frozenset[str]
    came: tuple[str, ...]
    ms: float

    @property
    def found(self) -> bool:
        return bool(self.right & set(self.came))


def run() -> list[Answered]:
    """Every query once, after one that builds the index."""
    from cases.catalogue.core import json_io, vocabulary
    from cases.diagnoses import code_search, local_names

    rules = json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped()).rules
    own = local_names.Index([])
    for text in ("lung", "肺", "feiai", "lnug", "急性澜尾炎"):
        code_search.search(text, rules, own=own)
    answered = []
    with QUERIES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            began = time.perf_counter()
            found = code_search.search(row["query"], rules, own=own)
            took = (time.perf_counter() - began) * 1000
            came = tuple(one.code for one in found[:FIRST])
            answered.append(Answered(query=row["query"], right=frozenset(row["codes"].split()), came=came, ms=took))
    return answered


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mdt_portal.settings")
    import django

    django.setup()
    answered = run()
    missed = [one for one in answered if not one.found]
    for one in missed:
        print(f"missed: {one.query}: {', '.join(one.came) or 'nothing'} (right: {', '.join(sorted(one.right))})")
    times = sorted(one.ms for one in answered)
    right = len(answered) - len(missed)
    print(f"{right} of {len(answered)} among the first {FIRST}: {right / len(answered):.1%}")
    print(f"{times[len(times) // 2]:.1f} ms a query (median), {times[-1]:.1f} ms the slowest")


if __name__ == "__main__":
    main()
