"""The orders in which hospitals, teams, people and disciplines can be read, on pages and in the API alike."""

from __future__ import annotations

from experts.models import Level
from mdt_portal.tables.orders import Named, Orders, Ranked

INSTITUTIONS: Orders = {
    "name": (Named(),),
    "level": (Ranked("level", Level.values), Named()),
    "beds": ("beds",),
    "answer_within_h": ("answer_within_h", Named()),
    "materials_lead_days": ("materials_lead_days", Named()),
    "max_session_min": ("max_session_min", Named()),
}
TEAMS: Orders = {
    "name": (Named(),),
    "institution": (Named("institution"), Named()),
    "disease_group": (Named("disease_group"), Named()),
    "lead_discipline": (Named("lead_discipline"), Named()),
    "chair": (Named("chair"), Named()),
    "active": ("active", Named()),
}
EXPERTS: Orders = {"name": (Named(),), "remote": ("remote", Named())}
DISCIPLINES: Orders = {"key": ("key",), "name": (Named(),), "core": ("core", Named())}
