"""Scheduling's part of /api/v1/."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from scheduling.api.cases import PlacedCaseViewSet
from scheduling.api.desk import BulkView, SavedViewViewSet
from scheduling.api.invitations import InvitationViewSet
from scheduling.api.runs import ProposalViewSet, RunViewSet
from scheduling.api.sessions import RoomViewSet, SessionViewSet

router = SimpleRouter()
router.register("cases", PlacedCaseViewSet, "api-case")
router.register("runs", RunViewSet, "api-run")
router.register("proposals", ProposalViewSet, "api-proposal")
router.register("sessions", SessionViewSet, "api-session")
router.register("invitations", InvitationViewSet, "api-invitation")
router.register("rooms", RoomViewSet, "api-room")
router.register("saved-views", SavedViewViewSet, "api-saved-view")

urlpatterns = [
    path("cases/bulk/", BulkView.as_view()),
    path("", include(router.urls)),
]
