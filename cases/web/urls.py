"""The addresses of referring, the catalogue, and what follows a discussion; the case page is scheduling's."""

from django.urls import URLPattern, URLResolver, include, path

from cases.web import aftercare, refer

urlpatterns: list[URLPattern | URLResolver] = [
    path("catalogue/", include("cases.web.catalogue.urls")),
    path("refer/", refer.refer, name="refer"),
    path("refer/answer/", refer.answer, name="refer_answer"),
    path("refer/facts/", refer.facts, name="refer_facts"),
    path("refer/codes/", refer.codes, name="refer_codes"),
    path("cases/<str:public_id>/edit/", refer.edit, name="case_edit"),
    path("cases/<str:public_id>/recommendation/", aftercare.recommendation, name="case_recommendation"),
    path("cases/<str:public_id>/follow-up/", aftercare.follow_up, name="case_follow_up"),
]
