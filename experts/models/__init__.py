"""The pools of people: institutions, disciplines, experts and their time, teams, roles."""

from experts.models.institution_settings import INSTITUTION_SETTINGS
from experts.models.people import (
    EMAIL_ONCE,
    Affiliation,
    Discipline,
    DiseaseGroup,
    Expert,
    Qualification,
    Role,
    RoleAssignment,
    Team,
    Title,
)
from experts.models.places import (
    Alliance,
    CalendarDay,
    Institution,
    Level,
    Named,
    OpeningHours,
    Travel,
    Weekday,
    WeeklyTime,
    is_time_zone,
)
from experts.models.time import (
    AvailabilityException,
    ExceptionKind,
    Leave,
    OnCallDuty,
    WeeklyAvailability,
)

__all__ = [
    "EMAIL_ONCE",
    "INSTITUTION_SETTINGS",
    "Affiliation",
    "Alliance",
    "AvailabilityException",
    "CalendarDay",
    "Discipline",
    "DiseaseGroup",
    "ExceptionKind",
    "Expert",
    "Institution",
    "Leave",
    "Level",
    "Named",
    "OnCallDuty",
    "OpeningHours",
    "Qualification",
    "Role",
    "RoleAssignment",
    "Team",
    "Title",
    "Travel",
    "Weekday",
    "WeeklyAvailability",
    "WeeklyTime",
    "is_time_zone",
]
