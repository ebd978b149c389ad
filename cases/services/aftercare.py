"""The services after a discussion: discussed, recommended, followed up, closed.

    discussed ──conclude──▶ concluded ──▶ following_up ──record_follow_up──▶ (another follow-up) | closed
                                         add_addendum at any time from here on

A case closes only with its loop closed: whoever signs says when somebody looks, and who; each follow-up is followed by
another one, or closes the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Addendum, Case, FollowUp, FollowUpOutcome, Outcome, Recommendation, Task
from cases.states import CaseStatus
from experts.availability import working_days
from experts.models import Affiliation, Expert
from experts.roster import person_cards
from mdt_portal import audit, lifecycle, outbox
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import User

LATEST_MINUTE = time(23, 59)
FARTHEST = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """One thing to do; `who` is a name or one of our experts."""

    what: str
    who: Expert | str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stands in a recommendation. `who` calls on the day of `next_follow_up_on`."""

    text: str = ""
    todos: Sequence[Todo] = ()
    next_follow_up_on: date | None = None
    who: Expert | str = ""


# The meeting ----------------------------------------------------------------------------------------------------------


def discussed(case: Case, *, by: User | None, ended: datetime) -> None:
    """The case was discussed at a meeting that was to end at `ended`; its recommendation is wanted on the working day
    after. Who calls this (scheduling.sessions.meetings) holds the case's row."""
    lifecycle.move(case, CaseStatus.DISCUSSED, by=by, why="case.discussed", recommend_by=goal(case, ended))


def not_discussed(case: Case, *, by: User | None, outcome: Outcome, note: str) -> None:
    """Back to the pool with the reason; out of it where nobody needs the discussion any more. A draft is kept."""
    words = {"outcome": str(outcome), "note": note}
    if Recommendation.objects.filter(case=case, signed_at__isnull=False).exists():
        raise RuleError(_("The recommendation of %(case)s is signed; it counts as discussed.") % {"case": case})
    if case.status == CaseStatus.DISCUSSED:  # the record is corrected
        lifecycle.move(case, CaseStatus.WAITING, by=by, why="case.not_discussed", params=words, recommend_by=None)
    if outcome == Outcome.NOT_NEEDED:
        lifecycle.move(case, CaseStatus.WITHDRAWN, by=by, why="case.not_discussed", params=words)
    elif case.status != CaseStatus.WAITING:
        lifecycle.move(case, CaseStatus.WAITING, by=by, why="case.not_discussed", params=words)


def goal(case: Case, ended: datetime) -> datetime:
    """The last minute of the working day after the meeting, at the team's hospital."""
    hospital = case.team.institution if case.team else case.institution
    day = working_days.add_working_days(hospital, ended, 1).astimezone(hospital.tz).date()
    return datetime.combine(day, LATEST_MINUTE, hospital.tz)


# The recommendation ---------------------------------------------------------------------------------------------------


@transaction.atomic
def draft(case: Case, *, by: User, words: Words, version: int | None = None) -> Recommendation:
    """Keep what is written so far; nobody but its writers sees it. `version` is the one seen (0: none was there)."""
    case = _locked(case)
    row = _unsigned(case, version)
    _write(row, words, by=by)
    audit.record("recommendation.drafted", by=by, subject=case)
    return row


@transaction.atomic
def conclude(
    case: Case, *, by: User, words: Words, version: int | None = None, at: datetime | None = None
) -> Recommendation:
    """Sign the recommendation `at` (now): the case is followed up from here on, and its referrer is told."""
    moment = at or timezone.now()
    case = _locked(case)
    row = _unsigned(case, version)
    _check(words, today=today_at(case, moment))
    _write(row, words, by=by, signed_by=by, signed_at=moment)
    assert words.next_follow_up_on is not None, "checked above"
    FollowUp.objects.create(case=case, due=words.next_follow_up_on, who=row.who, expert=row.expert)
    lifecycle.move(case, CaseStatus.CONCLUDED, by=by, why="case.concluded")
    lifecycle.move(case, CaseStatus.FOLLOWING_UP, by=by, why="case.followed_up")
    audit.record("recommendation.signed", by=by, subject=case)
    if case.referrer_id is not None:
        outbox.put("case.concluded", case=case.pk)
    return row


@transaction.atomic
def add_addendum(case: Case, *, by: User, text: str, seen: int | None = None, at: datetime | None = None) -> Addendum:
    """Sign an addendum `at` (now). What was signed before stays as it is, and the referrer is told again.

    `seen` is how many addenda the caller has read: StaleState where somebody has added another one since.
    """
    case = _locked(case)
    row = Recommendation.objects.filter(case=case, signed_at__isnull=False).first()
    if row is None:
        raise RuleError(_("The recommendation of %(case)s is not signed yet; change it itself.") % {"case": case})
    last = row.addenda.select_related("signed_by").last()
    if last is not None and seen is not None and seen != row.addenda.count():
        raise StaleState(
            _("%(who)s has added something while you were writing. Read it first.") % {"who": last.signed_by}
        )
    if not text.strip():
        raise RuleError(_("This field is required."), fields={"text": [_("This field is required.")]})
    added = Addendum.objects.create(recommendation=row, text=text.strip(), signed_by=by, signed_at=at or timezone.now())
    audit.record("recommendation.addendum", by=by, subject=case, addendum=added.public_id)
    if case.referrer_id is not None:
        outbox.put("case.addendum", addendum=added.pk)
    return added


def _unsigned(case: Case, version: int | None) -> Recommendation:
    """The draft of a discussed case, or a new one. Raises where it is signed, or changed since `version` was read."""
    row = Recommendation.objects.select_related("written_by", "signed_by").filter(case=case).first()
    if row is not None and row.signed_at is not None:
        raise StaleState(_("%(who)s has signed this recommendation already.") % {"who": row.signed_by})
    if case.status != CaseStatus.DISCUSSED:
        raise RuleError(_("%(case)s was not discussed yet, so there is nothing to recommend.") % {"case": case})
    if version is not None and version != (row.version if row else 0):
        who = row.written_by if row else "?"
        raise StaleState(_("%(who)s has changed this recommendation while you were writing.") % {"who": who})
    return row or Recommendation(case=case, version=0)


def _check(words: Words, *, today: date) -> None:
    required = [_("This field is required.")]
    wrong = {name: required for name in ("text", "who") if not str(getattr(words, name)).strip()}
    wrong |= _wrong_day(words.next_follow_up_on, today=today)
    late = [_("This day is over; a task lies ahead.")]
    past = {f"due_{n}": late for n, one in enumerate(words.todos) if one.due is not None and one.due < today}
    if past and not wrong:
        raise RuleError(late[0], fields=past)
    wrong |= past
    if wrong:
        message = _("A recommendation is signed with its text, the day of the next look, and who calls then.")
        raise RuleError(message, fields=wrong)


def _wrong_day(day: date | None, *, today: date) -> dict[str, list[str]]:
    if day is None:
        return {"next_follow_up_on": [_("This field is required.")]}
    if not today <= day <= today + FARTHEST:
        return {"next_follow_up_on": [_("The next look must lie ahead, within five years.")]}
    return {}


def _write(row: Recommendation, words: Words, *, by: User, **signed: object) -> None:
    row.text, row.next_follow_up_on, row.written_by = words.text.strip(), words.next_follow_up_on, by
    row.who, row.expert = _person(words.who, row.case)
    row.version += 1
    for name, value in signed.items():
        setattr(row, name, value)
    row.save()
    row.tasks.all().delete()
    for todo in words.todos:
        who, expert = _person(todo.who, row.case)
        Task.objects.create(recommendation=row, what=todo.what.strip(), who=who, expert=expert, due=todo.due)


def _person(who: Expert | str, case: Case) -> tuple[str, Expert | None]:
    """The name, and the expert who works at the team's hospital and whose name it is, if there is exactly one."""
    if isinstance(who, Expert):
        return str(who), who
    name = who.strip()
    if not name or case.team is None:
        return name, None
    called = Q(name_en=name) | Q(name_zh=name)
    work = person_cards.present(Affiliation.objects.filter(institution=case.team.institution_id))
    rows = list(Expert.objects.filter(called, active=True, pk__in=work.values("expert"))[:2])
    return name, rows[0] if len(rows) == 1 else None


# The follow-ups -------------------------------------------------------------------------------------------------------


@transaction.atomic
def record_follow_up(
    case: Case,
    *,
    by: User,
    outcome: str,
    note: str = "",
    next_follow_up_on: date | None = None,
    who: Expert | str = "",
    follow_up: str | None = None,
    at: datetime | None = None,
) -> Case:
    """Write down whether the plan was carried out; then another follow-up (`next_follow_up_on`, by `who`), or close.

    `follow_up` is the public id of the one that the caller has seen: StaleState where somebody took it meanwhile.
    """
    moment = at or timezone.now()
    case = _locked(case)
    row = case.follow_ups.select_for_update().filter(outcome="").first()
    if case.status != CaseStatus.FOLLOWING_UP or row is None or follow_up not in (None, row.public_id):
        raise StaleState(_("Somebody else has written down this look already. See what they found."))
    _check_follow_up(outcome, note, next_follow_up_on, who, today=today_at(case, moment))
    row.outcome, row.note, row.taken_at, row.taken_by = FollowUpOutcome(outcome), note.strip(), moment, by
    row.save(update_fields=["outcome", "note", "taken_at", "taken_by"])
    audit.record("follow_up.recorded", by=by, subject=case, outcome=outcome)
    if next_follow_up_on is not None:
        name, expert = _person(who, case)
        FollowUp.objects.create(case=case, due=next_follow_up_on, who=name, expert=expert)
    else:
        lifecycle.move(case, CaseStatus.CLOSED, by=by, why="case.loop_closed")
    return case


def _check_follow_up(
    outcome: str, note: str, next_follow_up_on: date | None, who: Expert | str, *, today: date
) -> None:
    wrong: dict[str, list[str]] = {}
    if outcome not in FollowUpOutcome.values:
        wrong["outcome"] = [_("This field is required.")]
    elif outcome != FollowUpOutcome.OUT and not note.strip():
        wrong["note"] = [_("Say why it was not carried out in full.")]
    if next_follow_up_on is not None:
        wrong |= _wrong_day(next_follow_up_on, today=today)
        if not str(who).strip():
            wrong["who"] = [_("This field is required.")]
    if wrong:
        raise RuleError(next(iter(wrong.values()))[0], fields=wrong)


def today_at(case: Case, moment: datetime) -> date:
    """The day at the hospital that looks after the case."""
    hospital = case.team.institution if case.team else case.institution
    return moment.astimezone(hospital.tz).date()


def _locked(case: Case) -> Case:
    rows = Case.objects.select_for_update(of=("self",)).select_related("institution", "team__institution")
    return rows.get(pk=case.pk)
