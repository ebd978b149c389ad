"""Experts' part of /api/v1/."""

from django.urls import include, path, re_path
from rest_framework.routers import SimpleRouter

from experts.api import availability, lists, on_call, pools

router = SimpleRouter()
router.register("institutions", lists.InstitutionViewSet, "api-institution")
router.register("teams", pools.KeptTeamViewSet, "api-team")
router.register("experts", pools.KeptExpertViewSet, "api-expert")
router.register("disciplines", lists.DisciplineViewSet, "api-discipline")

TIME = [
    path("", availability.AvailabilityView.as_view()),
    path("exceptions/", availability.ExceptionsView.as_view()),
    re_path(r"^exceptions/(?P<entry>[0-9a-z-]+)/$", availability.ExceptionView.as_view()),
    path("leaves/", availability.LeavesView.as_view()),
    re_path(r"^leaves/(?P<entry>[0-9-]+)/$", availability.LeaveView.as_view()),
]
HOSPITAL = [
    path("settings/", pools.SettingsView.as_view()),
    path("on-call/", on_call.DutiesView.as_view()),
    path("on-call/<str:duty>/", on_call.DutyView.as_view()),
    path("special-days/", pools.SpecialDaysView.as_view()),
    path("special-days/<str:day>/", pools.SpecialDayView.as_view()),
]
urlpatterns = [
    re_path(r"^institutions/(?P<id>[A-Za-z0-9_-]{16})/", include(HOSPITAL)),
    path("availability/", include(TIME)),
    re_path(r"^experts/(?P<id>[A-Za-z0-9_-]{16})/availability/", include(TIME)),
    path("", include(router.urls)),
]
