"""The portal itself: settings, users, access, audit, outbox; the lowest layer."""

from mdt_portal.celery import app as celery_app

__all__ = ["celery_app"]
