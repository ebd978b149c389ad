"""The reference data files load, and load again without a change."""

import pytest
from django.core.management import call_command

from experts import reference
from experts.models import Discipline, DiseaseGroup, Title

pytestmark = pytest.mark.django_db


def rows():
    return [list(model.objects.order_by("pk").values()) for model in (Discipline, Title, DiseaseGroup)]


def test_loading_twice_changes_nothing(capsys):
    call_command("load_reference")
    first = rows()
    call_command("load_reference")
    assert rows() == first
    assert [len(some) for some in first] == [61, 20, 27]
    assert capsys.readouterr().out.splitlines() == ["61 disciplines, 20 titles, 27 disease groups"] * 2


def test_loading_leaves_a_hospital_its_own_words():
    reference.load()
    Discipline.objects.filter(key="RADIOL").update(name_en="X-rays")
    Discipline.objects.create(key="OWN", name_en="Our own", name_zh="自设")
    reference.load()
    assert Discipline.objects.get(key="RADIOL").name_en == "X-rays"
    assert Discipline.objects.filter(key="OWN").exists()


def test_every_disease_group_is_led_by_a_known_discipline():
    reference.load()
    assert set(reference.lead_disciplines().values()) <= set(Discipline.objects.values_list("key", flat=True))
