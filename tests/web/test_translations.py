"""Every word in Chinese, with the placeholders of the original, and no word outside a translation tag."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.template import Context, Template
from django.utils import translation

from mdt_portal.i18n import translations
from scheduling.solver.rules import SENTENCES


def test_every_message_is_translated() -> None:
    assert [str(problem) for problem in translations.missing()] == []


def test_no_template_speaks_outside_a_translation_tag() -> None:
    assert [str(problem) for problem in translations.bare()] == []


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one template and one module."""
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "TEMPLATES", tmp_path / "templates")
    monkeypatch.setattr(translations, "PACKAGES", ("app",))
    monkeypatch.setattr(translations, "PO", tmp_path / "locale/zh_Hans/LC_MESSAGES/django.po")
    (tmp_path / "templates").mkdir()
    (tmp_path / "app").mkdir()
    return tmp_path


def template(source: Path, text: str) -> None:
    (source / "templates" / "page.html").write_text(text, encoding="utf-8")


def test_gathers_every_form_of_a_message(source: Path) -> None:
    template(
        source,
        """{% load i18n %}
        {% translate "plain" %}{% translate "May" context "month" %}{{ x|default:_("fallback") }}{% tag _("argument") %}
          {% blocktranslate count n=n %}{{ n }} case{% plural %}{{ n }} cases{% endblocktranslate %}
        {% blocktranslate trimmed with a=b %}
          100 % of
          {{ a }}
        {% endblocktranslate %}
        {% comment %}{% translate "not said" %}{% endcomment %}""",
    )
    (source / "app" / "words.py").write_text(
        'A = _("lazy")\nB = pgettext("day", "today")\nC = ngettext("%d a", "%d as", 2)\n', encoding="utf-8"
    )
    found = {(message.context, message.id) for message in translations.gather() if message.id}
    assert found == {
        (None, "plain"),
        ("month", "May"),
        (None, "fallback"),
        (None, "argument"),
        (None, ("%(n)s case", "%(n)s cases")),
        (None, "100 %% of %(a)s"),
        (None, "lazy"),
        ("day", "today"),
        (None, ("%d a", "%d as")),
    }


def test_merge_keeps_what_is_translated_and_drops_what_is_gone(source: Path) -> None:
    template(source, '{% load i18n %}{% translate "old" %}{% translate "gone" %}')
    catalog = translations.merge()
    catalog["old"].string, catalog["gone"].string = "旧", "去"
    translations.write(catalog)
    template(source, '{% load i18n %}{% translate "old" %}{% translate "new" %}')
    translations.merge()
    assert {m.id: m.string for m in translations.load() if m.id} == {"old": "旧", "new": ""}
    assert [(p.place, p.what, p.text) for p in translations.missing()] == [
        ("templates/page.html:1", "not translated", "new")
    ]


@pytest.mark.parametrize(
    ("original", "chinese", "differing"),
    [
        ("%(a)s of %(b)d", "%(b)d 中的 %(a)s", ""),
        ("%(a)s of %(b)d", "%(a)s", "b"),
        ("100 %% of %(a)s", "%(a)s 的 100 %%", ""),
        ("{name} left", "剩余", "name"),
        ("%s left", "剩 %s", ""),
        ("%s left", "剩余", "s"),
    ],
)
def test_placeholders_must_be_the_same(original: str, chinese: str, differing: str) -> None:
    assert translations._differing(Message(original), Message(original, chinese)) == differing


def test_words_outside_a_translation_tag_are_found(source: Path) -> None:
    template(
        source,
        '{% load i18n %}\n<p class="lede">{% translate "said" %} · {{ x }}</p>\n<b>Bare</b>\n'
        '<a title="Spoken" href="/path">5</a>\n{% blocktranslate %}in a block{% endblocktranslate %}<code>code</code>',
    )
    assert [(p.place, p.text) for p in translations.bare()] == [
        ("templates/page.html:3", "Bare"),
        ("templates/page.html:4", "Spoken 5"),
    ]


def test_the_compiled_catalogue_is_what_pages_speak() -> None:
    translations.compile_all()
    page = Template('{% load i18n %}{% translate "Queue" %}')
    with translation.override("zh-hans"):
        assert page.render(Context()) == "待排"


def test_the_solver_sentences_are_gathered() -> None:
    known = {message.id for message in translations.gather()}
    assert set(SENTENCES.values()) <= known


def test_every_column_of_the_admin_pages_has_a_chinese_name() -> None:
    spoken = re.compile(r"[a-z]{3}")  # ICD-10 and SNOMED CT are names
    with translation.override("zh-hans"):
        columns = {
            f"{model.__name__}.{column}": str(label_for_field(column, model, page))
            for model, page in admin.site._registry.items()
            if model._meta.app_label in ("mdt_portal", "experts", "cases", "scheduling")
            for column in page.list_display
        }
        models = {model.__name__: str(model._meta.verbose_name_plural) for model in admin.site._registry}
    assert {name: words for name, words in columns.items() if spoken.search(words)} == {}
    assert models["StatusEvent"] == "状态记录"


def test_the_words_of_the_framework_stay_where_ours_mean_something_else() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("Change") == "修改"
