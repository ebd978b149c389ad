"""The addresses of planning. Each name is what templates and verbs ask for."""

from django.conf import settings
from django.urls import URLPattern, path

from scheduling.pages import (
    answers,
    board,
    bulk,
    case,
    mails,
    news,
    proposals,
    queue,
    runs,
    search,
    sessions,
    today,
    views,
    wishes,
)

urlpatterns: list[URLPattern] = [
    path("", today.today, name="today"),
    path("search/", search.search, name="search"),
    path("changes/", news.changes, name="changes"),
    path("changes/seen/", news.seen, name="changes_seen"),
    path("queue/", queue.queue, name="queue"),
    path("queue/bulk/", bulk.perform, name="queue_bulk"),
    path("queue/bulk/team/", bulk.choose_team, name="queue_bulk_team"),
    path("queue/views/", views.keep, name="view_keep"),
    path("queue/views/<str:public_id>/drop/", views.drop, name="view_drop"),
    path("cases/<str:public_id>/", case.case, name="case"),
    path("cases/<str:public_id>/withdraw/", case.withdraw, name="case_withdraw"),
    path("cases/<str:public_id>/wish/", wishes.wish_add, name="wish_add"),
    path("wishes/<str:public_id>/withdraw/", wishes.wish_withdraw, name="wish_withdraw"),
    path("week/", board.board, name="board"),
    path("plans/", runs.run_list, name="runs"),
    path("plans/new/", runs.new, name="run_new"),
    path("plans/<str:public_id>/", runs.run, name="run"),
    path("plans/<str:public_id>/progress/", runs.run_progress, name="run_progress"),
    path("plans/<str:public_id>/stop/", runs.run_stop, name="run_stop"),
    path("plans/<str:public_id>/again/", runs.run_again, name="run_again"),
    path("proposals/<str:public_id>/", proposals.proposal, name="proposal"),
    path("proposals/<str:public_id>/publish/", proposals.publish, name="proposal_publish"),
    path("proposals/<str:public_id>/discard/", proposals.discard, name="proposal_discard"),
    path("sessions/", sessions.session_list, name="sessions"),
    path("sessions/<str:public_id>/", sessions.session, name="session"),
    path("sessions/<str:public_id>/agenda/", sessions.agenda, name="agenda"),
    path("sessions/<str:public_id>/cancel/", sessions.cancel, name="session_cancel"),
    path("sessions/<str:public_id>/seats/<str:number>/<int:place>/", sessions.fill_seat, name="seat_fill"),
    path("seats/", answers.my_seats, name="my_seats"),
    path("seats/<str:public_id>/", answers.invitation, name="invitation"),
    path("answer/<str:token>/", answers.by_link, name="answer"),
]
if settings.LOCAL:  # only there are mails kept
    urlpatterns.append(path("mails/", mails.mails, name="mails"))
