"""The states of sessions, invitations, runs and holds, with their arrows.

Session     published ◀──▶ confirmed ──▶ in_progress ──▶ held;   published | confirmed ──▶ cancelled
            published ──▶ in_progress: it met although not everybody had answered
Invitation  pending ──▶ accepted | declined | expired | replaced;  accepted ──▶ pending | declined | replaced
Run         queued ──▶ running ──▶ proposed ──▶ published | discarded | superseded
            queued | running ──▶ failed | cancelled;   running ──▶ queued (the lease ran out)
Hold        held ──▶ booked | expired | released
Time asked  asked ──▶ agreed | refused | dropped
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mdt_portal.statuses import Lifecycle, Status


class SessionStatus(Status):
    PUBLISHED = "published", "planned", _("Published")
    CONFIRMED = "confirmed", "confirmed", _("Confirmed")
    IN_PROGRESS = "in_progress", "confirmed", _("In progress")
    HELD = "held", "waiting", pgettext_lazy("session", "Held")
    CANCELLED = "cancelled", "declined", _("Cancelled")


SESSION_LIFECYCLE = Lifecycle.of(
    {
        SessionStatus.PUBLISHED: [SessionStatus.CONFIRMED, SessionStatus.IN_PROGRESS, SessionStatus.CANCELLED],
        SessionStatus.CONFIRMED: [SessionStatus.PUBLISHED, SessionStatus.IN_PROGRESS, SessionStatus.CANCELLED],
        SessionStatus.IN_PROGRESS: [SessionStatus.HELD],
    }
)
COMING_SESSIONS: tuple[str, ...] = (SessionStatus.PUBLISHED, SessionStatus.CONFIRMED)
"""Not begun: they may still be moved or called off."""
LIVE_SESSIONS: tuple[str, ...] = (*COMING_SESSIONS, SessionStatus.IN_PROGRESS)


class InvitationStatus(Status):
    PENDING = "pending", "pending", _("No answer yet")
    ACCEPTED = "accepted", "confirmed", _("Accepted")
    DECLINED = "declined", "declined", _("Declined")
    EXPIRED = "expired", "declined", _("Expired")
    REPLACED = "replaced", "waiting", _("Replaced")


INVITATION_LIFECYCLE = Lifecycle.of(
    {
        InvitationStatus.PENDING: [
            InvitationStatus.ACCEPTED,
            InvitationStatus.DECLINED,
            InvitationStatus.EXPIRED,
            InvitationStatus.REPLACED,
        ],
        InvitationStatus.ACCEPTED: [
            InvitationStatus.PENDING,
            InvitationStatus.DECLINED,
            InvitationStatus.REPLACED,
        ],
    }
)

ANSWERED: tuple[str, ...] = (InvitationStatus.ACCEPTED, InvitationStatus.DECLINED)
EXPECTED: tuple[str, ...] = (InvitationStatus.PENDING, InvitationStatus.ACCEPTED)
"""Whoever is counted on: invited and has not said no."""
SEAT_LOST: tuple[str, ...] = (InvitationStatus.DECLINED, InvitationStatus.EXPIRED)


class RunStatus(Status):
    QUEUED = "queued", "waiting", _("Queued")
    RUNNING = "running", "planned", _("Running")
    PROPOSED = "proposed", "pending", _("To be reviewed")
    PUBLISHED = "published", "confirmed", _("Published")
    DISCARDED = "discarded", "waiting", _("Discarded")
    SUPERSEDED = "superseded", "waiting", _("Superseded")
    FAILED = "failed", "declined", _("Failed")
    CANCELLED = "cancelled", "waiting", _("Cancelled")


RUN_LIFECYCLE = Lifecycle.of(
    {
        RunStatus.QUEUED: [RunStatus.RUNNING, RunStatus.FAILED, RunStatus.CANCELLED],
        RunStatus.RUNNING: [RunStatus.PROPOSED, RunStatus.QUEUED, RunStatus.FAILED, RunStatus.CANCELLED],
        RunStatus.PROPOSED: [RunStatus.PUBLISHED, RunStatus.DISCARDED, RunStatus.SUPERSEDED],
    }
)

UNFINISHED_RUNS: tuple[str, ...] = (RunStatus.QUEUED, RunStatus.RUNNING)


class HoldStatus(Status):
    HELD = "held", "pending", pgettext_lazy("hold", "Held")
    BOOKED = "booked", "confirmed", _("Booked")
    EXPIRED = "expired", "waiting", _("Expired")
    RELEASED = "released", "waiting", _("Released")


HOLD_LIFECYCLE = Lifecycle.of({HoldStatus.HELD: [HoldStatus.BOOKED, HoldStatus.EXPIRED, HoldStatus.RELEASED]})


class TimeRequestStatus(Status):
    OPEN = "asked", "pending", _("No answer yet")
    AGREED = "agreed", "confirmed", pgettext_lazy("time asked for", "Agreed")
    REFUSED = "refused", "declined", pgettext_lazy("time asked for", "Refused")
    DROPPED = "dropped", "waiting", pgettext_lazy("time asked for", "Taken back")


TIME_REQUEST_LIFECYCLE = Lifecycle.of(
    {TimeRequestStatus.OPEN: [TimeRequestStatus.AGREED, TimeRequestStatus.REFUSED, TimeRequestStatus.DROPPED]}
)
