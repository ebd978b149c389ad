"""Empties the tables after a test that commits: only those in which it wrote.

Django's own `flush` truncates all sixty tables, which makes new files for each of them and for each index, and then
looks for permissions that may be new. A test writes in ten of them; those rows are deleted in one transaction, at
whose end the foreign keys are checked as always.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connections, transaction

STAY = frozenset({"django_migrations", "django_content_type", "auth_permission"})
"""What the migrations put there, and no test changes."""


def empty_after_test(test: Any) -> None:
    """In the place of `TransactionTestCase._fixture_teardown`."""
    for alias in test._databases_names(include_mirrors=False):
        empty(alias)


def empty(alias: str = "default") -> None:
    connection = connections[alias]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(_which_are_not_empty(alias))
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@cache
def _which_are_not_empty(alias: str) -> str:
    names = sorted(set(connections[alias].introspection.table_names()) - STAY)
    quoted = connections[alias].ops.quote_name
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted(name)})" for name in names)
