"""The addresses of the pools' pages that know about planning. A person's address leaves room for `people/new/`."""

from django.urls import URLPattern, path, re_path

from scheduling.web.pools import blocks, departures, impact, people, rooms, week_templates

urlpatterns: list[URLPattern] = [
    path("people/", people.people, name="people"),
    re_path(r"^people/(?P<public_id>[A-Za-z0-9_-]{16})/$", people.person, name="person"),
    path("people/<str:public_id>/leaves/<str:hospital>/", departures.leave, name="person_leaves"),
    path("hits/<str:what>/<str:public_id>/", impact.hits, name="hits"),
    path("rooms/", rooms.room_list, name="rooms"),
    path("rooms/new/", rooms.new, name="room_new"),
    path("rooms/<str:public_id>/", rooms.room, name="room"),
    path("closures/<str:public_id>/reopen/", rooms.reopen, name="room_reopen"),
    path("weeks/", week_templates.template_list, name="week_templates"),
    path("weeks/new/", week_templates.new, name="week_template_new"),
    path("weeks/<str:public_id>/", week_templates.edit, name="week_template"),
    path("weeks/<str:public_id>/give/", week_templates.give, name="week_template_give"),
    path("standing/", blocks.block_list, name="blocks"),
    path("standing/new/", blocks.new, name="block_new"),
    path("standing/dates/", blocks.dates, name="block_dates"),
    path("standing/<str:public_id>/", blocks.block, name="block"),
    path("standing/<str:public_id>/end/", blocks.end, name="block_end"),
]
