"""Column types that the whole project shares."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import migrations, models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


def new_public_id() -> str:
    """A random id for addresses, API and feeds: 16 characters, 96 bits, says nothing about the row."""
    return base64.urlsafe_b64encode(secrets.token_bytes(12)).decode()


def public_id_field() -> models.CharField:
    return models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)


def updated_at_field() -> models.DateTimeField:
    """When the row was last written, by whatever statement: a trigger of the database keeps it (`keep_updated_at`)."""
    return models.DateTimeField(_("last changed"), db_default=Now(), editable=False, db_index=True)


def keep_updated_at(*tables: str) -> migrations.RunSQL:
    """For a migration: the trigger behind `updated_at_field` on each table; mdt_portal 0004 has its function."""
    return migrations.RunSQL(
        sql=[
            f"CREATE TRIGGER keep_updated_at BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION mdt_updated_now()"
            for table in tables
        ],
        reverse_sql=[f"DROP TRIGGER keep_updated_at ON {table}" for table in tables],
    )


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEY is not set, so personal data cannot be stored.")
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedTextField(models.TextField):
    """Text that is encrypted at rest (Fernet; the first key writes, all keys read, so keys can be rotated)."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value in (None, ""):
            return value
        return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(value.encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if value in (None, ""):
            return value
        try:
            return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "A personal field cannot be read: FIELD_ENCRYPTION_KEY is not the key it was written with."
            ) from error


def search_hash(*parts: str) -> str:
    """Keyed hash by which an encrypted identifier can be found again (equal text only)."""
    text = "\x1f".join(part.strip().casefold() for part in parts)
    return hmac.new(settings.SEARCH_HASH_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
