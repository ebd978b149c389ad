"""The addresses of referring, the catalogue, and what follows a discussion; the case page is scheduling's."""

from django.urls import URLPattern, URLResolver, include, path

from cases.web import aftercare, fhir_files, refer
from cases.web.patients import identities

urlpatterns: list[URLPattern | URLResolver] = [
    path("catalogue/", include("cases.web.catalogue.urls")),
    path("refer/", refer.refer, name="refer"),
    path("refer/answer/", refer.answer, name="refer_answer"),
    path("refer/facts/", refer.facts, name="refer_facts"),
    path("refer/codes/", refer.codes, name="refer_codes"),
    path("refer/import/", fhir_files.fhir_import, name="fhir_import"),
    path("refer/import/<str:public_id>/", fhir_files.fhir_file, name="fhir_file"),
    path("identities/", identities.identities, name="identities"),
    path("identities/<str:public_id>/", identities.held, name="identity_held"),
    path("patients/<str:public_id>/apart/", identities.take_apart, name="patient_apart"),
    path("cases/<str:public_id>/edit/", refer.edit, name="case_edit"),
    path("cases/<str:public_id>/recommendation/", aftercare.recommendation, name="case_recommendation"),
    path("cases/<str:public_id>/recommendation/addendum/", aftercare.addendum, name="case_addendum"),
    path("cases/<str:public_id>/follow-up/", aftercare.follow_up, name="case_follow_up"),
]
