"""The agenda as PDF. WeasyPrint needs Pango from the system; where it is missing, the page that prints serves."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from mdt_portal.errors import DomainError

logger = logging.getLogger(__name__)

STYLES = ("portal/tokens.css", "portal/sheet.css", "portal/sheet-pdf.css")


class NoPdf(DomainError):
    """This machine lacks the libraries that make a PDF."""

    code = "no_pdf"
    status = 501


@cache
def can_make_pdf() -> bool:
    """Whether the system's libraries are there; asked once per process."""
    try:
        _weasyprint()
    except OSError as error:
        logger.info("no PDF on this machine: %s", error)
        return False
    return True


def pdf(html: str) -> bytes:
    """An agenda (the article of class `sheet`) as PDF, A4. Nothing is fetched: the styles are handed over."""
    weasyprint = _weasyprint()
    styles = [weasyprint.CSS(string=_style(name), url_fetcher=_refuse) for name in STYLES]
    document: bytes = weasyprint.HTML(string=html, url_fetcher=_refuse).write_pdf(stylesheets=styles)
    return document


def _weasyprint() -> Any:
    import weasyprint  # noqa: PLC0415 - takes half a second, and fails where the system has no Pango

    return weasyprint


def _style(name: str) -> str:
    found = finders.find(name)
    assert isinstance(found, str), name
    return Path(found).read_text(encoding="utf-8")


def _refuse(url: str, *_args: Any, **_kwargs: Any) -> Any:
    raise ValueError(f"a sheet has everything with it: {url}")
