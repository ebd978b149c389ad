"""What the catalogue may know of a case."""

from __future__ import annotations

from cases.catalogue.core import evaluation
from cases.models import Case

COLUMNS = ("stage", "scores", "flags", "comorbidities", "age", "rare_class", "surgery_level")
"""The columns of a case that hold facts, beside its code and urgency."""


def facts_of(case: Case) -> evaluation.Facts:
    """The facts for `evaluation.evaluate`; the row may hold just these columns."""
    return evaluation.Facts(
        code=case.code,
        stage=case.stage or None,
        scores={key: float(value) for key, value in case.scores.items()},
        flags=frozenset(case.flags),
        age=case.age,
        comorbidities=case.comorbidities,
        rare_class=case.rare_class or None,
        surgery_level=case.surgery_level,
        urgency=case.urgency,
    )
