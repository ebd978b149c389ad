"""Rules that somebody should look at again: which are due, and a look that leaves a rule as it is."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cases.models import CatalogueRule, RuleReview
from cases.states import RuleStatus
from mdt_portal import audit
from mdt_portal.errors import RuleError, TransitionNotAllowed
from mdt_portal.models import User

LONGEST = timedelta(days=3660)
USUAL = timedelta(days=365)
"""Until the next look, where nobody says otherwise."""


def due(on: date) -> QuerySet[CatalogueRule]:
    """The versions in force on day `on` whose day of review has come, by key."""
    counting = CatalogueRule.objects.in_force(on)
    return CatalogueRule.objects.filter(pk__in=counting.values("pk"), review_by__lte=on).order_by("key")


@transaction.atomic
def keep(row: CatalogueRule, *, by: User, note: str, review_by: date, today: date) -> RuleReview:
    """The version was looked at and stays as it is; the next look is due on `review_by`, later than today.

    What the rule says does not change, so there is no new version. Raises RuleError.
    """
    row = CatalogueRule.objects.select_for_update().get(pk=row.pk)
    if row.status != RuleStatus.PUBLISHED:
        raise TransitionNotAllowed(_("Only a published version is reviewed; a draft is edited."))
    fields = {}
    if not note.strip():
        fields["note"] = [_("Say what you looked at; it stands in the history of the rule.")]
    if not today < review_by <= today + LONGEST:
        fields["review_by"] = [_("Choose a day after today, within ten years.")]
    if fields:
        raise RuleError(next(iter(fields.values()))[0], fields=fields)
    CatalogueRule.objects.filter(pk=row.pk).update(review_by=review_by)
    done = RuleReview.objects.create(rule=row, by=by, note=note.strip()[:200], next_by=review_by)
    audit.record("rule.reviewed", by=by, subject=row, note=done.note, review_by=review_by.isoformat())
    return done
