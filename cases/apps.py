from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = _("Cases and catalogue")

    def ready(self) -> None:
        from cases.services import notifications, reminders  # noqa: F401  register outbox handlers, and who sees and does what
