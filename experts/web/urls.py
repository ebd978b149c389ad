"""The addresses of people's own time."""

from django.urls import URLPattern, path

from experts.web import pool_urls, time

urlpatterns: list[URLPattern] = [
    path("time/", time.my_time, name="my_time"),
    path("time/<str:public_id>/", time.expert_time, name="expert_time"),
    *pool_urls.urlpatterns,
]
