"""Changes that coordinators make by hand on the board, kept so that they can be told and undone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from experts.models import Institution
from mdt_portal.fields import public_id_field, updated_at_field


class MoveKind(models.TextChoices):
    PLACE = "place", _("Case placed")
    MOVE_CASE = "move_case", _("Case moved")
    MOVE_SESSION = "move_session", _("Session moved")
    TAKE_OFF = "take_off", _("Case taken off")
    UNDO = "undo", pgettext_lazy("kind of change", "Undone")


class Move(models.Model):
    """One change by hand. `before` and `after` hold the sessions that it touched, as {"from": the moment of minute 0,
    "sessions": PLAN sessions}; `version` is the published version that it made."""

    public_id = public_id_field()
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="moves")
    kind = models.CharField(_("kind"), max_length=12, choices=MoveKind.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="moves")
    made_at = models.DateTimeField(auto_now_add=True)
    before = models.JSONField()
    after = models.JSONField()
    version = models.PositiveIntegerField()
    undone_at = models.DateTimeField(null=True, blank=True)
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("change by hand")
        verbose_name_plural = _("changes by hand")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["institution", "version"], name="move_by_version")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
