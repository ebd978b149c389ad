"""Rooms and their time, the published plan (sessions, agenda, seats, attendances), and planning runs.

    Session ──< AgendaItem ──< Seat >── Attendance >── Session       a seat: who fills one discipline of one case
                                        Attendance ──  Invitation    an attendance: one expert's stretch of a session
    RoomBooking: a session's or a hold's stretch of room time, changeover included

Attendance and RoomBooking carry the exclusion constraints: nobody and no room is ever in two places at once.
"""

from scheduling.models.attendance import Attendance, AttendanceMode, AttendanceQuerySet, Invitation, Seat
from scheduling.models.moves import Move, MoveKind
from scheduling.models.placement_constraints import (
    PlacementConstraint,
    PlacementConstraintKind,
    PlacementConstraintQuerySet,
    TimeRequest,
)
from scheduling.models.places import Block, BlockKind, Room, RoomClosure, RoomHours
from scheduling.models.runs import Incumbent, PlanningRun, Proposal, ProposalKind, PublishedPlan, RunTrigger
from scheduling.models.sessions import (
    AgendaItem,
    Hold,
    HoldQuerySet,
    NotifiedPlace,
    RoomBooking,
    Session,
    SessionQuerySet,
)

__all__ = [
    "AgendaItem",
    "Attendance",
    "AttendanceMode",
    "AttendanceQuerySet",
    "Block",
    "BlockKind",
    "Hold",
    "HoldQuerySet",
    "Incumbent",
    "Invitation",
    "Move",
    "MoveKind",
    "NotifiedPlace",
    "PlacementConstraint",
    "PlacementConstraintKind",
    "PlacementConstraintQuerySet",
    "PlanningRun",
    "Proposal",
    "ProposalKind",
    "PublishedPlan",
    "Room",
    "RoomBooking",
    "RoomClosure",
    "RoomHours",
    "RunTrigger",
    "Seat",
    "Session",
    "SessionQuerySet",
    "TimeRequest",
]
