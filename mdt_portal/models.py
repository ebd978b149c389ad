"""What every app needs: users, the record of moves, the record of actions and looks, the outbox, kept mail."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from mdt_portal.fields import EncryptedTextField, public_id_field, updated_at_field
from mdt_portal.statuses import Lifecycle, Status


class User(AbstractUser):
    """A person who signs in. What they may do follows from their role assignments (experts app)."""

    public_id = public_id_field()
    name_zh = models.CharField(_("name (Chinese)"), max_length=80, blank=True)
    name_en = models.CharField(_("name (English)"), max_length=80, blank=True)
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        choices=settings.LANGUAGES,
        error_messages={"invalid_choice": _("Choose English (en) or Simplified Chinese (zh-hans), not “%(value)s”.")},
    )
    seen_at = models.DateTimeField(_("last looked at Today"), null=True, blank=True)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(language__in=["", *dict(settings.LANGUAGES)]), name="user_language_is_one_we_speak"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        chinese = (translation.get_language() or "").startswith("zh")
        return (self.name_zh or self.name_en) if chinese else (self.name_en or self.name_zh)


class StatusEvent(models.Model):
    """One move of one row from a status to the next. Written by `lifecycle.move` only."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    old = models.CharField(max_length=20)
    new = models.CharField(max_length=20)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    code = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id", "at"])]
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.subject_type} {self.subject_id}: {self.old} → {self.new}"


class AuditEvent(models.Model):
    """Who did or saw what. Never changed, never deleted."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    params = models.JSONField(default=dict, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id", "at"])]
        ordering = ["-at", "-pk"]
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.subject_type} {self.subject_id or ''}"


class OutboxStatus(Status):
    WAITING = "waiting", "pending", _("Waiting")
    DONE = "done", "confirmed", _("Done")
    DEAD = "dead", "declined", _("Given up")


class OutboxMessage(models.Model):
    """An outward effect that is promised in the transaction of its cause and carried out after it."""

    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=OutboxStatus.choices, default=OutboxStatus.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField(db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    lifecycle = Lifecycle.of({OutboxStatus.WAITING: [OutboxStatus.DONE, OutboxStatus.DEAD]})

    class Meta:
        indexes = [models.Index(fields=["not_before"], condition=models.Q(status="waiting"), name="outbox_waiting")]
        ordering = ["pk"]
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class KeptMail(models.Model):
    """A mail as it was sent; in demo mode this is where it can be read, since nothing leaves the machine."""

    public_id = public_id_field()
    sent_at = models.DateTimeField(auto_now_add=True)
    to = models.EmailField()
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="mails")
    subject = models.CharField(max_length=250)
    body = models.TextField()

    class Meta:
        ordering = ["-sent_at", "-pk"]
        verbose_name = _("mail")
        verbose_name_plural = _("mails")

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"


class SavedView(models.Model):
    """The filters of a list that somebody keeps under a name. `page` is the list's url name."""

    public_id = public_id_field()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=20)
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(max_length=300)
    updated_at = updated_at_field()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "page", "name"], name="one_view_per_name")]
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")

    def __str__(self) -> str:
        return self.name


class KeptForm(models.Model):
    """What somebody sent after their session had ended, for minutes, until they have signed in again."""

    public_id = public_id_field()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kept_at = models.DateTimeField(auto_now_add=True, db_index=True)
    shown_at = models.DateTimeField(null=True)
    address = models.TextField()
    content = EncryptedTextField()

    class Meta:
        ordering = ["-kept_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.address}"
