"""Tags and filters of the portal: icons, times by the hospital's clock, names in the reader's language, form fields.

    {% load portal %}
    {% icon "clock" %}  {% icon "video" label=_("Remote") %}  {% icon "mark" css="icon-lg" %}
    {% countdown case.due_at %}
    {% hospital_time at %}  {% hospital_date at %}  {% hospital_when at %}  {% time_range start end %}
    {{ 78|minutes }}  {{ expert|name }}  {{ expert|plain_name }}  {{ expert|initials }}  {{ percent|bar_class }}
    {{ names|listed }}  {{ sheet|read_as }}  {{ sheet|rare_cells }}
    {% crumbs _("Queue") queue_url case.number %}  {% field form.stage %}

and one tag for each part: tier, pill, countdown, waiting, note, person, seats, diff_row, empty, figures, steps,
session_card, work_row, pagination, progress_chart; of lists (tables.lists) headings, sorts, list_files. What a part
takes stands at the top of its partial; /styleguide/ shows each in every state. Query strings: Django's own
{% querystring page=2 %}.
"""

from __future__ import annotations

from django import template

from mdt_portal.tags import frame, names, parts, tables, times

register = template.Library()
for theme in (frame, names, parts, tables, times):
    register.tags |= theme.register.tags
    register.filters |= theme.register.filters
