"""What every template can use: the moment, the hospital's zone, theme, navigation, demo mode."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from mdt_portal import shell
from mdt_portal.i18n import clock


def portal(request: HttpRequest) -> dict[str, Any]:
    # Each part is a template of its own and asks again: one answer, so one moment and one query, for one request.
    if not hasattr(request, "portal_context"):
        request.portal_context = _portal(request)  # type: ignore[attr-defined]
    return request.portal_context  # type: ignore[attr-defined]


def _portal(request: HttpRequest) -> dict[str, Any]:
    # Lazy where it costs: an htmx partial renders no navigation, and an error page may come before the session.
    user = getattr(request, "user", None)
    home = SimpleLazyObject(lambda: shell.home(user) if user is not None else None)
    theme = request.COOKIES.get("theme", "")
    return {
        "now": timezone.now(),
        "home": home,
        "hospital_zone": SimpleLazyObject(lambda: getattr(home, "zone", None) or clock.DEFAULT_ZONE),
        "keys_off": request.COOKIES.get("keys") == "off",
        "theme": theme if theme in ("light", "dark") else "",
        "url_name": getattr(request.resolver_match, "url_name", ""),
        "demo": settings.MDT_DEMO,
        "nav_daily": lambda: list(shell.entries(user, shell.DAILY, shell.numbers(user))) if user is not None else [],
        "nav_set_up": lambda: list(shell.entries(user, shell.SET_UP, {})) if user is not None else [],
        "word_templates": clock.word_templates,
    }
