"""The states of a case and the arrows between them.

draft ──▶ submitted ──▶ needs_facts ──▶ listed ◀──▶ waiting ──▶ planned ──▶ confirmed ──▶ discussed
              └────▶ to_decide ──────────▶ listed | waiting        (and back to waiting)       │
                                              closed ◀── following_up ◀── concluded ◀──────────┘
planned ──▶ discussed: it met although not everybody had answered;  discussed ──▶ waiting: the record was corrected
needs_facts | listed | waiting ──▶ submitted: the disease that it turned out to be has no team;  listed ──▶ needs_facts
to_decide: no rule speaks of it, or it is an emergency that no rule wants discussed, or somebody asked for a discussion
of a listed case; a coordinator decides
anything before discussed ──▶ withdrawn
"""

from django.utils.translation import gettext_lazy as _

from mdt_portal.statuses import Lifecycle, Status


class CaseStatus(Status):
    DRAFT = "draft", "waiting", _("Draft")
    SUBMITTED = "submitted", "waiting", _("Submitted")
    NEEDS_FACTS = "needs_facts", "pending", _("Facts missing")
    TO_DECIDE = "to_decide", "pending", _("To be decided")
    LISTED = "listed", "waiting", _("Listed only")
    WAITING = "waiting", "waiting", _("Waiting")
    PLANNED = "planned", "planned", _("Planned")
    CONFIRMED = "confirmed", "confirmed", _("Confirmed")
    DISCUSSED = "discussed", "confirmed", _("Discussed")
    CONCLUDED = "concluded", "confirmed", _("Concluded")
    FOLLOWING_UP = "following_up", "planned", _("In follow-up")
    CLOSED = "closed", "waiting", _("Closed")
    WITHDRAWN = "withdrawn", "declined", _("Withdrawn")


S = CaseStatus
CASE_LIFECYCLE = Lifecycle.of(
    {
        S.DRAFT: [S.SUBMITTED, S.WITHDRAWN],
        S.SUBMITTED: [S.NEEDS_FACTS, S.TO_DECIDE, S.LISTED, S.WAITING, S.WITHDRAWN],
        S.NEEDS_FACTS: [S.SUBMITTED, S.TO_DECIDE, S.LISTED, S.WAITING, S.WITHDRAWN],
        S.TO_DECIDE: [S.SUBMITTED, S.NEEDS_FACTS, S.LISTED, S.WAITING, S.WITHDRAWN],
        S.LISTED: [S.SUBMITTED, S.TO_DECIDE, S.WAITING, S.NEEDS_FACTS, S.WITHDRAWN],
        S.WAITING: [S.SUBMITTED, S.TO_DECIDE, S.PLANNED, S.LISTED, S.NEEDS_FACTS, S.WITHDRAWN],
        S.PLANNED: [S.CONFIRMED, S.WAITING, S.DISCUSSED, S.WITHDRAWN],
        S.CONFIRMED: [S.PLANNED, S.WAITING, S.DISCUSSED, S.WITHDRAWN],
        S.DISCUSSED: [S.CONCLUDED, S.WAITING],
        S.CONCLUDED: [S.FOLLOWING_UP],
        S.FOLLOWING_UP: [S.CLOSED],
    }
)
AWAITING_FACTS: tuple[str, ...] = (S.SUBMITTED, S.NEEDS_FACTS)
"""Handed in, and the catalogue or its team cannot be named yet."""
QUEUED: tuple[str, ...] = (*AWAITING_FACTS, S.TO_DECIDE, S.WAITING)
"""In the coordinator's queue: handed in and without a place."""
WITH_A_PLACE: tuple[str, ...] = (S.PLANNED, S.CONFIRMED)
WITH_A_LIMIT: tuple[str, ...] = (*QUEUED, *WITH_A_PLACE)
"""Their response limit still runs."""
PLANNABLE: tuple[str, ...] = (S.WAITING, *WITH_A_PLACE)
"""What a plan may place or move."""
OPEN_FOR_FACTS: tuple[str, ...] = (S.DRAFT, S.NEEDS_FACTS)
EDITABLE: tuple[str, ...] = (S.DRAFT, *QUEUED, S.LISTED)
BEFORE_DISCUSSION: tuple[str, ...] = (*EDITABLE, *WITH_A_PLACE)
AFTER_DISCUSSION: tuple[str, ...] = (S.DISCUSSED, S.CONCLUDED, S.FOLLOWING_UP, S.CLOSED)
FOLLOWED_UP: tuple[str, ...] = (S.CONCLUDED, S.FOLLOWING_UP)
OVER: tuple[str, ...] = (S.WITHDRAWN, S.CLOSED)
NOT_EVALUATED: tuple[str, ...] = (S.DRAFT, S.WITHDRAWN)
"""The catalogue has nothing to say of them: not handed in, or taken back."""


class RuleStatus(Status):
    DRAFT = "draft", "waiting", _("Draft")
    PUBLISHED = "published", "confirmed", _("Published")
    WITHDRAWN = "withdrawn", "declined", _("Withdrawn")


RULE_LIFECYCLE = Lifecycle.of(
    {RuleStatus.DRAFT: [RuleStatus.PUBLISHED, RuleStatus.WITHDRAWN], RuleStatus.PUBLISHED: [RuleStatus.WITHDRAWN]}
)


class MaterialStatus(Status):
    MISSING = "missing", "declined", _("Missing")
    RECEIVED = "received", "confirmed", _("Received")
    WAIVED = "waived", "waiting", _("Not needed")


MATERIAL_LIFECYCLE = Lifecycle.of(
    {
        MaterialStatus.MISSING: [MaterialStatus.RECEIVED, MaterialStatus.WAIVED],
        MaterialStatus.RECEIVED: [MaterialStatus.MISSING],
        MaterialStatus.WAIVED: [MaterialStatus.MISSING, MaterialStatus.RECEIVED],
    }
)
