from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

REGISTERING = ("permissions", "planning.runs", "selectors.commitments", "sessions.notifications", "web.navigation")
"""Modules that register something when they are imported: access rules, outbox handlers, numbers of the navigation."""


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = _("Scheduling")

    def ready(self) -> None:
        for module in REGISTERING:
            import_module(f"{self.name}.{module}")
