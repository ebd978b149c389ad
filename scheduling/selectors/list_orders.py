"""The orders in which sessions, runs, rooms, standing times and invitations can be read, on pages and in the API."""

from __future__ import annotations

from mdt_portal.tables.orders import Named, Orders, Ranked
from scheduling.states import InvitationStatus, RunStatus, SessionStatus

SESSIONS: Orders = {
    "start": ("start",),
    "team": (Named("team"), "start"),
    "institution": (Named("institution"), "start"),
    "room": (Named("room"), "start"),
    "status": (Ranked("status", SessionStatus.values), "start"),
}
RUNS: Orders = {
    "created_at": ("created_at",),
    "horizon_start": ("horizon_start", "horizon_days"),
    "status": (Ranked("status", RunStatus.values), "created_at"),
    "requested_by": (Named("requested_by"), "created_at"),
}
ROOMS: Orders = {
    "name": (Named(),),
    "institution": (Named("institution"), Named()),
    "capacity": ("capacity", Named()),
    "active": ("active", Named()),
}
BLOCKS: Orders = {
    "team": (Named("team"), "first_day", "start"),
    "first_day": ("first_day", "start"),
    "start": ("start", Named("team")),
    "room": (Named("room"), "start"),
    "last_day": ("last_day", Named("team")),
}
INVITATIONS: Orders = {
    "start": ("attendance__session__start",),
    "expert": (Named("attendance__expert"), "attendance__session__start"),
    "status": (Ranked("status", InvitationStatus.values), "attendance__session__start"),
}
