"""A table as a download: CSV or XLSX, harmless to the spreadsheet that opens it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404, HttpResponse

from mdt_portal.tables.core import writing


def table(kind: str, lines: Iterable[Sequence[Any]], *, name: str, title: str = "") -> HttpResponse:
    """The answer to a request for a file of a kind of `writing.KINDS`; the first line holds the headings."""
    if kind not in writing.KINDS:
        raise Http404
    return file(writing.write(kind, lines, title=title or name), writing.KINDS[kind], f"{name}.{kind}")


def file(content: bytes, media_type: str, name: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=media_type, headers=disposition)
