"""Which team takes a case: that of its disease group, at the nearest hospital whose level is high enough."""

from __future__ import annotations

from cases.models import CareLevel
from experts import reference
from experts.models import Institution, Level, Team

LEVELS = [Level.PRIMARY, Level.SECONDARY, Level.TERTIARY, Level.NATIONAL]
LOWEST_LEVEL = {CareLevel.PRIMARY: 0, CareLevel.REGIONAL: 2, CareLevel.NATIONAL: 3}


def team_for(institution: Institution, *, disease_group: str, care_level: str) -> Team | None:
    """The team for a case referred at `institution`, or None where the alliance has none.

    Order: the right disease group before a wider one; a hospital of the level asked for before a lower one; one's
    own hospital before others; the lowest level that suffices.
    """
    groups = reference.wider_groups(disease_group)
    teams = Team.objects.filter(active=True, disease_group__key__in=groups)
    if institution.alliance_id:
        teams = teams.filter(institution__alliance=institution.alliance_id)
    else:
        teams = teams.filter(institution=institution)
    asked = LOWEST_LEVEL[CareLevel(care_level)]

    def order(team: Team) -> tuple[int, int, bool, int, int]:
        level = LEVELS.index(Level(team.institution.level))
        return (
            groups.index(team.disease_group.key),
            max(0, asked - level),
            team.institution_id != institution.pk,
            level,
            team.pk,
        )

    return min(teams.select_related("institution", "disease_group"), key=order, default=None)
