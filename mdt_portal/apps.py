from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "mdt_portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from mdt_portal.i18n import field_names
        from mdt_portal.operations import checks  # noqa: F401  checks registers the system checks

        field_names.translate()
