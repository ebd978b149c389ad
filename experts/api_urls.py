"""Experts' part of /api/v1/."""

from django.urls import include, path, re_path
from rest_framework.routers import SimpleRouter

from experts import api, pool_api

router = SimpleRouter()
router.register("institutions", api.InstitutionViewSet, "api-institution")
router.register("teams", pool_api.KeptTeamViewSet, "api-team")
router.register("experts", pool_api.KeptExpertViewSet, "api-expert")
router.register("disciplines", api.DisciplineViewSet, "api-discipline")

TIME = [
    path("", api.AvailabilityView.as_view()),
    path("exceptions/", api.ExceptionsView.as_view()),
    re_path(r"^exceptions/(?P<entry>[0-9a-z-]+)/$", api.ExceptionView.as_view()),
    path("leaves/", api.LeavesView.as_view()),
    re_path(r"^leaves/(?P<entry>[0-9-]+)/$", api.LeaveView.as_view()),
]
HOSPITAL = [
    path("settings/", pool_api.SettingsView.as_view()),
    path("special-days/", pool_api.SpecialDaysView.as_view()),
    path("special-days/<str:day>/", pool_api.SpecialDayView.as_view()),
]
urlpatterns = [
    re_path(r"^institutions/(?P<id>[A-Za-z0-9_-]{16})/", include(HOSPITAL)),
    path("availability/", include(TIME)),
    re_path(r"^experts/(?P<id>[A-Za-z0-9_-]{16})/availability/", include(TIME)),
    path("", include(router.urls)),
]
