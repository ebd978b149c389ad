from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from mdt_portal.i18n import field_names
from mdt_portal.operations import checks

__all__ = ["PortalConfig", "checks"]  # importing `checks` registers the system checks


class PortalConfig(AppConfig):
    name = "mdt_portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        field_names.translate()
