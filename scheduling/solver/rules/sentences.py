"""One sentence per hard rule, for people; they are collected for translation and translated where they are shown.

Ids and minutes are put in by whoever shows the sentence; a display may replace ids by names and minutes by clock times.
"""


def _(sentence: str) -> str:
    """Marks a sentence for translation and leaves it as it is: the solver knows no Django."""
    return sentence


SENTENCES: dict[str, str] = {
    "unknown": _("%(kind)s %(id)s is not part of the problem."),
    "session_id": _("Session id %(session)s is used more than once."),
    "case_once": _("Case %(case)s is planned more than once."),
    "unplaced_list": _("Case %(case)s must be listed as unplaced if and only if no session discusses it."),
    "case_team": _("Case %(case)s belongs to team %(team)s, not to team %(other)s."),
    "case_release": _("Case %(case)s cannot start before %(earliest)s, yet it starts at %(start)s."),
    "case_inside": _("Case %(case)s lies outside its session from %(from)s to %(to)s."),
    "case_overlap": _("Cases %(case)s and %(other)s overlap."),
    "session_empty": _("Session %(session)s discusses no case."),
    "session_length": _("Session %(session)s lasts %(minutes)s minutes; at most %(most)s are allowed."),
    "session_window": _("Session %(session)s lies outside the windows of team %(team)s."),
    "session_site": _("Session %(session)s is not at the site of team %(team)s."),
    "session_horizon": _("Session %(session)s does not lie within the planning horizon."),
    "team_overlap": _("Team %(team)s has two sessions at once, %(session)s and %(other)s."),
    "reserved": _("Case %(case)s starts in a stretch reserved for classes %(classes)s."),
    "grain": _("Start %(start)s is not a multiple of %(grain)s minutes."),
    "break": _("From %(from)s to %(to)s there is no break of %(break)s minutes."),
    "room_missing": _("Session %(session)s needs a room, because expert %(expert)s attends on site."),
    "room_site": _("Room %(room)s is not at the site of session %(session)s."),
    "room_free": _("Room %(room)s is not free from %(from)s to %(to)s."),
    "room_equipment": _("Room %(room)s lacks %(equipment)s, which case %(case)s needs."),
    "room_video": _("Room %(room)s has no video, yet expert %(expert)s attends remotely."),
    "room_capacity": _("Room %(room)s holds %(capacity)s people, yet %(people)s attend on site."),
    "room_changeover": _("Room %(room)s needs %(minutes)s minutes between sessions %(session)s and %(other)s."),
    "seat_filled": _("Seat %(seat)s of case %(case)s is not filled, or is not a seat of this case."),
    "seat_candidate": _("Expert %(expert)s cannot take place %(seat)s of case %(case)s."),
    "seat_distinct": _("Expert %(expert)s takes more than one place of case %(case)s."),
    "chair": _("None of the chairs of team %(team)s attends session %(session)s."),
    "expert_free": _("Expert %(expert)s is not free from %(from)s to %(to)s."),
    "expert_overlap": _("Expert %(expert)s is needed in sessions %(session)s and %(other)s at once."),
    "expert_travel": _("Expert %(expert)s needs %(minutes)s min between sessions %(session)s and %(other)s to travel."),
    "expert_remote": _("Expert %(expert)s does not work at this site and cannot attend remotely."),
    "case_remote": _("Case %(case)s cannot be discussed remotely, yet expert %(expert)s attends remotely."),
    "cap_day": _("Expert %(expert)s has %(sessions)s sessions on day %(day)s; at most %(most)s are allowed."),
    "cap_week": _("Expert %(expert)s has %(sessions)s sessions in week %(week)s; at most %(most)s are allowed."),
    "cap_minutes": _(
        "Expert %(expert)s is present %(minutes)s minutes in week %(week)s; at most %(most)s are allowed."
    ),
    "fixed": _("Session %(session)s is confirmed and may only be extended; %(what)s differs."),
    "pin": _("Case %(case)s is pinned to another %(what)s."),
    "forbidden": _("Case %(case)s is planned in a combination that is forbidden."),
}
