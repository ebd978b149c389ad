"""Every address of the portal; the applications are named by dotted strings only."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from mdt_portal.api import TokenView
from mdt_portal.operations.health import healthz
from mdt_portal.rest.gate import nothing_here

urlpatterns = [
    path("", include("scheduling.web.urls")),
    path("", include("cases.web.urls")),
    path("", include("experts.web.urls")),
    path("", include("mdt_portal.web.urls")),
    path("api/v1/", include("scheduling.api.urls")),
    path("api/v1/", include("cases.api.urls")),
    path("api/v1/", include("experts.api.urls")),
    path("api/v1/auth/token/", TokenView.as_view(), name="api-token"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    re_path(r"^api/", nothing_here),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}portal/mark.svg")),  # pages without our <head>
]

# Of these, only the API's are answered differently: as JSON.
handler400 = "mdt_portal.rest.gate.bad_request"
handler404 = "mdt_portal.rest.gate.page_not_found"
handler500 = "mdt_portal.rest.gate.server_error"
