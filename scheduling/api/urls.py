"""Scheduling's part of /api/v1/."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from scheduling.api.bulk import BulkView, SavedViewViewSet
from scheduling.api.calendar import CalendarView
from scheduling.api.cases import PlacedCaseViewSet
from scheduling.api.earliest_slots import EarliestSlotsView, GainView, HoldView, HoldViewSet, TypedEarliestSlotsView
from scheduling.api.impact import ImpactView
from scheduling.api.invitations import InvitationViewSet
from scheduling.api.load import LoadView
from scheduling.api.moves import MoveViewSet
from scheduling.api.overview import ChangesView, SearchView, TodayView
from scheduling.api.placement_constraints import PlacementConstraintViewSet, TimeRequestViewSet
from scheduling.api.pools import BlockViewSet, KeptRoomViewSet, WorkView
from scheduling.api.runs import ProposalViewSet, RunViewSet
from scheduling.api.sessions import SessionViewSet
from scheduling.api.week_templates import GiveView, WeekTemplatesView, WeekTemplateView
from scheduling.api.why_not import RemedyView, WhyNotView

router = SimpleRouter()
router.register("cases", PlacedCaseViewSet, "api-case")
router.register("runs", RunViewSet, "api-run")
router.register("proposals", ProposalViewSet, "api-proposal")
router.register("sessions", SessionViewSet, "api-session")
router.register("invitations", InvitationViewSet, "api-invitation")
router.register("holds", HoldViewSet, "api-hold")
router.register("moves", MoveViewSet, "api-move")
router.register("rooms", KeptRoomViewSet, "api-room")
router.register("blocks", BlockViewSet, "api-block")
router.register("placement-constraints", PlacementConstraintViewSet, "api-placement-constraint")
router.register("time-requests", TimeRequestViewSet, "api-time-request")
router.register("saved-views", SavedViewViewSet, "api-saved-view")

urlpatterns = [
    path("cases/bulk/", BulkView.as_view()),
    path("cases/<str:id>/why/", WhyNotView.as_view()),
    path("cases/<str:id>/earliest-slots/", EarliestSlotsView.as_view()),
    path("cases/<str:id>/earliest-slots/gain/", GainView.as_view()),
    path("cases/<str:id>/hold/", HoldView.as_view()),
    path("cases/<str:id>/remedies/", RemedyView.as_view()),
    path("earliest-slots/", TypedEarliestSlotsView.as_view()),
    path("impact/", ImpactView.as_view()),
    path("today/", TodayView.as_view()),
    path("search/", SearchView.as_view()),
    path("changes/", ChangesView.as_view()),
    path("calendar/", CalendarView.as_view()),
    path("load/", LoadView.as_view()),
    path("experts/<str:id>/work/<str:hospital>/", WorkView.as_view()),
    path("experts/<str:id>/load/", LoadView.as_view()),
    path("institutions/<str:id>/week-templates/", WeekTemplatesView.as_view()),
    path("institutions/<str:id>/week-templates/<str:template>/", WeekTemplateView.as_view()),
    path("institutions/<str:id>/week-templates/<str:template>/give/", GiveView.as_view()),
    path("", include(router.urls)),
]
