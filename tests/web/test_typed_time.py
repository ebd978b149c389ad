"""Days and times as people type them, and as fields show them; both languages."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from mdt_portal.i18n import typed_time
from mdt_portal.web.time_fields import DayField, HourField, MomentField

BASE = Path(settings.BASE_DIR)
DAY = date(2026, 11, 24)


class SampleForm(forms.Form):
    day = DayField()
    hour = HourField()
    moment = MomentField(required=False)


@pytest.mark.parametrize(
    "text",
    ["2026-11-24", "2026/11/24", "2026.11.24", "20261124", "2026年11月24日", "２０２６－１１－２４", " 24 Nov 2026 ",
     "24 november 2026", "24-Nov-2026", "Nov 24, 2026", "24th Nov 2026", "24/11/2026", "11/24/2026", "24.11.2026"],
)  # fmt: skip
def test_a_day_is_read_however_people_write_it(text: str) -> None:
    assert typed_time.read_day(text) == DAY


@pytest.mark.parametrize(
    "text",
    ["", "3/4/2026", "31 Feb 2026", "2026-13-01", "24 Nov", "24 Nov 26", "tomorrow", "2026-11-24 14:00"],
)
def test_what_is_no_day_or_two_days_is_not_guessed(text: str) -> None:
    assert typed_time.read_day(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [("14:30", time(14, 30)), ("14：30", time(14, 30)), ("1430", time(14, 30)), ("9:05", time(9, 5)),
     ("905", time(9, 5)), ("2:30 pm", time(14, 30)), ("12 am", time(0)),
     ("12:15 PM", time(12, 15)), ("下午2点30分", time(14, 30)),
     ("8时", time(8)), ("14.30", time(14, 30)), ("00:00", time(0)), ("23:59:00", time(23, 59))],
)  # fmt: skip
def test_a_time_is_read_by_a_clock_of_24_hours(text: str, meant: time) -> None:
    assert typed_time.read_hour(text) == meant


@pytest.mark.parametrize("text", ["", "24:00", "14", "14:60", "13 pm", "0:30 pm", "half past two"])
def test_what_is_no_time_is_refused(text: str) -> None:
    assert typed_time.read_hour(text) is None


@given(st.dates(min_value=date(1000, 1, 1)), st.times(), st.sampled_from(["en", "zh-hans"]))
def test_what_a_field_shows_is_read_back(day: date, hour: time, language: str) -> None:
    with translation.override(language):
        whole = datetime.combine(day, hour).replace(second=0, microsecond=0)
        assert typed_time.read_day(typed_time.write_day(day)) == day
        assert typed_time.read_moment(typed_time.write_moment(whole)) == whole


@given(st.text(max_size=30))
def test_no_text_is_too_strange(text: str) -> None:
    typed_time.read_day(text)
    typed_time.read_hour(text)
    typed_time.read_moment(text)


@pytest.mark.parametrize(
    ("language", "day", "moment", "says"),
    [("en", "24 Nov 2026", "24 Nov 2026 14:30", "Write the day like 24 Nov 2026."),
     ("zh-hans", "2026-11-24", "2026-11-24 14:30", "日期请按 2026-11-24 的格式填写。")],
)  # fmt: skip
def test_fields_show_the_pages_language_and_the_hospitals_clock(
    language: str, day: str, moment: str, says: str
) -> None:
    with translation.override(language), timezone.override("Asia/Shanghai"):
        at = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
        page = str(SampleForm(initial={"day": DAY, "hour": time(14, 30), "moment": at}))
        assert f'value="{day}"' in page and f'value="{moment}"' in page and 'value="14:30"' in page
        assert 'type="date"' not in page and 'type="time"' not in page
        form = SampleForm({"day": day, "hour": "14：30", "moment": moment})
        assert form.is_valid() and form.cleaned_data == {"day": DAY, "hour": time(14, 30), "moment": at}
        wrong = SampleForm({"day": "3/4/2026", "hour": "25:00"})
        assert wrong.errors["day"] == [says]
        assert 'value="3/4/2026"' in str(wrong)  # what was typed stays


def test_no_form_leaves_days_and_times_to_the_browser() -> None:
    native = re.compile(r"""type["']?\s*[:=]\s*["'](date|time|datetime-local|week)["']|\b(Date|Time|DateTime)Input\(""")
    sources = [path for app in ("mdt_portal", "experts", "cases", "scheduling") for path in (BASE / app).rglob("*.py")]
    found = [path.name for path in (*sources, *(BASE / "templates").rglob("*.html")) if native.search(path.read_text())]
    assert found == []
