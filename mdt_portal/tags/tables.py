"""How a table was read."""

from __future__ import annotations

from typing import Any

from django import template

from mdt_portal.tables import wording
from mdt_portal.tables.lists import Shown

register = template.Library()
register.filter("read_as", wording.source_text)
register.filter("rare_cells", wording.rare_text)


@register.inclusion_tag("partials/_headings.html")
def headings(listing: Shown, *, target: str = "") -> dict[str, Any]:
    """The headings of a list's columns, by which it is sorted."""
    return {"headings": list(listing.headings), "target": target}


@register.inclusion_tag("partials/_sorts.html")
def sorts(listing: Shown, *, target: str = "", form: str = "", always: bool = False) -> dict[str, Any]:
    """The same as a line of links, for small screens and lists without a table."""
    found = [one for one in listing.headings if one.address]
    return {"headings": found, "target": target, "form": form, "kept": listing.kept_ordering, "always": always}


@register.inclusion_tag("partials/_list_files.html")
def list_files(listing: Shown) -> dict[str, Any]:
    """All of a filtered list as a file."""
    return {"listing": listing}
