"""By which other programs know a case."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cases.models import Case, ExternalId
from mdt_portal import access, audit
from mdt_portal.errors import Conflict
from mdt_portal.models import User


class ExternalIdTaken(Conflict):
    """Another case of this hospital is known by the id already."""

    code = "external_id_taken"


@transaction.atomic
def give(case: Case, *, by: User, value: str, system: str = "") -> ExternalId:
    """The case is known by `value` in the sender's `system` from now on; once more changes nothing.

    Raises ExternalIdTaken where another case of the same hospital is; its number is named only to who may see it.
    """
    known = {"institution": case.institution, "system": system.strip(), "value": value.strip()}
    try:
        with transaction.atomic():
            row, new = ExternalId.objects.get_or_create(**known, defaults={"case": case})
    except IntegrityError:
        row, new = ExternalId.objects.get(**known), False
    if row.case_id != case.pk:
        seen = access.visible(by, Case.objects.filter(pk=row.case_id)).first()
        message = _("“%(id)s” is another case of this hospital already.") % {"id": row.value}
        if seen is not None:
            message = _("“%(id)s” is %(case)s already.") % {"id": row.value, "case": seen.number}
        raise ExternalIdTaken(message, fields={"external_id": [message]})
    if new:
        audit.record("case.external_id_given", by=by, subject=case)
    return row
