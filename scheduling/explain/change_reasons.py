"""What each change of a plan buys, in words: what leaving the session as it was would cost, tried for real."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Case
from mdt_portal import access
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from scheduling.explain import solver_text
from scheduling.problem.core.plan_diff import ChangeKind, PlanChange
from scheduling.problem.snapshot import Snapshot
from scheduling.solver.core.plan import Plan
from scheduling.solver.explain import unchanged
from scheduling.solver.explain.unchanged import Cost

MOST_SECONDS = 8.0
MOST_NAMED = 3


def costs(
    changes: Sequence[PlanChange], plan: Plan, seen: Snapshot, *, seconds: float = MOST_SECONDS
) -> dict[int, Cost]:
    """What leaving each changed session as it was would cost, by its place in `changes`; the moved ones are tried
    first. Those for which the time does not suffice are missing, and so are new sessions: there is nothing to leave."""
    deadline, found = time.monotonic() + seconds, {}
    order = [ChangeKind.MOVED, ChangeKind.CANCELLED, ChangeKind.PEOPLE, ChangeKind.AGENDA]
    tried = [(n, one) for n, one in enumerate(changes) if one.kind in order]
    for number, change in sorted(tried, key=lambda pair: order.index(pair[1].kind)):
        if time.monotonic() > deadline:
            break
        assert change.old is not None, "what is not new was something before"
        found[number] = unchanged.cost(seen.problem, plan, change.old, change.new)
    return found


def texts(changes: Sequence[PlanChange], found: Mapping[int, Cost], seen: Snapshot, user: User) -> list[str]:
    """One sentence or two for each change; cases that the reader may not see are counted, not named. One query or two,
    and those for the names in broken rules."""
    named = {pk for cost in found.values() for pk in (*cost.unplaced, *cost.late)}
    rows = access.visible(user, Case.objects.all()).filter(pk__in=named)
    numbers = {case.pk: case.number for case in rows.only("pk", "number")}
    before = {item.case for one in changes if one.old for item in one.old.cases}
    return [_text(one, found.get(n), seen, numbers, before) for n, one in enumerate(changes)]


def _text(
    change: PlanChange, cost: Cost | None, seen: Snapshot, numbers: Mapping[int, str], before: Iterable[int]
) -> str:
    if change.kind == ChangeKind.NEW and change.new is not None:
        return _of_new({item.case for item in change.new.cases} - set(before), len(change.new.cases))
    if cost is None:
        return _("Not tried: there are too many changes to try each.")
    if cost.broken:
        return _("It cannot stay as it was: %(what)s") % {
            "what": solver_text.violations_text(cost.broken[:MOST_NAMED], seen)
        }
    if cost.impossible:
        return _("Left as it was, no valid plan was found around it.")
    if cost.nothing:
        return _("A quick try found nothing that it buys. Pin its cases to keep it as it was.")
    sentences = []
    if cost.unplaced:
        cases = _cases(cost.unplaced, numbers)
        sentences.append(_("Left as it was, %(cases)s would have no place.") % {"cases": cases})
    if cost.late:
        longest = max(cost.late.values())
        words = {"cases": _cases(cost.late, numbers), "span": clock.span(longest)}
        sentences.append(_("Left as it was, %(cases)s would begin up to %(span)s after the limit.") % words)
    if cost.more:
        sentences.append(
            _("Left as it was, the plan would take %(more)s.") % {"more": phrases.listed(_more(cost.more))}
        )
    return phrases.sentences(*sentences)


def _of_new(fresh: set[int], every: int) -> str:
    if fresh:
        return ngettext("It gives %(n)d waiting case a place.", "It gives %(n)d waiting cases a place.", len(fresh)) % {
            "n": len(fresh)
        }
    return ngettext("It takes %(n)d case of another session.", "It takes %(n)d cases of other sessions.", every) % {
        "n": every
    }


def _cases(ids: Iterable[int], numbers: Mapping[int, str]) -> str:
    every = sorted(ids)
    known = [numbers[pk] for pk in every if pk in numbers][:MOST_NAMED]
    rest = len(every) - len(known)
    if not known:
        return ngettext("%(n)d case", "%(n)d cases", rest) % {"n": rest}
    more = [ngettext("%(n)d more case", "%(n)d more cases", rest) % {"n": rest}] if rest else []
    return phrases.listed([*known, *more])


def _more(more: Mapping[str, int]) -> list[str]:
    words = {
        "sessions": lambda n: ngettext("%(n)d more session", "%(n)d more sessions", n),
        "attendances": lambda n: ngettext("%(n)d more attendance", "%(n)d more attendances", n),
        "wait_days": lambda n: ngettext("%(n)d more day of waiting in all", "%(n)d more days of waiting in all", n),
        "unfair_min": lambda n: ngettext(
            "%(n)d more minute for people who are loaded already",
            "%(n)d more minutes for people who are loaded already",
            n,
        ),
    }
    return [word(more[name]) % {"n": more[name]} for name, word in words.items() if more.get(name)]
