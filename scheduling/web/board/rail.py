"""The rail beside the board: cases without a place, nearest limit first, and what keeps them from one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Case
from cases.selectors import case_queue
from experts.models import Institution
from mdt_portal import access
from mdt_portal.models import User
from scheduling.explain import unplaced
from scheduling.problem.places import places

MOST_IN_RAIL = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A case without a place; `reason`: the materials that it waits for, or why the newest plan left it out."""

    case: Case
    needs: str
    reason: str


def waiting(user: User, institution: Institution, text: str = "") -> tuple[int, list[Waiting]]:
    """How many cases of the hospital's teams have no place (of those that `text` finds), and the nearest limits."""
    cases = access.visible(user, Case.objects.waiting().filter(team__institution=institution))
    if text.strip():
        cases = cases.filter(case_queue.found_by(text.strip(), user))
    nearest = list(case_queue.rows(cases)[:MOST_IN_RAIL])
    if text.strip():
        case_queue.note_looks(nearest, text.strip(), user)
    return cases.count(), list(_with_reasons(nearest))


def tally(user: User, institution: Institution) -> case_queue.Tally:
    """The numbers of the hospital's own queue: what its teams wait for, and what it referred that has no team yet."""
    own = Q(team__institution=institution) | Q(team=None, institution=institution)
    return case_queue.tally(access.visible(user, Case.objects.filter(own)), timezone.now())


def _with_reasons(cases: Iterable[Case]) -> Iterable[Waiting]:
    rows = list(cases)
    known = unplaced.why(rows)
    for case in rows:
        seats = sum(not place.optional for place in places(case))
        needs = _("%(minutes)d min, %(seats)s") % {
            "minutes": case.minutes or 0,
            "seats": ngettext("%(n)d seat", "%(n)d seats", seats) % {"n": seats},
        }
        held, why = case_queue.block(case, {}), known.get(case.pk)
        yield Waiting(case=case, needs=needs, reason=held.text if held else why.reasons[0] if why else "")
