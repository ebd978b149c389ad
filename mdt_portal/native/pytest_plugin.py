"""Starts PostgreSQL and the broker before pytest-django reads the settings."""

import os

os.environ.setdefault("MDT_TESTING", "1")
