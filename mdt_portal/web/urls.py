"""Addresses that belong to no app: signing in and out, the style guide."""

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, path

from mdt_portal.web import kept_forms, signing
from mdt_portal.web.styleguide import styleguide

urlpatterns: list[URLPattern] = [
    path("login/", signing.SignIn.as_view(), name="login"),
    path("i18n/setlang/", signing.set_language, name="set_language"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("kept/<str:public_id>/", kept_forms.kept_form, name="kept_form"),
    path("kept/<str:public_id>/drop/", kept_forms.drop, name="kept_form_drop"),
    path("styleguide/", styleguide, name="styleguide"),
]
