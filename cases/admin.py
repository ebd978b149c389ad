"""Admin pages: the catalogue's rules, and cases without their patients. Identities are seen on a case's page only,
where each look is written down."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.catalogue import answer_text, rulebook, wording
from cases.catalogue.core import grammar
from cases.models import Case, CatalogueRule, MaterialItem, Patient
from cases.states import RuleStatus
from mdt_portal import access
from mdt_portal.admin_parts import ReadOnly, ReadOnlyRows, Recorded
from mdt_portal.errors import DomainError
from mdt_portal.i18n import phrases

EVIDENCE_OF = {"tier": gettext_lazy("tier"), "quorum": gettext_lazy("seats"), "hours": gettext_lazy("response limit")}
TEXTS = ["name_en", "name_zh", "tier", "content", "evidence", "source", "source_url", "note", "review_by", "reason"]


class RuleForm(forms.ModelForm):
    """A draft, held to the same grammar as a catalogue file; each mistake stands at its field with its place."""

    class Meta:
        model = CatalogueRule
        fields = ["key", *TEXTS]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors or not isinstance(data.get("content"), dict):
            if "content" not in self.errors:
                self.add_error("content", _("The rule must be a JSON object."))
            return data
        _rule, mistakes = grammar.read_rule(self.raw(), rulebook.known_words())
        for mistake in mistakes:
            field = mistake.place if mistake.place in self.fields else "content"
            self.add_error(field, ValidationError(f"{mistake.place}: {wording.mistake_text(mistake)}", mistake.code))
        return data

    def raw(self) -> dict[str, Any]:
        """The rule as a catalogue file would hold it."""
        data = self.cleaned_data
        texts = {name: data[name] for name in TEXTS if name not in ("content", "reason")}
        texts["review_by"] = data["review_by"].isoformat() if data["review_by"] else ""
        return {"id": data.get("key") or self.instance.key, **texts, **data["content"]}


@admin.register(CatalogueRule)
class CatalogueRuleAdmin(Recorded):
    """Saving writes the next version as a draft; a version that was published never changes."""

    permission = "catalogue.edit"
    form = RuleForm
    list_display = ["key", "version", "status", "valid_from", "tier", "name_en", "name_zh", "evidence_in_words"]
    list_filter = ["status", "tier", "valid_from"]
    search_fields = ["key", "name_en", "name_zh", "source"]
    readonly_fields = ["version", "status", "valid_from", "changed_by", "changed_at"]
    actions = ["copy_as_draft", "publish_today", "withdraw"]
    save_on_top = True

    def has_change_permission(self, request: HttpRequest, obj: CatalogueRule | None = None) -> bool:
        """Only a draft can be changed; the list keeps its actions."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.status == RuleStatus.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: CatalogueRule | None = None) -> list[str]:
        return [*self.readonly_fields, "key"] if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: CatalogueRule, form: RuleForm, change: bool) -> None:  # type: ignore[override]
        row = rulebook.save_draft(form.raw(), by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
        obj.pk, obj.version, obj.status = row.pk, row.version, row.status

    @admin.display(description=gettext_lazy("evidence"))
    def evidence_in_words(self, rule: CatalogueRule) -> str:
        return phrases.listed(
            phrases.labelled(word, answer_text.EVIDENCE[rule.evidence[what]])
            for what, word in EVIDENCE_OF.items()
            if rule.evidence.get(what) in answer_text.EVIDENCE
        )

    @admin.action(description=gettext_lazy("Make a draft of the next version"))
    def copy_as_draft(self, request: HttpRequest, rules: models.QuerySet[CatalogueRule]) -> None:
        self._each(request, rules, lambda rule: rulebook.save_draft(rulebook.raw_of(rule), by=request.user))  # type: ignore[arg-type]

    @admin.action(description=gettext_lazy("Publish the drafts from today"))
    def publish_today(self, request: HttpRequest, rules: models.QuerySet[CatalogueRule]) -> None:
        today, why = rulebook.today(), _("Published on the administration page")
        self._each(
            request,
            rules,
            lambda rule: rulebook.publish(rule, by=request.user, valid_from=today, reason=why),  # type: ignore[arg-type]
        )

    @admin.action(description=gettext_lazy("Withdraw the versions"))
    def withdraw(self, request: HttpRequest, rules: models.QuerySet[CatalogueRule]) -> None:
        why = _("Withdrawn on the administration page")
        self._each(request, rules, lambda rule: rulebook.withdraw(rule, by=request.user, reason=why))  # type: ignore[arg-type]

    def _each(self, request: HttpRequest, rules: models.QuerySet[CatalogueRule], service: Any) -> None:
        access.require(request.user, self.permission)
        done = 0
        for rule in rules:
            try:
                service(rule)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{rule}: {error.message}", messages.ERROR)
        if done:
            self.message_user(request, _("Done: %(number)s.") % {"number": done}, messages.SUCCESS)


class MaterialRows(ReadOnlyRows):
    permission = "records.read"
    model = MaterialItem
    fields = ["code", "status", "origin", "changed_at"]


@admin.register(Case)
class CaseAdmin(ReadOnly):
    permission = "records.read"
    list_display = ["number", "institution", "team", "code", "tier", "urgency", "status", "submitted_at", "due_at"]
    list_select_related = ["institution", "team"]
    list_filter = ["status", "tier", "urgency", "institution", "team__disease_group"]
    search_fields = ["number", "code"]
    date_hierarchy = "submitted_at"
    inlines = [MaterialRows]
    exclude = ["question", "diagnosis", "code_raw", "code_system"]


@admin.register(Patient)
class PatientAdmin(ReadOnly):
    """The pseudonym only: neither name nor numbers of other systems."""

    permission = "records.read"
    list_display = ["__str__", "institution", "sex", "birth_year"]
    list_select_related = ["institution"]
    list_filter = ["institution", "sex"]
    search_fields = ["=id"]
