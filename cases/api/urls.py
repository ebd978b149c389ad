"""The catalogue under /api/v1/; cases themselves are registered by scheduling, which knows their place in the plan."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from cases.api import approvals, code_lists, identities
from cases.api import catalogue as api

router = SimpleRouter()
router.register("catalogue/rules", api.RuleViewSet, "api-rule")
router.register("catalogue/approvals", approvals.ApprovalViewSet, "api-approval")
router.register("identities", identities.HeldViewSet, "api-held")
router.register("catalogue/unmapped-codes", code_lists.UnmappedCodeViewSet, "api-unmapped-code")

urlpatterns = [
    path("patients/<str:id>/apart/", identities.ApartView.as_view()),
    path("catalogue/evaluate/", api.EvaluateView.as_view()),
    path("catalogue/wanted-facts/", api.WantedFactsView.as_view()),
    path("catalogue/codes/", api.CodesView.as_view()),
    path("catalogue/test/", api.RuleTesterView.as_view()),
    path("catalogue/check/", api.CheckView.as_view()),
    path("catalogue/drafts/", api.DraftsView.as_view()),
    path("catalogue/preview/", api.PreviewView.as_view()),
    path("catalogue/publish/", api.PublishView.as_view()),
    path("catalogue/import/", api.ImportView.as_view()),
    path("catalogue/code-lists/", code_lists.CodeListImportView.as_view()),
    path("catalogue/export/", api.ExportView.as_view()),
    path("", include(router.urls)),
]
