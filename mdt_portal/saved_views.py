"""Filters that somebody keeps under a name. The words searched for are left out: they may be a patient's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from mdt_portal.errors import RuleError
from mdt_portal.models import SavedView, User

MOST = 20


def of(user: User, page: str) -> list[SavedView]:
    return list(SavedView.objects.filter(user=user, page=page))


@transaction.atomic
def keep(*, by: User, page: str, name: str, filters: Mapping[str, str], known: Iterable[str]) -> SavedView:
    """Keep those of `filters` that the page knows; the same name again replaces the view."""
    name = name.strip()
    chosen = {key: filters[key] for key in known if filters.get(key)}
    if not name:
        raise _refusal(_("Give the view a name."))
    if len(name) > 40:
        raise _refusal(_("A view's name has at most 40 characters."))
    if not chosen:
        raise _refusal(_("Choose a filter first: a view keeps filters, not the words searched for."))
    User.objects.select_for_update().get(pk=by.pk)
    others = SavedView.objects.filter(user=by, page=page).exclude(name=name)
    if others.count() >= MOST:
        raise _refusal(_("You have %(n)d views already. Delete one first.") % {"n": MOST})
    view, _new = SavedView.objects.update_or_create(
        user=by, page=page, name=name, defaults={"query": urlencode(chosen)}
    )
    return view


def drop(view: SavedView) -> None:
    view.delete()


def _refusal(message: str) -> RuleError:
    return RuleError(message, fields={"name": [message]})
