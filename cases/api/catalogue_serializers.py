"""What the API reads and shows of the catalogue's rules, drafts, previews and files."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cases.api import serializers as cases
from cases.catalogue import rule_list
from cases.models import ApprovalDecision, CareLevel, CatalogueRule, Tier
from cases.states import RuleStatus
from mdt_portal import api


class RuleSerializer(serializers.Serializer):
    """One version of one rule. `state` says where it stands today, by the clock of the reader's hospital."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(RuleStatus.choices)
    state = serializers.SerializerMethodField()
    valid_from = serializers.DateField(allow_null=True)
    name = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    tier = serializers.ChoiceField(Tier.choices)
    icd10 = serializers.ListField(child=serializers.CharField(), source="content.icd10")
    condition = serializers.DictField(source="content.condition")
    seats = cases.SeatNeedSerializer(many=True, source="content.required")
    optional = serializers.ListField(child=serializers.CharField(), source="content.optional")
    minutes = serializers.IntegerField(source="content.minutes")
    hours = serializers.DictField(child=serializers.IntegerField(), source="content.hours", allow_null=True)
    care_level = serializers.ChoiceField(CareLevel.choices, source="content.care_level")
    disease_group = serializers.CharField(source="content.disease_group")
    materials = serializers.ListField(child=serializers.CharField(), source="content.materials")
    source = serializers.CharField()  # type: ignore[assignment]
    source_url = serializers.CharField()
    evidence = serializers.DictField()
    note = serializers.CharField()
    review_by = serializers.DateField(allow_null=True, help_text="When somebody should look whether it still holds.")

    def get_state(self, row: CatalogueRule) -> str:
        """in_force, future, draft, replaced, withdrawn"""
        return str(self.context["states"].get(row.pk, row.status))


class RuleEventSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    by = serializers.StringRelatedField(allow_null=True)
    code = serializers.CharField()
    reason = serializers.SerializerMethodField()

    def get_reason(self, event: Any) -> str:
        return str(event.params.get("reason", ""))


class RuleVersionSerializer(serializers.Serializer):
    """One version in the history: who wrote it when and why, and what was done with it."""

    version = serializers.IntegerField(source="row.version")
    state = serializers.ChoiceField([(key, key) for key in rule_list.STATES])
    state_text = serializers.CharField(source="label")
    valid_from = serializers.DateField(source="row.valid_from", allow_null=True)
    written_at = serializers.DateTimeField(source="row.changed_at")
    written_by = serializers.StringRelatedField(source="row.changed_by", allow_null=True)
    reason = serializers.CharField(source="row.reason")
    events = RuleEventSerializer(many=True)


class RuleChangeSerializer(serializers.Serializer):
    """One field that two versions have differently, in words."""

    field = serializers.CharField(source="key")
    label = serializers.CharField()  # type: ignore[assignment]
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class RuleMistakeSerializer(serializers.Serializer):
    line = serializers.IntegerField(help_text="of the file; 0 where there is none")
    rule = serializers.CharField(allow_blank=True)
    place = serializers.CharField(allow_blank=True)
    text = serializers.CharField()


class RuleGivenSerializer(serializers.Serializer):
    rule = serializers.DictField(help_text="The rule as a catalogue file (JSON) holds it.")


class RuleDraftSerializer(RuleGivenSerializer):
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")
    version = serializers.IntegerField(
        min_value=0,
        required=False,
        help_text="The newest version that you saw, 0 for a new rule; else 409.",
    )


class RuleCheckedSerializer(serializers.Serializer):
    fine = serializers.BooleanField()
    mistakes = RuleMistakeSerializer(many=True)
    sentence = serializers.CharField(allow_blank=True, help_text="The rule as somebody would say it.")


class RuleClauseSerializer(serializers.Serializer):
    text = serializers.CharField()
    holds = serializers.BooleanField(allow_null=True, help_text="null: a fact is missing")


class RuleTriedSerializer(serializers.Serializer):
    key = serializers.CharField(source="rule.key")
    version = serializers.IntegerField(source="rule.version")
    tier = serializers.ChoiceField(Tier.choices, source="rule.tier")
    applies = serializers.BooleanField(allow_null=True, help_text="null: a fact is missing")
    by_metastasis = serializers.BooleanField()
    clauses = RuleClauseSerializer(many=True)


class RuleTestSerializer(serializers.Serializer):
    answer = cases.AnswerSerializer()
    tried = RuleTriedSerializer(many=True)


class RuleTesterSerializer(serializers.Serializer):
    in_force = RuleTestSerializer()
    with_drafts = RuleTestSerializer(allow_null=True)


class WhichDraftsSerializer(serializers.Serializer):
    drafts = serializers.ListField(
        child=serializers.CharField(max_length=24), required=False, help_text="Keys; all drafts if left out."
    )
    valid_from = serializers.DateField(required=False, help_text="today if left out")


class TierMoveSerializer(serializers.Serializer):
    before = serializers.CharField()
    after = serializers.CharField()
    waiting = serializers.IntegerField()
    recent = serializers.IntegerField()


class DisciplineLoadSerializer(serializers.Serializer):
    """What the recent cases ask of a discipline in a week."""

    discipline = serializers.CharField()
    minutes_before = serializers.FloatField()
    minutes_after = serializers.FloatField()
    seats_before = serializers.FloatField()
    seats_after = serializers.FloatField()


class NamedCaseSerializer(serializers.Serializer):
    number = serializers.CharField(source="case.number")
    code = serializers.CharField(source="case.code")
    before = serializers.CharField()
    after = serializers.CharField()


class CataloguePreviewSerializer(serializers.Serializer):
    """Tiers are `required`, `suggested`, `none` or `undecided`. `recent` are the cases of the last 90 days."""

    on = serializers.DateField()
    waiting = serializers.IntegerField()
    recent = serializers.IntegerField()
    moves = TierMoveSerializer(many=True)
    otherwise = serializers.IntegerField(help_text="same tier, but other seats, minutes or limits")
    by_hand = serializers.IntegerField(help_text="their tier was set by hand and stays")
    loads = DisciplineLoadSerializer(many=True)
    named = NamedCaseSerializer(many=True, help_text="waiting cases that change tier, at most 50, of your hospitals")


class RuleDraftNameSerializer(serializers.Serializer):
    key = serializers.CharField(max_length=24)
    version = serializers.IntegerField(min_value=1)


@api.example(
    {"drafts": [{"key": "LUNG-3B", "version": 2}], "valid_from": "2027-01-01", "reason": "Guideline of the year"}
)
class RulePublishSerializer(serializers.Serializer):
    drafts = RuleDraftNameSerializer(many=True, allow_empty=False)
    valid_from = serializers.DateField()
    reason = serializers.CharField(max_length=200)


class RuleApprovalSerializer(serializers.Serializer):
    """Drafts that are to be published together; `decision` is empty while a second person has not decided."""

    id = serializers.CharField(source="public_id")
    drafts = RuleDraftNameSerializer(many=True, source="rules.all")
    valid_from = serializers.DateField()
    reason = serializers.CharField()
    requested_by = serializers.StringRelatedField()
    requested_at = serializers.DateTimeField()
    decision = serializers.ChoiceField(ApprovalDecision.choices, allow_blank=True)
    decided_by = serializers.StringRelatedField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(help_text="Why it was sent back; may be empty.")


@api.example({"reason": "The new guideline begins at stage IIIA, not at II"})
class RuleSendBackSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200, help_text="Who asked reads it.")


@api.example({"note": "Compared with the guideline of 2026: unchanged", "review_by": "2027-12-01"})
class RuleReviewSerializer(serializers.Serializer):
    """The version in force was looked at and stays as it is."""

    note = serializers.CharField(max_length=200)
    review_by = serializers.DateField(help_text="When the next look is due: after today, within ten years.")


class RuleReviewedSerializer(serializers.Serializer):
    version = serializers.IntegerField(source="rule.version")
    at = serializers.DateTimeField()
    by = serializers.StringRelatedField()
    note = serializers.CharField()
    review_by = serializers.DateField(source="next_by")


class RuleWithdrawSerializer(serializers.Serializer):
    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=200)


class RuleFileSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=2_000_000, trim_whitespace=False, help_text="CSV or JSON")
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")
    confirm = serializers.BooleanField(default=False, help_text="false: a dry run; true: write drafts")


class RulePlannedSerializer(serializers.Serializer):
    key = serializers.CharField()
    changes = RuleChangeSerializer(many=True)


class RuleImportedSerializer(serializers.Serializer):
    """What a file would change, or did change; nothing is written while there are mistakes."""

    written = serializers.BooleanField()
    mistakes = RuleMistakeSerializer(many=True)
    hints = RuleMistakeSerializer(many=True)
    new = RulePlannedSerializer(many=True)
    changed = RulePlannedSerializer(many=True)
    unchanged = serializers.IntegerField()
