"""How a table was read."""

from __future__ import annotations

from django import template

from mdt_portal.tables import wording

register = template.Library()
register.filter("read_as", wording.source_text)
register.filter("rare_cells", wording.rare_text)
