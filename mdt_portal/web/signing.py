"""Signing in, and the reader's language: the cookie decides what is shown, the account what mails are written in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST
from django.views.i18n import LANGUAGE_QUERY_PARAMETER
from django.views.i18n import set_language as set_language_cookie

from mdt_portal.errors import RuleError
from mdt_portal.models import User
from mdt_portal.web import kept_forms, pages


class SignIn(auth_views.LoginView):
    """Django's own sign-in; afterwards the portal speaks the language of the account."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """`kept`: a form waits behind this page."""
        return super().get_context_data(**kwargs) | {"kept": kept_forms.waits_at(self.get_redirect_url())}

    def form_valid(self, form: object) -> HttpResponse:
        response = super().form_valid(form)  # type: ignore[arg-type]
        language = self.request.user.language  # type: ignore[union-attr]
        if language:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax")
        return response


@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Switch the language of the pages, and of the mails to whoever is signed in. Refused: one that we do not speak."""
    wanted = request.POST.get(LANGUAGE_QUERY_PARAMETER, "")
    field = User._meta.get_field("language")
    try:
        field.clean(wanted, None)
    except ValidationError as error:
        return pages.refused(request, RuleError(" ".join(error.messages), code="unknown_language"))
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=wanted)
    return set_language_cookie(request)
