"""The command `load_catalogue` and the rulebook behind it."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cases.catalogue import rulebook
from cases.catalogue.core import evaluation, vocabulary
from cases.models import CatalogueRule
from cases.states import RuleStatus
from mdt_portal.errors import RuleError
from mdt_portal.models import StatusEvent

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)


def shipped() -> dict[str, Any]:
    return json.loads(vocabulary.CATALOGUE_FILE.read_text())


def load(path: Path | str, *options: str) -> str:
    out = io.StringIO()
    why = "--without-approval=Tests begin so"
    call_command("load_catalogue", str(path), *options, why, stdout=out, stderr=out)
    return out.getvalue()


def write(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "rules.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
    return path


def test_the_shipped_catalogue_is_loaded_published_and_counts_from_its_day() -> None:
    assert "95 new rules, 0 changed, 0 unchanged; 95 published." in load(
        vocabulary.CATALOGUE_FILE, f"--publish-from={DAY}"
    )
    assert len(rulebook.in_force(DAY)) == 95
    assert rulebook.in_force(date(2026, 10, 31)) == ()
    row = CatalogueRule.objects.get(key="LUNG-3B")
    assert (row.version, row.status, row.valid_from, row.evidence["tier"]) == (1, "published", DAY, "brief")
    assert row.source == "肺癌多学科团队诊疗中国专家共识 (中华肿瘤杂志 2020)"


def test_the_command_line_does_not_go_around_the_second_person_silently() -> None:
    with pytest.raises(CommandError, match=r"A second person must approve .* --without-approval"):
        call_command("load_catalogue", str(vocabulary.CATALOGUE_FILE), f"--publish-from={DAY}")
    assert CatalogueRule.objects.count() == 0
    load(vocabulary.CATALOGUE_FILE, f"--publish-from={DAY}")
    events = {one.subject_id: one.params for one in StatusEvent.objects.filter(code="rule.published")}
    told = {row.tier: events[row.pk].get("unapproved", "") for row in CatalogueRule.objects.all()}
    assert told == {"required": "Tests begin so", "suggested": "", "none": ""}


def test_loading_twice_changes_nothing() -> None:
    load(vocabulary.CATALOGUE_FILE, f"--publish-from={DAY}")
    assert "0 new rules, 0 changed, 95 unchanged; 0 published." in load(
        vocabulary.CATALOGUE_FILE, f"--publish-from={DAY}"
    )
    assert CatalogueRule.objects.count() == 95


def test_without_a_day_the_rules_are_drafts_that_do_not_count_until_published() -> None:
    load(vocabulary.CATALOGUE_FILE)
    assert rulebook.in_force(date(2100, 1, 1)) == ()
    assert "0 new rules, 0 changed, 95 unchanged; 95 published." in load(
        vocabulary.CATALOGUE_FILE, f"--publish-from={DAY}"
    )
    assert CatalogueRule.objects.count() == 95


def test_a_changed_rule_becomes_the_next_version_and_the_old_one_counts_until_its_day(tmp_path: Path) -> None:
    load(vocabulary.CATALOGUE_FILE, f"--publish-from={DAY}")
    content = shipped()
    rule = next(rule for rule in content["rules"] if rule["id"] == "RECTAL")
    rule["minutes"] = 25
    assert "0 new rules, 1 changed, 94 unchanged; 1 published." in load(
        write(tmp_path, content), "--publish-from=2027-01-01", "--reason=longer"
    )
    facts = evaluation.Facts(code="C20", stage="I", age=50, comorbidities=0)

    def answer(on: date) -> tuple[int, tuple[tuple[str, int], ...]]:
        found = evaluation.evaluate(facts, rulebook.in_force(on))
        assert isinstance(found, evaluation.Requirement)
        return found.minutes, found.rules

    assert answer(date(2026, 12, 31)) == (15, (("RECTAL", 1),))
    assert answer(date(2027, 1, 1)) == (25, (("RECTAL", 2),))
    assert CatalogueRule.objects.get(key="RECTAL", version=2).reason == "longer"


def test_a_file_without_groups_and_materials_keeps_what_the_rules_had(tmp_path: Path) -> None:
    load(vocabulary.CATALOGUE_FILE, f"--publish-from={DAY}")
    content = shipped()
    for rule in content["rules"]:
        del rule["disease_group"], rule["materials"]
    assert "95 unchanged" in load(write(tmp_path, content))


def test_a_new_version_may_not_start_before_one_that_is_published_later(tmp_path: Path) -> None:
    load(vocabulary.CATALOGUE_FILE, "--publish-from=2027-01-01")
    content = shipped()
    content["rules"][0]["minutes"] = 30
    with pytest.raises(CommandError, match="ONC-STAGE4 v2 would never count"):
        load(write(tmp_path, content), f"--publish-from={DAY}")
    assert CatalogueRule.objects.filter(key="ONC-STAGE4").count() == 1


def test_every_mistake_is_named_with_its_place_and_nothing_is_written(tmp_path: Path) -> None:
    content = shipped()
    content["rules"][12]["required"][1]["discipline"] = "RADIOLOGY"
    content["rules"][12]["minutes"] = 45
    content["rules"][3]["icd10"].append("C99.9")
    content["rules"][5]["colour"] = "red"
    with pytest.raises(CommandError) as caught:
        load(write(tmp_path, content), f"--publish-from={DAY}")
    text = str(caught.value)
    assert "LUNG-NODULE rules[12].required[1].discipline: there is no discipline “RADIOLOGY”" in text
    assert "LUNG-NODULE rules[12].minutes: 45 lies outside 1 to 30" in text
    assert "ONC-PREG rules[3].icd10[1]: “C99.9” is not a code of WHO ICD-10" in text
    assert "ONC-CUP rules[5].colour: is not a known key" in text
    assert "4 mistakes; nothing was written." in text
    assert CatalogueRule.objects.count() == 0


def test_a_file_that_is_not_json_is_refused_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"not JSON: .* at line 2, column 11"):
        load(write(tmp_path, '{\n "rules": nope}'))
    with pytest.raises(CommandError, match="No such file"):
        load(tmp_path / "absent.json")


def test_the_mistakes_are_said_in_chinese_too(tmp_path: Path) -> None:
    from django.utils import translation

    content = shipped()
    content["rules"][0]["minutes"] = 31
    with translation.override("zh-hans"), pytest.raises(CommandError, match=r"rules\[0\].minutes"):
        load(write(tmp_path, content))


def test_a_draft_is_saved_published_withdrawn() -> None:
    load(vocabulary.CATALOGUE_FILE, f"--publish-from={DAY}")
    raw = rulebook.raw_of(CatalogueRule.objects.get(key="HTN"))
    draft = rulebook.save_draft(
        raw | {"tier": "suggested", "minutes": 5, "hours": {"emergency": 1, "urgent": 2, "routine": 3}}, by=None
    )
    again = rulebook.save_draft(raw | {"note": "again"}, by=None)
    draft.refresh_from_db()
    assert (draft.version, draft.status, again.version) == (2, RuleStatus.WITHDRAWN, 3)
    rulebook.publish(again, by=None, valid_from=date(2026, 12, 1))
    assert next(rule.version for rule in rulebook.in_force(date(2026, 12, 1)) if rule.key == "HTN") == 3
    rulebook.withdraw(again, by=None, reason="wrong")
    assert next(rule.version for rule in rulebook.in_force(date(2026, 12, 1)) if rule.key == "HTN") == 1
    with pytest.raises(RuleError) as caught:
        rulebook.save_draft(raw | {"minutes": 99}, by=None)
    assert list(caught.value.fields) == ["minutes"]
