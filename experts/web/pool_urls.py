"""The addresses of the pools' pages that need experts alone; rooms, standing times and loads are scheduling's."""

from django.urls import URLPattern, path

from experts.web import hospitals, on_call, people, teams

urlpatterns: list[URLPattern] = [
    path("people/new/", people.new, name="person_new"),
    path("people/import/", people.import_people, name="people_import"),
    path("people/import/template.<str:kind>", people.template, name="people_template"),
    path("people/<str:public_id>/edit/", people.edit, name="person_edit"),
    path("teams/", teams.team_list, name="teams"),
    path("teams/new/", teams.new, name="team_new"),
    path("teams/<str:public_id>/", teams.team, name="team"),
    path("hospitals/", hospitals.hospital_list, name="hospitals"),
    path("hospitals/<str:public_id>/", hospitals.hospital, name="hospital"),
    path("hospitals/<str:public_id>/people.<str:kind>", people.export, name="people_export"),
    path("on-call/", on_call.duties, name="on_call"),
    path("holidays/", hospitals.days, name="special_days"),
]
