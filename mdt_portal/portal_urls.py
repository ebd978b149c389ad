"""Addresses that belong to no app: signing in and out, the style guide."""

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, path

from mdt_portal.styleguide import styleguide

urlpatterns: list[URLPattern] = [
    path("login/", auth_views.LoginView.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("styleguide/", styleguide, name="styleguide"),
]
