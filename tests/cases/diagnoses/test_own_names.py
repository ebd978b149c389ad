"""The hospital's own names of codes stand wherever people read what a code is called."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from cases.api.serializers import answer
from cases.catalogue.core.evaluation import Undecided
from cases.diagnoses import code_search, local_names
from cases.diagnoses.core import code_list
from cases.models import Case, diagnosis_names
from experts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
LIST = """code,name_en,name_zh
I63.9,Stroke without bleeding,缺血性卒中
I63.900x001,,左侧大脑中动脉缺血性卒中
K35.8,,急性阑尾炎（本院）
"""


@pytest.fixture(autouse=True)
def own_list() -> None:
    local_names.load(code_list.read(LIST).rows, by=None)


@pytest.mark.parametrize(
    ("code", "raw", "language", "title"),
    [
        ("I63.9", "", "en", "Stroke without bleeding"),
        ("I63.9", "", "zh-hans", "缺血性卒中"),
        ("I63.9", "i63.900X001", "zh-hans", "左侧大脑中动脉缺血性卒中"),
        ("I63.9", "I63.900x001", "en", "Stroke without bleeding"),  # the line has no English name
        ("K35.8", "I63.900x001", "zh-hans", "急性阑尾炎（本院）"),  # another code was chosen since
        ("K35.8", "", "en", "Acute appendicitis, other and unspecified"),
        ("J18.9", "", "zh-hans", "未特指的肺炎"),
        ("XX", "", "en", "XX"),
    ],
)
def test_the_hospitals_name_of_a_code_comes_first(code: str, raw: str, language: str, title: str) -> None:
    with translation.override(language):
        assert Case(number="C-1", code=code, code_raw=raw).title == title
        assert Case(number="C-1", code=code, code_raw=raw, diagnosis="in words").title == "in words"


def test_it_stands_where_diagnoses_are_chosen() -> None:
    found = code_search.named("I63.9")
    assert found is not None
    assert (found.title, found.title_zh) == ("Stroke without bleeding", "缺血性卒中")
    assert code_search.search("I63.9", ())[0].name == "Stroke without bleeding"
    undecided = Undecided(
        missing=("code",), at_least=None, could_be="required", hours=0, disease_group="", children=("I63.9",)
    )
    assert answer(undecided)["choices"] == [{"code": "I63.9", "title": "Stroke without bleeding"}]


def test_a_renamed_line_counts_at_once() -> None:
    assert diagnosis_names.title("K35.8", language="zh-hans") == "急性阑尾炎（本院）"
    local_names.load(code_list.read(LIST.replace("（本院）", "")).rows, by=None)
    assert diagnosis_names.title("K35.8", language="zh-hans") == "急性阑尾炎"


def test_pages_ask_for_the_list_once(client: Client, django_assert_max_num_queries: Any) -> None:
    hospital = factories.institution()
    team = factories.team(at=hospital)
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    diagnosis_names.own_names()
    counts = []
    for more in (1, 12):
        for _number in range(more):
            factories.case_waiting(team=team, code="I63.9", diagnosis="")
        with django_assert_max_num_queries(500) as asked:
            assert "Stroke without bleeding" in client.get("/queue/").content.decode()
        counts.append(sum("cases_diagnosisname" in one["sql"] for one in asked.captured_queries))
    assert counts == [1, 1]
    assert "Stroke without bleeding" in client.get(f"/cases/{Case.objects.first().public_id}/").content.decode()  # type: ignore[union-attr]
