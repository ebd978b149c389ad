"""The catalogue in the database: published rules as of a day, and the services that write versions.

A version once published is never changed; a change is the next version. Rows hold the grammar of
`cases.catalogue.core.grammar`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.catalogue import wording
from cases.catalogue.core import grammar, json_io, plain_rule, vocabulary
from cases.catalogue.core.evaluation import Rule
from cases.core.mistake import Mistake
from cases.models import ApprovalDecision, CatalogueRule, RuleApproval, Tier
from cases.states import RuleStatus
from experts import reference
from experts.models import Discipline, DiseaseGroup
from mdt_portal import audit, lifecycle
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User

_COLUMNS = ("name_en", "name_zh", "tier", "evidence", "source", "source_url", "note", "review_by")
_parsed: dict[tuple[int, Any], Rule] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load did, by rule key."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    published: tuple[str, ...] = ()


def today(zone: str | tzinfo | None = None, *, at: datetime | None = None) -> date:
    """The day for which the catalogue is asked: by a hospital's clock, so that a version begins at its midnight."""
    return (at or timezone.now()).astimezone(clock.zone(zone)).date()


def in_force(on: date, *, without: CatalogueRule | None = None) -> tuple[Rule, ...]:
    """The rules that count on day `on`, or would `without` one version.

    One small query; each version is parsed once per process.
    """
    rows = CatalogueRule.objects.exclude(pk=without.pk) if without else CatalogueRule.objects.all()
    stamps = list(rows.in_force(on).values_list("pk", "changed_at"))
    missing = [pk for pk, changed_at in stamps if (pk, changed_at) not in _parsed]
    words = known_words() if missing else None
    for row in CatalogueRule.objects.filter(pk__in=missing):
        parsed(row, words)
    return tuple(_parsed[stamp] for stamp in stamps if stamp in _parsed)


def parsed(row: CatalogueRule, words: vocabulary.Vocabulary | None = None) -> Rule:
    """`rule_of`, remembered: a version's text never changes."""
    stamp = (row.pk, row.changed_at)
    if stamp not in _parsed:
        _parsed[stamp] = rule_of(row, words)
    return _parsed[stamp]


def rule_of(row: CatalogueRule, words: vocabulary.Vocabulary | None = None) -> Rule:
    """The pure rule that a row holds. Raises RuleError if somebody stored what the grammar refuses."""
    rule, mistakes = grammar.read_rule(raw_of(row), words or known_words(), version=row.version)
    if rule is None:
        raise RuleError(
            _("Rule %(rule)s cannot be read.") % {"rule": row},
            params={"mistakes": [f"{one.place}: {one.code}" for one in mistakes]},
        )
    return rule


def raw_of(row: CatalogueRule) -> dict[str, Any]:
    """The rule as a catalogue file would hold it."""
    found = {name: getattr(row, name) for name in _COLUMNS}
    found["review_by"] = row.review_by.isoformat() if row.review_by else ""
    return plain_rule.plain({"id": row.key, **found, **row.content})


def known_words() -> vocabulary.Vocabulary:
    """The project's own vocabulary and what this hospital added to it."""
    shipped = vocabulary.shipped()
    disciplines = shipped.disciplines | set(Discipline.objects.values_list("key", flat=True))
    groups = dict.fromkeys(DiseaseGroup.objects.values_list("key", flat=True), ()) | dict(shipped.groups)
    return replace(shipped, disciplines=disciplines, groups=groups)


def newest_live(keys: Iterable[str]) -> dict[str, CatalogueRule]:
    """The newest version of each rule that nobody withdrew."""
    rows = CatalogueRule.objects.filter(key__in=list(keys)).exclude(status=RuleStatus.WITHDRAWN)
    return {row.key: row for row in rows.order_by("key", "version")}


@transaction.atomic
def load(
    raws: Iterable[Mapping[str, Any]],
    *,
    by: User | None,
    publish_from: date | None = None,
    reason: str = "",
    unapproved: str = "",
) -> Loaded:
    """Write valid rules (see `json_io.read`) as versions. A rule that says nothing new makes no version.

    A key that the file leaves out keeps what the rule had. With `publish_from` new versions and waiting drafts are
    published from that day; those that a second person would have to approve only with a reason for doing without
    (`unapproved`), which is kept. Rules that the file does not name stay. Raises RuleError; then nothing is written.
    """
    reference.load()
    words = known_words()
    given = list(raws)
    latest = {row.key: row for row in CatalogueRule.objects.order_by("key", "version")}
    live = newest_live([raw["id"] for raw in given])
    new, changed, unchanged = [], [], []
    drafts = []
    for raw in given:
        row = live.get(raw["id"])
        wanted = completed(raw, row, words)
        if row is not None and raw_of(row) == wanted:
            unchanged.append(row.key)
        else:
            (changed if raw["id"] in latest else new).append(raw["id"])
            row = _next_version(wanted, latest.get(raw["id"]), by=by, reason=reason)
        if publish_from is not None and row.status == RuleStatus.DRAFT:
            drafts.append(row)
    if publish_from is not None:
        _publish_all(drafts, by=by, valid_from=publish_from, unapproved=unapproved)
    published = [row.key for row in drafts]
    audit.record("catalogue.loaded", by=by, new=len(new), changed=len(changed), published=len(published))
    return Loaded(new=tuple(new), changed=tuple(changed), unchanged=tuple(unchanged), published=tuple(published))


def check(raw: Mapping[str, Any], words: vocabulary.Vocabulary) -> tuple[Rule | None, list[Mistake]]:
    """The rule, and all that is wrong with it, by itself and beside the rules that are in force."""
    rule, mistakes = grammar.read_rule(dict(raw), words)
    if rule is None:
        return None, mistakes
    others = [other for other in in_force(today()) if other.key != rule.key]
    beside = json_io.contradictions(dict(enumerate([*others, rule])))
    return rule, [replace(one, place="tier") for one in beside if one.rule == rule.key]


@transaction.atomic
def save_draft(
    raw: Mapping[str, Any], *, by: User | None, reason: str = "", version: int | None = None
) -> CatalogueRule:
    """The next version of one rule, as a draft. Raises RuleError with the mistakes in `fields`, by place.

    `version` is the newest one that the writer has seen (0 for a new rule); another one raises StaleState.
    """
    words = known_words()
    rule, mistakes = check(raw, words)
    if rule is None or mistakes:
        raise _refused(mistakes)
    row = CatalogueRule.objects.select_for_update().filter(key=rule.key).order_by("-version").first()
    if version is not None and version != (row.version if row else 0):
        raise StaleState(
            _("%(rule)s was saved by somebody else while you were editing. Look at the newest version first.")
            % {"rule": rule.key}
        )
    return _next_version(completed(raw, row, words), row, by=by, reason=reason)


@transaction.atomic
def release(
    drafts: Iterable[CatalogueRule], *, by: User | None, valid_from: date, reason: str, not_before: date
) -> list[CatalogueRule]:
    """Publish drafts together, from the day `not_before` or later, with a reason that is kept. All of them or none."""
    rows = list(drafts)
    check_release(rows, valid_from=valid_from, reason=reason, not_before=not_before)
    return _publish_all(rows, by=by, valid_from=valid_from, reason=reason.strip())


def check_release(rows: Iterable[CatalogueRule], *, valid_from: date, reason: str, not_before: date) -> None:
    """Raises RuleError unless there are drafts, a reason, and a day that is not over."""
    if not list(rows):
        raise RuleError(_("Choose at least one draft."), fields={"draft": [_("Choose at least one draft.")]})
    fields = {}
    if not reason.strip():
        fields["reason"] = [_("Say why; the reason stands in the history of each rule.")]
    if valid_from < not_before:
        fields["valid_from"] = [_("The past cannot be changed: the first possible day is today.")]
    if fields:
        raise RuleError(next(iter(fields.values()))[0], fields=fields)


def _publish_all(
    rows: Iterable[CatalogueRule], *, by: User | None, valid_from: date, reason: str = "", unapproved: str = ""
) -> list[CatalogueRule]:
    """Publish them together; what is refused for want of a second person is named at once."""
    drafts = list(rows)
    needing = {row.pk for row in needing_approval(drafts)}
    if needing and not unapproved.strip():
        raise _not_approved(row for row in drafts if row.pk in needing)
    return [
        publish(row, by=by, valid_from=valid_from, reason=reason, unapproved=unapproved if row.pk in needing else "")
        for row in drafts
    ]


def needing_approval(drafts: Iterable[CatalogueRule]) -> list[CatalogueRule]:
    """Those that count only when a second person has approved them (MDT_CATALOGUE_APPROVAL).

    A rule is of tier required where the draft is, where what counts now or soon is, or what was published last, even if
    it was withdrawn: no single person makes a discussion required, or lets it be required no longer. One query.
    """
    rows, who = list(drafts), settings.MDT_CATALOGUE_APPROVAL
    if who != "required" or not rows:
        return rows if who == "all" else []
    on = today()
    counting = CatalogueRule.objects.in_force(on).values("pk")
    last = CatalogueRule.objects.exclude(valid_from=None).order_by("key", "-version").distinct("key").values("pk")
    soon = Q(status=RuleStatus.PUBLISHED, valid_from__gt=on)
    known = CatalogueRule.objects.filter(key__in=[row.key for row in rows], tier=Tier.REQUIRED)
    keys = set(known.filter(Q(pk__in=counting) | Q(pk__in=last) | soon).values_list("key", flat=True))
    return [row for row in rows if row.tier == Tier.REQUIRED or row.key in keys]


def _not_approved(rows: Iterable[CatalogueRule]) -> RuleError:
    words = _("A second person must approve this before it counts: %(rules)s. Ask for the approval.")
    return RuleError(words % {"rules": phrases.listed(str(row) for row in rows)}, code="needs_approval")


@transaction.atomic
def publish(
    row: CatalogueRule,
    *,
    by: User | None,
    valid_from: date,
    reason: str = "",
    approval: RuleApproval | None = None,
    unapproved: str = "",
) -> CatalogueRule:
    """Let the draft count from a day. Raises RuleError where a version that is published already starts later, and
    where a second person is needed and there is neither their `approval` nor a reason for doing without."""
    if approval is None and not unapproved.strip() and needing_approval([row]):
        raise _not_approved([row])
    later = CatalogueRule.objects.filter(key=row.key, status=RuleStatus.PUBLISHED, valid_from__gt=valid_from).first()
    if later is not None:
        raise RuleError(
            _("%(rule)s would never count: %(later)s is in force from %(day)s.")
            % {"rule": row, "later": later, "day": clock.full_day(later.valid_from or valid_from)},
            code="starts_too_early",
        )
    params = {"reason": reason} if reason else {}
    params |= {"unapproved": unapproved.strip()} if unapproved.strip() else {}
    if approval is None:
        _overtake(row)
    lifecycle.move(row, RuleStatus.PUBLISHED, by=by, why="rule.published", params=params, valid_from=valid_from)
    audit.record("rule.published", by=by, subject=row, valid_from=valid_from.isoformat(), **params)
    return row


@transaction.atomic
def withdraw(row: CatalogueRule, *, by: User | None, reason: str) -> CatalogueRule:
    """Take a version back; the one before it counts again, unless it is withdrawn too."""
    if not reason.strip():
        words = _("Say why; the reason stands in the history of each rule.")
        raise RuleError(words, fields={"reason": [words]})
    _overtake(row)
    lifecycle.move(row, RuleStatus.WITHDRAWN, by=by, why="rule.withdrawn", params={"reason": reason})
    audit.record("rule.withdrawn", by=by, subject=row, reason=reason)
    return row


def _next_version(raw: Mapping[str, Any], row: CatalogueRule | None, *, by: User | None, reason: str) -> CatalogueRule:
    if row is not None and row.status == RuleStatus.DRAFT:
        _overtake(row)
        lifecycle.move(row, RuleStatus.WITHDRAWN, by=by, why="rule.replaced")
    return CatalogueRule.objects.create(
        key=raw["id"],
        version=row.version + 1 if row else 1,
        **columns(raw),
        reason=reason[:200],
        changed_by=by,
    )


def _overtake(row: CatalogueRule) -> None:
    """Whoever was asked to approve this version was asked about something that is so no longer."""
    RuleApproval.objects.open().filter(rules=row).update(decision=ApprovalDecision.OVERTAKEN, decided_at=timezone.now())


def columns(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A complete rule of a file as the columns of its row, but for the key."""
    content = {key: value for key, value in raw.items() if key not in ("id", *_COLUMNS)}
    found = {name: raw[name] for name in _COLUMNS}
    return {
        **found,
        "review_by": date.fromisoformat(raw["review_by"]) if raw["review_by"] else None,
        "content": content,
    }


def completed(raw: Mapping[str, Any], row: CatalogueRule | None, words: vocabulary.Vocabulary) -> dict[str, Any]:
    """The rule with every key: what it leaves out comes from the version before, else from its disease group."""
    empty: dict[str, Any] = {
        "name_en": "", "evidence": {}, "source": "", "source_url": "", "note": "", "review_by": "", "optional": [],
    }  # fmt: skip
    before = raw_of(row) if row else {}
    found = {**empty, **{key: before[key] for key in before if key not in grammar.NEEDED}, **raw}
    rule, _mistakes = grammar.read_rule(found, words)
    if rule is not None:
        found.setdefault("disease_group", rule.disease_group)
        found.setdefault("materials", list(rule.materials))
    return plain_rule.plain(found)


def _refused(mistakes: Iterable[Mistake]) -> RuleError:
    fields: dict[str, list[str]] = {}
    for mistake in mistakes:
        fields.setdefault(mistake.place, []).append(wording.mistake_text(mistake))
    return RuleError(_("The rule has mistakes."), code="rule_invalid", fields=fields)
