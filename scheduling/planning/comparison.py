"""The proposals of one run side by side: their figures, the best of each row, and what each gives up for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scheduling.models import PlanningRun, Proposal, ProposalKind
from scheduling.planning.core import figures
from scheduling.planning.core.figures import Figures
from scheduling.solver.core.plan import Plan
from scheduling.solver.rules import checking

ORDER = list(ProposalKind)
FIGURES = {field.name for field in fields(Figures)}
Value = int | float
Written = Callable[[Any], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureCell:
    text: str
    best: bool
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    label: str
    cells: list[FigureCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePart:
    """Rows under one heading."""

    title: str
    rows: list[FigureRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One column. `gains` and `gives_up` compare it with the balanced plan; both are empty for that one."""

    proposal: Proposal
    title: str
    preference: str
    figures: Figures
    gains: list[str]
    gives_up: list[str]
    same: bool
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    columns: list[Alternative]
    parts: list[FigurePart]


def of(run: PlanningRun, *, chosen: Proposal | None = None) -> Table | None:
    """The run's proposals as a table, the balanced one first; None while there is none. One query or two."""
    offers = sorted(run.proposals.all(), key=lambda one: ORDER.index(ProposalKind(one.kind)))
    measured = _measured_of(run, offers)
    if not measured:
        return None
    base = measured[0][1]
    columns = [_column(offer, one, base, chosen=offer == chosen) for offer, one in measured]
    return Table(columns=columns, parts=[_part(title, rows, columns) for title, rows in _rows()])


def _measured_of(run: PlanningRun, offers: Sequence[Proposal]) -> list[tuple[Proposal, Figures]]:
    """The figures were stored with the offers; those of older ones are computed from the run's problem."""
    if all(offer.figures.keys() == FIGURES for offer in offers):
        return [(offer, Figures(**offer.figures)) for offer in offers]
    stored = PlanningRun.objects.values_list("problem", flat=True).get(pk=run.pk)
    if stored is None:
        return []
    problem = checking.read_problem(stored)
    return [(offer, figures.of(problem, Plan.from_json(offer.plan))) for offer in offers]


def _column(offer: Proposal, found: Figures, base: Figures, *, chosen: bool) -> Alternative:
    gains, gives_up = [], []
    for worse, text in _differences(found, base):
        (gives_up if worse else gains).append(text)
    return Alternative(
        proposal=offer,
        title=offer.get_kind_display(),
        preference=_preference(offer.kind),
        figures=found,
        gains=gains,
        gives_up=gives_up,
        same=found == base,
        chosen=chosen,
    )


def _preference(kind: str) -> str:
    return {
        ProposalKind.BALANCED: _("All wishes weighed"),
        ProposalKind.FASTEST: _("Shortest wait for cases"),
        ProposalKind.LEAST_TIME: _("Fewest and fullest sessions"),
        ProposalKind.FAIREST: _("Loads as even as can be"),
        ProposalKind.LEAST_CHANGE: _("What is published stays, as far as can be"),
    }[ProposalKind(kind)]


# Figures --------------------------------------------------------------------------------------------------------------


def _rows() -> list[tuple[str, list[tuple[str, str, int, Written]]]]:
    """Per heading: label, the figure's name, 1 where more is better and -1 where less is, and how it is written."""
    return [
        (
            _("Cases"),
            [
                (_("Required cases placed"), "required_placed", 1, str),
                (_("Required cases over limit"), "required_late", -1, str),
                (_("Suggested cases placed"), "suggested_placed", 1, str),
                (_("Mean wait"), "wait_mean_days", -1, _days),
                (_("Longest wait"), "wait_max_days", -1, _days),
            ],
        ),
        (
            _("Experts"),
            [
                (_("Sessions"), "sessions", -1, str),
                (_("Attendances"), "attendances", -1, str),
                (_("Expert hours"), "expert_hours", -1, _hours),
                (_("Spread of the load"), "spread_hours", -1, _hours),
            ],
        ),
        (
            _("Change for people"),
            [
                (_("Published sessions changed"), "changed_sessions", -1, str),
                (_("People told"), "notified", -1, str),
            ],
        ),
    ]


def _part(title: str, rows: Sequence[tuple[str, str, int, Written]], columns: Sequence[Alternative]) -> FigurePart:
    return FigurePart(title=title, rows=[_row(label, name, sign, write, columns) for label, name, sign, write in rows])


def _row(label: str, name: str, sign: int, write: Written, columns: Sequence[Alternative]) -> FigureRow:
    """The best figure is marked where the plans differ; equal as written is equal."""
    values = [round(getattr(column.figures, name), 1) for column in columns]
    best = max(sign * value for value in values)
    differ = len(set(values)) > 1
    total = {"required_placed": "required", "suggested_placed": "suggested"}.get(name)
    cells = []
    for column, value in zip(columns, values, strict=True):
        text = write(value)
        if total:
            words = {"part": text, "all": getattr(column.figures, total)}
            text = _("%(part)s of %(all)s") % words
        cells.append(FigureCell(text=text, best=differ and sign * value == best, chosen=column.chosen))
    return FigureRow(label=label, cells=cells)


def _days(value: float) -> str:
    return _("%(n).1f days") % {"n": value}


def _hours(value: float) -> str:
    return _("%(n).1f h") % {"n": value}


# In words -------------------------------------------------------------------------------------------------------------


def _differences(found: Figures, base: Figures) -> list[tuple[bool, str]]:
    """What differs from the balanced plan, as (worse, words), the weightiest first."""
    said = [
        _counted(found.required_placed - base.required_placed, 1, _required_placed),
        _counted(found.required_late - base.required_late, -1, _late),
        _counted(found.suggested_placed - base.suggested_placed, 1, _suggested_placed),
        _measured(found.wait_mean_days - base.wait_mean_days, _("%(n).1f days longer wait on average"),
                  _("%(n).1f days shorter wait on average")),
        _counted(found.sessions - base.sessions, -1, _sessions),
        _measured(found.expert_hours - base.expert_hours, _("%(n).1f more expert hours"),
                  _("%(n).1f fewer expert hours")),
        _measured(found.spread_hours - base.spread_hours, _("load spread by %(n).1f h more"),
                  _("load spread by %(n).1f h less")),
        _counted(found.changed_sessions - base.changed_sessions, -1, _changed),
        _counted(found.notified - base.notified, -1, _notified),
    ]  # fmt: skip
    return [one for one in said if one is not None]


def _counted(more: int, sign: int, words: Callable[[int, bool], str]) -> tuple[bool, str] | None:
    return (more * sign < 0, words(abs(more), more > 0) % {"n": abs(more)}) if more else None


def _measured(more: float, above: str, below: str) -> tuple[bool, str] | None:
    """Less is better; what rounds to nothing is nothing."""
    more = round(more, 1)
    return (more > 0, (above if more > 0 else below) % {"n": abs(more)}) if more else None


def _required_placed(n: int, more: bool) -> str:
    if more:
        return ngettext("%(n)d more required case placed", "%(n)d more required cases placed", n)
    return ngettext("%(n)d required case less placed", "%(n)d required cases less placed", n)


def _late(n: int, more: bool) -> str:
    if more:
        return ngettext("%(n)d more required case over its limit", "%(n)d more required cases over their limit", n)
    return ngettext("%(n)d required case less over its limit", "%(n)d required cases less over their limit", n)


def _suggested_placed(n: int, more: bool) -> str:
    if more:
        return ngettext("%(n)d more suggested case placed", "%(n)d more suggested cases placed", n)
    return ngettext("%(n)d suggested case less placed", "%(n)d suggested cases less placed", n)


def _sessions(n: int, more: bool) -> str:
    if more:
        return ngettext("%(n)d more session", "%(n)d more sessions", n)
    return ngettext("%(n)d fewer session", "%(n)d fewer sessions", n)


def _changed(n: int, more: bool) -> str:
    if more:
        return ngettext("%(n)d more published session changed", "%(n)d more published sessions changed", n)
    return ngettext("%(n)d fewer published session changed", "%(n)d fewer published sessions changed", n)


def _notified(n: int, more: bool) -> str:
    if more:
        return ngettext("%(n)d more person told", "%(n)d more people told", n)
    return ngettext("%(n)d fewer person told", "%(n)d fewer people told", n)
