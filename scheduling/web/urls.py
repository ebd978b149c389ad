"""The addresses of planning and of the case page. Each name is what templates and services ask for."""

from django.urls import URLPattern, path

from scheduling.web import mails
from scheduling.web.board import board, day, month, move
from scheduling.web.cases import actions, case, earliest_slots, placement_constraints, why_not
from scheduling.web.planning import proposals, runs
from scheduling.web.pools import urls as pools
from scheduling.web.queue import bulk, queue, saved_views
from scheduling.web.sessions import agenda_sheet, answers, calendar, calls, record, sessions
from scheduling.web.today import news, search, today

urlpatterns: list[URLPattern] = [
    path("", today.first_page, name="today"),
    path("next/", today.next_entry, name="today_next"),
    path("search/", search.search, name="search"),
    path("changes/", news.changes, name="changes"),
    path("changes/seen/", news.seen, name="changes_seen"),
    path("queue/", queue.queue, name="queue"),
    path("queue/bulk/", bulk.perform, name="queue_bulk"),
    path("queue/bulk/team/", bulk.choose_team, name="queue_bulk_team"),
    path("queue/views/", saved_views.keep, name="view_keep"),
    path("queue/views/<str:public_id>/drop/", saved_views.drop, name="view_drop"),
    path("cases/<str:public_id>/", case.case, name="case"),
    path("cases/<str:public_id>/withdraw/", case.withdraw, name="case_withdraw"),
    path("cases/<str:public_id>/submit/", actions.submit, name="case_submit"),
    path("cases/<str:public_id>/evaluate/", actions.reevaluate, name="case_evaluate"),
    path("cases/<str:public_id>/tier/", actions.override, name="case_override"),
    path("cases/<str:public_id>/ask/", actions.ask, name="case_ask"),
    path("cases/<str:public_id>/team/", actions.team, name="case_team"),
    path("cases/<str:public_id>/patient/", actions.identity, name="case_identity"),
    path("cases/<str:public_id>/materials/", actions.all_materials, name="case_materials"),
    path("cases/<str:public_id>/materials/<int:item>/", actions.material, name="case_material"),
    path("cases/<str:public_id>/times/", earliest_slots.panel, name="case_times"),
    path("cases/<str:public_id>/times/gain/", earliest_slots.gain, name="case_gain"),
    path("cases/<str:public_id>/hold/", earliest_slots.hold, name="case_hold"),
    path("holds/<str:public_id>/book/", earliest_slots.book, name="hold_book"),
    path("holds/<str:public_id>/release/", earliest_slots.let_go, name="hold_release"),
    path("refer/times/", earliest_slots.of_typed, name="refer_times"),
    path("cases/<str:public_id>/placement-constraint/", placement_constraints.add, name="placement_constraint_add"),
    path("cases/<str:public_id>/why/", why_not.explanation, name="why_not"),
    path("cases/<str:public_id>/why/apply/", why_not.why_apply, name="why_apply"),
    path("time-requests/<str:public_id>/", why_not.time_request, name="time_request"),
    path(
        "placement-constraints/<str:public_id>/withdraw/",
        placement_constraints.withdraw,
        name="placement_constraint_withdraw",
    ),
    path("week/", board.board, name="board"),
    path("week/day/", day.board_day, name="board_day"),
    path("week/month/", month.board_month, name="board_month"),
    path("week/live/", board.live, name="board_live"),
    path("week/rail/", board.rail_list, name="board_rail"),
    path("week/places/", move.places, name="board_places"),
    path("week/move/", move.move, name="board_move"),
    path("week/undo/<str:public_id>/", move.undo, name="board_undo"),
    path("plans/", runs.run_list, name="runs"),
    path("plans/new/", runs.new, name="run_new"),
    path("plans/<str:public_id>/", runs.run, name="run"),
    path("plans/<str:public_id>/progress/", runs.run_progress, name="run_progress"),
    path("plans/<str:public_id>/stop/", runs.run_stop, name="run_stop"),
    path("plans/<str:public_id>/again/", runs.run_again, name="run_again"),
    path("proposals/<str:public_id>/", proposals.proposal, name="proposal"),
    path("proposals/<str:public_id>/reasons/", proposals.reasons, name="proposal_reasons"),
    path("proposals/<str:public_id>/fit/", proposals.fit, name="proposal_fit"),
    path("proposals/<str:public_id>/publish/", proposals.publish, name="proposal_publish"),
    path("proposals/<str:public_id>/discard/", proposals.discard, name="proposal_discard"),
    path("sessions/", sessions.session_list, name="sessions"),
    path("sessions/<str:public_id>/", sessions.session, name="session"),
    path("sessions/<str:public_id>/agenda/", agenda_sheet.agenda, name="agenda"),
    path("sessions/<str:public_id>/agenda.pdf", agenda_sheet.agenda_pdf, name="agenda_pdf"),
    path("sessions/<str:public_id>/record/", record.record, name="session_record"),
    path("sessions/<str:public_id>/record/quorum/", record.quorum, name="session_record_quorum"),
    path("sessions/<str:public_id>/cancel/", sessions.cancel, name="session_cancel"),
    path("sessions/<str:public_id>/seats/<str:number>/<int:place>/", sessions.fill_seat, name="seat_fill"),
    path("calls/", calls.calls, name="calls"),
    path("calls/remind/", calls.remind, name="calls_remind"),
    path("sessions/<str:public_id>/people/<str:attendance>/", sessions.replace, name="seat_replace"),
    path("seats/", answers.my_seats, name="my_seats"),
    path("seats/calendar/", calendar.address, name="calendar_address"),
    path("calendar/<str:key>.ics", calendar.feed, name="calendar"),
    path("seats/<str:public_id>/", answers.invitation, name="invitation"),
    path("answer/<str:token>/", answers.by_link, name="answer"),
    path("mails/", mails.mails, name="mails"),
]
urlpatterns += pools.urlpatterns
