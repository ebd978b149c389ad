"""System checks of the installation (`manage.py check --deploy`)."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def secrets_differ(**_: Any) -> list[CheckMessage]:
    secrets = [settings.SECRET_KEY, settings.SEARCH_HASH_KEY, *settings.FIELD_ENCRYPTION_KEYS]
    if len(secrets) == len(set(secrets)):
        return []
    return [
        Error("SECRET_KEY, FIELD_ENCRYPTION_KEY and SEARCH_HASH_KEY must differ from each other.", id="mdt_portal.E001")
    ]


@register(Tags.security, deploy=True)
def mails_leave_the_portal(**_: Any) -> list[CheckMessage]:
    if not settings.MDT_DEMO:
        return []
    return [
        checks.Warning(
            "MDT_DEMO is on: no mail leaves the portal, and anyone may read them in it.", id="mdt_portal.W001"
        )
    ]
