from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

REGISTERING = ("permissions", "services.notifications", "services.reminders")
"""Modules that register something when they are imported: access rules, outbox handlers, numbers of the navigation."""


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = _("Cases and catalogue")

    def ready(self) -> None:
        for module in REGISTERING:
            import_module(f"{self.name}.{module}")
