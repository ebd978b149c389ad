"""Lists, lines and sentences in the punctuation of the reader's language."""

import pytest
from django.utils import translation

from mdt_portal.i18n import phrases


@pytest.mark.parametrize(
    ("language", "listed", "line", "labelled", "sentences"),
    [
        ("en", "CT, MRI", "20 min, 4 seats", "Closed: repair", "Late. Plan again."),
        ("zh-hans", "CT、MRI", "20 min，4 seats", "Closed：repair", "Late.Plan again."),
    ],
)
def test_punctuation_is_that_of_the_language(
    language: str, listed: str, line: str, labelled: str, sentences: str
) -> None:
    with translation.override(language):
        assert phrases.listed(["CT", "MRI"]) == listed
        assert phrases.line("20 min", "4 seats") == line
        assert phrases.labelled("Closed", "repair") == labelled
        assert phrases.sentences("Late.", "Plan again.") == sentences


def test_empty_parts_are_left_out() -> None:
    with translation.override("en"):
        assert phrases.listed([]) == phrases.line("", "") == phrases.sentences() == phrases.sentences("") == ""
        assert phrases.line("", "4 seats") == "4 seats"
        assert phrases.labelled("Closed", "") == "Closed"
        assert phrases.sentences("", "Plan again.") == "Plan again."
