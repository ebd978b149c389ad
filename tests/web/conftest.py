from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Django's test client leaves the language of its last request switched on."""
    with translation.override("en"):
        yield
