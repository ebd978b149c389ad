"""Words put together in the punctuation of the active language; parts that are empty are left out."""

from collections.abc import Iterable
from functools import reduce

from django.utils.translation import pgettext


def listed(names: Iterable[object]) -> str:
    """Things of one kind: `surgery, pathology`; `外科、病理科`."""
    return pgettext("list separator", ", ").join(_words(names))


def line(*parts: object) -> str:
    """Facts about one thing, side by side: `20 minutes, 4 seats`; `20 分钟，4 席`."""
    return pgettext("parts of a line", ", ").join(_words(parts))


def labelled(label: object, text: object) -> str:
    """`Closed: repair`; the label alone where there is no text."""
    return pgettext("label", "%(label)s: %(text)s") % {"label": label, "text": text} if text else str(label)


def sentences(*said: str) -> str:
    """Whole sentences, one after the other."""
    return reduce(_followed, _words(said)) if any(said) else ""


def _followed(one: str, two: str) -> str:
    return pgettext("sentences", "%(one)s %(two)s") % {"one": one, "two": two}


def _words(parts: Iterable[object]) -> list[str]:
    return [text for part in parts if (text := str(part))]
