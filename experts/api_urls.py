"""Experts' part of /api/v1/."""

from django.urls import include, path, re_path
from rest_framework.routers import SimpleRouter

from experts import api

router = SimpleRouter()
router.register("institutions", api.InstitutionViewSet, "api-institution")
router.register("teams", api.TeamViewSet, "api-team")
router.register("experts", api.ExpertViewSet, "api-expert")
router.register("disciplines", api.DisciplineViewSet, "api-discipline")

TIME = [
    path("", api.AvailabilityView.as_view()),
    path("exceptions/", api.ExceptionsView.as_view()),
    re_path(r"^exceptions/(?P<entry>[0-9a-z-]+)/$", api.ExceptionView.as_view()),
    path("leaves/", api.LeavesView.as_view()),
    re_path(r"^leaves/(?P<entry>[0-9-]+)/$", api.LeaveView.as_view()),
]
urlpatterns = [
    path("availability/", include(TIME)),
    re_path(r"^experts/(?P<id>[A-Za-z0-9_-]{16})/availability/", include(TIME)),
    path("", include(router.urls)),
]
