"""Reference data that ships with the project: disciplines, titles, disease groups."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from django.db import transaction

from experts.models import Discipline, DiseaseGroup, Title

DATA = Path(__file__).parent / "data"


@cache
def rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the files in experts/data, by column name."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@transaction.atomic
def load() -> dict[str, int]:
    """Bring disciplines, titles and disease groups into the database. What is there already stays as it is.

    So a hospital's own wording, set in the admin pages, survives the next start. Returns how many rows there are now.
    """
    Discipline.objects.bulk_create(
        (
            Discipline(
                key=row["key"],
                name_en=row["name_en"],
                name_zh=row["name_zh"],
                kind=row["kind"],
                nhc_code=row["nhc_code"],
                snomed_code=row["snomed_ct_code"],
                core=row["core35"] == "1",
            )
            for row in rows("disciplines")
        ),
        ignore_conflicts=True,
    )
    Title.objects.bulk_create(
        (
            Title(
                family=row["family"],
                rank=int(row["rank"]),
                name_en=row["name_en"],
                name_zh=row["name_zh"] or row["name_en"],
                level=row["level"],
            )
            for row in rows("titles")
        ),
        ignore_conflicts=True,
    )
    DiseaseGroup.objects.bulk_create(
        (
            DiseaseGroup(key=row["key"], name_en=row["name_en"], name_zh=row["name_zh"])
            for row in rows("disease_groups")
        ),
        ignore_conflicts=True,
    )
    return {
        "disciplines": Discipline.objects.count(),
        "titles": Title.objects.count(),
        "disease groups": DiseaseGroup.objects.count(),
    }


def lead_disciplines() -> dict[str, str]:
    """The discipline that leads the team of each disease group, by their keys."""
    return {row["key"]: row["lead"] for row in rows("disease_groups")}


def wider_groups(key: str) -> list[str]:
    """The disease groups that look after `key`: itself, then ever wider ones, such as lung, oncology, general."""
    wider = {row["key"]: row["wider"] for row in rows("disease_groups")}
    chain = []
    while key and key not in chain:
        chain.append(key)
        key = wider.get(key, "")
    return chain
