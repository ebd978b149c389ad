"""Times in words, names in two languages, icons, bars, fields: all without a database."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation

from mdt_portal.i18n import clock
from mdt_portal.web import charts

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 24, 1, 42, tzinfo=UTC)  # Tuesday 09:42 in Shanghai


class Person:
    def __init__(self, en: str, zh: str) -> None:
        self.name_en, self.name_zh = en, zh


def render(source: str, language: str = "en", **context: object) -> str:
    with translation.override(language):
        return Template("{% load i18n portal %}" + source).render(
            Context({"now": NOW, "hospital_zone": ZONE, **context})
        )


def words(html: str) -> str:
    """The text of a fragment, white space folded."""
    return " ".join("".join(part.split(">", 1)[-1] for part in html.split("<")).split())


@pytest.mark.parametrize(
    ("minutes", "en", "zh"),
    [
        (0, "0 min", "0 分钟"),
        (40, "40 min", "40 分钟"),
        (60, "1 h", "1 小时"),
        (318, "5 h 18 min", "5 小时 18 分"),
        (24 * 60, "1 day", "1 天"),
        (49 * 60 + 5, "2 days 1 h", "2 天 1 小时"),
    ],
)
def test_span_has_at_most_two_units(minutes: int, en: str, zh: str) -> None:
    with translation.override("en"):
        assert clock.span(minutes) == en
    with translation.override("zh-hans"):
        assert clock.span(minutes) == zh


@pytest.mark.parametrize(
    ("left", "level", "en", "zh"),
    [
        (timedelta(hours=5, minutes=18), "near", "5 h 18 min left by 15:00 today", "剩 5 小时 18 分 今日 15:00 前"),
        (timedelta(days=2, hours=1, minutes=18), "far", "2 days 1 h left by Thu 11:00", "剩 2 天 1 小时 周四 11:00 前"),
        (timedelta(hours=24), "far", "1 day left by Wed 09:42", "剩 1 天 周三 09:42 前"),
        (timedelta(days=9), "far", "9 days left by 3 Dec 09:42", "剩 9 天 12月3日 09:42 前"),
        (timedelta(0), "near", "0 min left by 09:42 today", "剩 0 分钟 今日 09:42 前"),
        (-timedelta(minutes=40), "over", "40 min over limit was 09:02", "已超 40 分钟 时限 09:02"),
        (-timedelta(hours=11), "over", "11 h over limit was 23 Nov 22:42", "已超 11 小时 时限 11月23日 22:42"),
    ],
)
def test_countdown_says_words_then_the_clock(left: timedelta, level: str, en: str, zh: str) -> None:
    html = render("{% countdown due %}", due=NOW + left)
    assert words(html) == en
    assert f'class="countdown countdown-{level}"' in html
    assert words(render("{% countdown due %}", "zh-hans", due=NOW + left)) == zh


def test_countdown_without_a_limit_says_so() -> None:
    assert words(render("{% countdown None %}")) == "no limit"


def test_times_follow_the_hospital_and_not_the_server() -> None:
    at = datetime(2026, 11, 24, 6, 40, tzinfo=UTC)
    assert words(render("{% hospital_time at %}", at=at)) == "14:40"
    assert words(render("{% hospital_time at %}", at=at, hospital_zone="Europe/London")) == "06:40"
    assert words(render("{% hospital_when at %}", at=at)) == "today 14:40"
    assert words(render("{% hospital_date at %}", "zh-hans", at=at)) == "11月24日 周二"
    assert words(render("{% time_range at end %}", at=at, end=at + timedelta(minutes=100))) == "14:40–16:20"
    assert render("{% clock_name %}", "zh-hans") == "本院时间（UTC+8）"


def test_a_date_of_another_year_says_its_year() -> None:
    assert clock.day(date(2027, 1, 4), today=date(2026, 11, 24)) == "Mon 4 Jan 2027"


def test_zone_with_half_an_hour() -> None:
    assert clock.zone_words(datetime(2026, 1, 1, tzinfo=timezone(-timedelta(hours=3, minutes=30)))) == "UTC-3:30"


@pytest.mark.parametrize(
    ("person", "language", "html"),
    [
        (Person("Lin Shuyi", "林舒怡"), "en", "Lin Shuyi"),
        (Person("Lin Shuyi", "林舒怡"), "zh-hans", "林舒怡"),
        (Person("", "裴耘"), "en", '<span lang="zh-Hans">裴耘</span>'),
        (Person("O'Brien", ""), "zh-hans", '<span lang="en">O&#x27;Brien</span>'),
        ("裴耘", "en", '<span lang="zh-Hans">裴耘</span>'),
        (None, "en", ""),
    ],
)
def test_name_is_marked_where_it_is_in_the_other_language(person: object, language: str, html: str) -> None:
    assert render("{{ person|name }}", language, person=person) == html


def test_plain_name_has_no_markup() -> None:
    assert render("{{ person|plain_name }}", person=Person("", "裴耘")) == "裴耘"


@pytest.mark.parametrize(
    ("person", "letters"), [("林舒怡", "林"), ("Lin Shuyi", "LS"), ("He", "H"), ("", "?"), ("--", "?")]
)
def test_initials(person: str, letters: str) -> None:
    assert render("{{ person|initials }}", person=person) == letters


@pytest.mark.parametrize(
    ("percent", "css"),
    [(0, "w-0"), (1, "w-5"), (24, "w-25i"), (52, "w-50i"), (98, "w-100i"), (140, "w-100i"), (-3, "w-0"), (None, "w-0")],
)
def test_bar_class_goes_in_steps_of_five(percent: float | None, css: str) -> None:
    assert render("{{ percent|bar_class }}", percent=percent) == css


def test_icon_speaks_only_with_a_label() -> None:
    assert 'aria-hidden="true"' in render('{% icon "clock" %}')
    assert 'role="img" aria-label="a &quot;b&quot;"' in render('{% icon "video" label=label %}', label='a "b"')


def test_note_refuses_a_level_that_does_not_exist() -> None:
    with pytest.raises(TemplateSyntaxError):
        render('{% note "danger" "…" %}')


def test_a_part_sees_only_what_it_is_given() -> None:
    assert "leak" not in render('{% note "info" "text" %}', detail="leak", title="leak", url="/leak")


def test_pill_takes_hue_and_word_from_the_status() -> None:
    class Status:
        hue, label = "pending", "No answer yet"

    html = render("{% pill status %}", status=Status())
    assert words(html) == "No answer yet"
    assert 'class="pill is-pending"' in html
    assert "#i-st-pending" in html


def test_field_joins_label_help_error_and_control() -> None:
    class Form(forms.Form):
        age = forms.IntegerField(help_text="in years")

    html = render("{% field form.age hx_post='/check' inputmode='numeric' %}", form=Form({"age": "old"}))
    assert 'for="id_age"' in html
    assert 'class="form-control is-invalid"' in html
    assert 'hx-post="/check"' in html
    assert 'aria-describedby="id_age_helptext id_age_error"' in html
    assert 'id="id_age_helptext"' in html
    assert 'id="id_age_error"' in html


def test_radio_field_is_one_labelled_group() -> None:
    class Form(forms.Form):
        stage = forms.ChoiceField(choices=[("I", "I"), ("II", "II")], widget=forms.RadioSelect)

    html = render("{% field form.stage %}", form=Form({"stage": "II"}))
    assert 'role="radiogroup" aria-labelledby="id_stage_label"' in html
    assert html.count(" checked") == 1


def test_progress_chart_steps_down_and_keeps_its_labels_apart() -> None:
    chart = charts.progress([(5, 1900), (30, 1284)], [(5, 1130), (60, 1257)], seconds=96, limit_s=120)
    assert chart.best.startswith("M77.0 ")
    assert [row.label for row in chart.rows] == ["1,000", "1,200", "1,400", "1,600", "1,800", "2,000"]
    assert chart.bound_label_y - chart.best_label_y >= 16


@pytest.mark.parametrize(("best", "bound"), [([], []), ([], [(1, 0.0)]), ([(1, 7)], [(1, 7)])])
def test_progress_chart_draws_what_there_is(best: list[charts.Point], bound: list[charts.Point]) -> None:
    html = render("{% progress_chart best bound seconds=2 limit_s=60 %}", best=best, bound=bound)
    assert ("No plan has been found yet." in html) is not bool(best)
