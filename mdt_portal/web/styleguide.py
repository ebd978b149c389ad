"""The style guide: every part in every state, in both languages. For developers only (DEBUG)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override, pgettext

from mdt_portal.tables.lists import Column, Listing

PARTS = (
    "tier",
    "pill",
    "countdown",
    "person",
    "note",
    "buttons",
    "seats",
    "figures",
    "work_row",
    "session_card",
    "slots",
    "diff_row",
    "steps",
    "field",
    "empty",
    "headings",
    "pagination",
    "bars",
    "progress_chart",
)
WIDE = {"figures", "work_row", "diff_row", "seats", "steps"}
LANGUAGES = ("en", "zh-hans")
HEAD_COMMENT = re.compile(r"{% comment %}\n(.*?)\n{% endcomment %}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hue:
    hue: str
    label: str


SAMPLE_LIST = Listing(
    name="sample",
    default="due_at",
    columns=(
        Column(key="due_at", label=gettext_lazy("Limit"), order=("due_at",)),
        Column(key="team", label=gettext_lazy("Team"), order=("team",)),
        Column(key="held_back", label=gettext_lazy("What keeps it back")),
    ),
)
LIN = Person(name_en="Lin Shuyi", name_zh="林舒怡")
LUO = Person(name_en="Luo Zhiheng", name_zh="骆知衡")
WEI = Person(name_en="Wei Anlan", name_zh="韦安澜")
PEI = Person(name_en="", name_zh="裴耘")  # known in one language only


class SampleForm(forms.Form):
    """One field of each kind, some of them wrong."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["diagnosis"] = forms.CharField(
            label=_("Name or ICD-10 code"), help_text=_("Search in Chinese, English or by code.")
        )
        stages = [(stage, stage) for stage in ("I", "II", "IIIA", "IIIB", "IV")]
        self.fields["stage"] = forms.ChoiceField(
            label=_("Stage"), choices=stages, widget=forms.RadioSelect, required=False
        )
        self.fields["sex"] = forms.ChoiceField(label=_("Sex"), choices=[("f", _("Female")), ("m", _("Male"))])
        self.fields["age"] = forms.IntegerField(label=_("Age"), min_value=0, max_value=120)
        self.fields["question"] = forms.CharField(
            label=_("Question to the team"), widget=forms.Textarea(attrs={"rows": 3})
        )
        self.fields["relapse"] = forms.BooleanField(label=_("Recurrence"), required=False)
        self.fields["remote"] = forms.MultipleChoiceField(
            label=_("Equipment"),
            required=False,
            choices=[("video", _("Video")), ("display", _("Display"))],
            widget=forms.CheckboxSelectMultiple,
        )


def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    samples = {}
    for language in LANGUAGES:
        with override(language):
            samples[language] = _samples(language, request)
    parts = [{"key": key, "sample": f"styleguide/_{key}.html", "wide": key in WIDE, "doc": _doc(key)} for key in PARTS]
    return render(request, "styleguide.html", {"parts": parts, "samples": samples, "nav": "styleguide"})


def _doc(key: str) -> str:
    """What the partial says about itself at its top; parts that are markup only have none."""
    path = f"partials/_{key}.html"
    if key in ("buttons", "slots", "bars"):
        path = f"styleguide/_{key}.html"
    source = (settings.BASE_DIR / "templates" / path).read_text(encoding="utf-8")
    found = HEAD_COMMENT.search(source)
    return found[1] if found else ""


def _samples(language: str, request: HttpRequest) -> dict[str, Any]:
    """Everything that the sample templates need, in the active language."""
    now = timezone.now()
    # The two columns stand in one document: their ids must differ.
    answers = {"diagnosis": "C34.1", "stage": "IIIB", "age": "140", "sex": "f"}
    form = SampleForm(
        {f"{language}-{key}": value for key, value in answers.items()}, auto_id=f"{language}_%s", prefix=language
    )
    return {
        "language": language,
        "lin": LIN,
        "luo": LUO,
        "wei": WEI,
        "pei": PEI,
        "hues": [
            Hue(hue="waiting", label=_("Waiting")),
            Hue(hue="planned", label=_("Planned")),
            Hue(hue="confirmed", label=_("Confirmed")),
            Hue(hue="pending", label=_("No answer yet")),
            Hue(hue="declined", label=_("Declined")),
            Hue(hue="late", label=_("Late")),
        ],
        "far": now + timedelta(days=2, hours=1, minutes=5),
        "near": now + timedelta(hours=5, minutes=18, seconds=30),
        "over": now - timedelta(minutes=40, seconds=30),
        "since": now - timedelta(minutes=47),
        "start": now.replace(minute=30, second=0),
        "end": now.replace(minute=30, second=0) + timedelta(minutes=80),
        "seats": [
            {
                "discipline": _("Thoracic surgery"),
                "wants": _("associate chief or above"),
                "expert": LIN,
                "second": _("Chief physician"),
                "status": Hue(hue="confirmed", label=_("Accepted")),
            },
            {
                "discipline": _("Pathology"),
                "wants": _("attending or above"),
                "expert": PEI,
                "remote": True,
                "status": Hue(hue="pending", label=_("No answer yet")),
            },
            {
                "discipline": _("Radiology"),
                "wants": _("associate chief or above"),
                "expert": None,
                "was": WEI,
                "note": _("declined; two people are free"),
                "url": "#",
                "action": _("Choose deputy"),
            },
        ],
        "figures": [
            {"label": _("Waiting cases"), "value": 86, "note": _("31 required, 55 suggested")},
            {
                "label": _("Over their limit"),
                "value": 2,
                "hue": "declined",
                "icon": "trenddown",
                "note": _("5 yesterday"),
            },
            {"label": _("Sessions this week"), "value": 21, "note": _("13 with quorum")},
            {
                "label": _("Median wait"),
                "value": 19,
                "unit": pgettext("time span", "h"),
                "note": _("goal 24 h or less"),
            },
        ],
        "steps": [
            {"label": _("Referred"), "state": "done"},
            {"label": _("Evaluated"), "state": "done"},
            {"label": _("Waiting for a place"), "state": "now"},
            {"label": _("Confirmed"), "state": "open"},
            {"label": _("Discussed"), "state": "open"},
        ],
        "form": form,
        "page": Paginator(range(86), 20).page(2),
        "listing": SAMPLE_LIST.of(request),
        "best": [(5, 1912), (10, 1760), (16, 1630), (27, 1520), (39, 1430), (57, 1350), (75, 1310), (90, 1284)],
        "bound": [(5, 1130), (15, 1170), (29, 1200), (48, 1225), (66, 1245), (84, 1257)],
    }
