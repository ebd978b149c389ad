"""The addresses of people's own time."""

from django.urls import URLPattern, path

from experts import pool_urls, views

urlpatterns: list[URLPattern] = [
    path("time/", views.my_time, name="my_time"),
    path("time/<str:public_id>/", views.expert_time, name="expert_time"),
    *pool_urls.urlpatterns,
]
