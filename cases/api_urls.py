"""The catalogue under /api/v1/; cases themselves are registered by scheduling, which knows their place in the plan."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from cases import api

router = SimpleRouter()
router.register("catalogue/rules", api.RuleViewSet, "api-rule")

urlpatterns = [
    path("catalogue/evaluate/", api.EvaluateView.as_view()),
    path("catalogue/asked-facts/", api.AskedFactsView.as_view()),
    path("", include(router.urls)),
]
