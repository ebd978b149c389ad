"""The addresses of a case. The case page itself also shows its place in the plan, so it stands in scheduling."""

from django.urls import URLPattern, URLResolver, include, path

from cases.web import aftercare, case_actions, refer

urlpatterns: list[URLPattern | URLResolver] = [
    path("catalogue/", include("cases.web.catalogue.urls")),
    path("refer/", refer.refer, name="refer"),
    path("refer/answer/", refer.answer, name="refer_answer"),
    path("refer/facts/", refer.facts, name="refer_facts"),
    path("refer/codes/", refer.codes, name="refer_codes"),
    path("cases/<str:public_id>/edit/", refer.edit, name="case_edit"),
    path("cases/<str:public_id>/submit/", case_actions.submit, name="case_submit"),
    path("cases/<str:public_id>/evaluate/", case_actions.reevaluate, name="case_evaluate"),
    path("cases/<str:public_id>/tier/", case_actions.override, name="case_override"),
    path("cases/<str:public_id>/team/", case_actions.team, name="case_team"),
    path("cases/<str:public_id>/patient/", case_actions.identity, name="case_identity"),
    path("cases/<str:public_id>/recommendation/", aftercare.recommendation, name="case_recommendation"),
    path("cases/<str:public_id>/look/", aftercare.look, name="case_look"),
    path("cases/<str:public_id>/materials/", case_actions.all_materials, name="case_materials"),
    path("cases/<str:public_id>/materials/<int:item>/", case_actions.material, name="case_material"),
]
