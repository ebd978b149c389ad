"""A score that cannot be is a typing mistake, and never a quiet "no discussion needed"."""

import pytest

from cases.catalogue.core import vocabulary
from cases.core import scores
from cases.services import workflow
from mdt_portal.errors import RuleError


@pytest.mark.parametrize(("name", "value"), [("NIHSS", 99), ("NIHSS", -1), ("GCS", 2), ("GCS", 16), ("ISS", 76)])
def test_an_impossible_score_is_refused(name: str, value: float) -> None:
    with pytest.raises(RuleError) as refused:
        workflow.evaluate_facts(code="I63.9", scores={name: value})
    low, high = scores.LIMITS[name]
    assert refused.value.fields == {"scores": [f"The score {name} lies between {low} and {high}."]}


def test_every_score_that_rules_may_use_has_limits() -> None:
    assert set(scores.LIMITS) == set(vocabulary.SCORES)
