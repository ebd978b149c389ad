from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "mdt_portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from mdt_portal import checks, field_names  # noqa: F401  checks registers the system checks

        field_names.translate()
