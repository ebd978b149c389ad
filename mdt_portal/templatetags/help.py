"""The help of a page: templates/help/<url name>.html, where there is one."""

from __future__ import annotations

from functools import cache

from django import template
from django.template.loader import TemplateDoesNotExist, get_template

register = template.Library()


@cache
def _exists(name: str) -> bool:
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return False
    return True


@register.simple_tag
def help_of(url_name: str) -> str:
    """The template that explains the page of this url name; empty if none does."""
    name = f"help/{url_name}.html"
    return name if url_name and _exists(name) else ""
