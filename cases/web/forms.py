"""Forms of a case. A form asks for the facts that some rule of the catalogue wants to know at the case's code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.catalogue import wording
from cases.catalogue.core import evaluation
from cases.catalogue.core.evaluation import Rule
from cases.core import code_systems, days, rare_diseases, scores, staging
from cases.core.certainty import SUSPECTED
from cases.identity.core import matching
from cases.models import Case, RareClass, Sex, Tier, Urgency
from cases.services import patients
from experts import titles
from experts.models import Discipline, Institution, Team
from mdt_portal.fields import new_public_id
from mdt_portal.i18n import phrases
from mdt_portal.tags.names import plain_name
from mdt_portal.web.time_fields import DayField

STAGES = ("0", "I", "II", "III", "IIIA", "IIIB", "IIIC", "IV")
"""What is offered at every code; the sub-stages that its rules name are added."""

UNKNOWN = pgettext_lazy("fact", "Not known")
NOT_RARE = "no"
RARE_CLASSES = _("A: about 1 in 4,000, with a treatment. C: about 1 in 1,000,000, without one. B: between.")
EQUIPMENT = [("display", _("A display for images")), ("video", _("Video for guests"))]


def want(form: forms.Form, *names: str) -> None:
    """Do not call these fields optional, though they may stay empty: the catalogue or the team wants to know."""
    for name in names:
        if name in form.fields:
            form.fields[name].wanted = True  # type: ignore[attr-defined]


class FactsForm(forms.Form):
    """Diagnosis, the facts that the catalogue asks for at its code, urgency and question."""

    search = forms.CharField(label=_("Name or ICD-10 code"), required=False, max_length=120)
    code = forms.CharField(required=False, max_length=8, widget=forms.HiddenInput)
    diagnosis = forms.CharField(label=_("Diagnosis in words"), required=False, max_length=200)
    urgency = forms.ChoiceField(
        label=_("Urgency"), choices=Urgency.choices[::-1], widget=forms.RadioSelect, initial=Urgency.ROUTINE
    )
    question = forms.CharField(
        label=_("Question to the team"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    remote_ok = forms.BooleanField(label=_("May be discussed by video"), required=False, initial=True)
    equipment = forms.MultipleChoiceField(
        label=_("The room needs"), required=False, choices=EQUIPMENT, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, rules: Sequence[Rule], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["diagnosis"].help_text = _("As it shall stand on the agenda; empty means the code's own title.")
        self.chosen = self._chosen_code()
        self.asked = evaluation.wanted_facts(self.chosen, rules) if self.chosen else ()
        self._add_facts(rules)
        want(self, *self.fact_names, "flags", "question")

    def _chosen_code(self) -> str:
        """The code that was picked, else the one that was typed into the search."""
        source = self.data if self.is_bound else self.initial
        for text in (source.get("code"), source.get("search")):
            if text and (code := code_systems.who_code(str(text))):
                return code
        return ""

    @property
    def code_raw(self) -> str:
        """The code as it was typed (`C34.900x001`), where it is the one that was chosen; else empty."""
        typed = str((self.data if self.is_bound else self.initial).get("search") or "").strip()
        return typed if self.chosen and code_systems.who_code(typed) == self.chosen else ""

    def _add_facts(self, rules: Sequence[Rule]) -> None:
        kinds = {name.partition(":")[0] for name in self.asked}
        if "stage" in kinds:
            stages = [(stage, stage) for stage in self._stages(rules)]
            self.fields["stage"] = forms.ChoiceField(
                label=_("Stage"), choices=[("", UNKNOWN), *stages], widget=forms.RadioSelect, required=False
            )
        for score in self.wanted_of("score"):
            low, high = scores.LIMITS.get(score, (0, None))
            self.fields[f"score_{score}"] = forms.FloatField(
                label=wording.score_text(score), required=False, min_value=low, max_value=high
            )
        if "comorbidities" in kinds:
            self.fields["comorbidities"] = forms.IntegerField(
                label=_("Comorbidities (number)"), required=False, min_value=0, max_value=50
            )
        if "surgery_level" in kinds:
            grades = [(str(grade), str(grade)) for grade in range(1, 5)]
            self.fields["surgery_level"] = forms.ChoiceField(
                label=_("Grade of the planned operation"), choices=[("", _("No operation")), *grades], required=False
            )
        if "rare_class" in kinds:
            self._add_rarity()
        flags = [(flag, wording.flag_text(flag)) for flag in self.wanted_of("flag")]
        if flags:
            self.fields["flags"] = forms.MultipleChoiceField(
                label=_("Findings"), required=False, choices=flags, widget=forms.CheckboxSelectMultiple
            )

    def _add_rarity(self) -> None:
        """The class; where a national list names the code it is set, and another one needs a reason."""
        known = rare_diseases.listed(self.chosen)
        first: list[tuple[str, Any]] = [("", pgettext_lazy("rare disease", "No"))]
        if known:
            automatic = {"class": RareClass(rare_diseases.class_of(self.chosen)).label}
            by_list = _("%(class)s, by the national list of rare diseases") % automatic
            first = [("", by_list), (NOT_RARE, pgettext_lazy("rare disease", "No"))]
        self.fields["rare_class"] = forms.ChoiceField(
            label=_("Rare disease"), choices=[*first, *RareClass.choices], required=False, help_text=self._rare_help()
        )
        if known:
            label = _("Why another class than the list's")
            self.fields["rare_reason"] = forms.CharField(label=label, required=False, max_length=200)

    def _rare_help(self) -> str:
        """What the classes mean, and which diseases of the national lists the code may be beside common ones."""
        said = [str(RARE_CLASSES)]
        if possible := rare_diseases.possible(self.chosen):
            found = {"names": phrases.listed(f"{plain_name(one)} ({one.rare_class})" for one in possible)}
            said.append(_("Rare diseases of the national list at this code, with their class: %(names)s.") % found)
        return phrases.sentences(*said)

    def _stages(self, rules: Sequence[Rule]) -> list[str]:
        limits = {
            stage
            for rule in rules
            if rule.width(self.chosen) is not None
            for stage in (rule.condition.stage_min, rule.condition.stage_max)
            if stage
        }
        known = {*STAGES, *limits, self.initial.get("stage") or "0"}
        return sorted(known, key=lambda stage: staging.STAGES.index(stage) if stage in staging.STAGES else 99)

    def wanted_of(self, kind: str) -> list[str]:
        """`score` gives NIHSS, GCS …: the names of the asked facts of one kind."""
        return [name.partition(":")[2] for name in self.asked if name.startswith(f"{kind}:")]

    @property
    def fact_names(self) -> list[str]:
        """The fields that are there because of the code; the widest first."""
        scores = [f"score_{score}" for score in self.wanted_of("score")]
        names = ["stage", *scores, "comorbidities", "surgery_level", "rare_class", "rare_reason"]
        return [name for name in names if name in self.fields]

    @property
    def fact_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fact_names]

    def clean(self) -> Mapping[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.chosen:
            typed = str(data.get("search") or "").strip()
            said = code_systems.resolve(typed)
            choose = _("Choose a diagnosis from the list, or type its ICD-10 code.")
            self.add_error("search", wording.not_present_text(typed) if said else choose)
        data["code"] = self.chosen
        by_list = rare_diseases.class_of(self.chosen) if self.chosen else ""
        if by_list and data.get("rare_class") not in (None, "", by_list) and not data.get("rare_reason"):
            self.add_error("rare_reason", _("The national list says otherwise; please say why."))
        return data

    def details(self, before: Case | None = None) -> dict[str, Any]:
        """What the services of a case take. Facts that this form did not ask for stay as they were `before`."""
        data = self.cleaned_data
        found: dict[str, Any] = {
            name: data[name] for name in ("diagnosis", "urgency", "question", "remote_ok", "equipment") if name in data
        }
        if "stage" in data:
            found["stage"] = data["stage"]
        if "comorbidities" in data:
            found["comorbidities"] = data["comorbidities"]
        if "rare_class" in data:
            by_list = rare_diseases.class_of(self.chosen)
            chosen = data["rare_class"] or by_list
            found["rare_class"] = "" if chosen == NOT_RARE else chosen
            found["rare_reason"] = data.get("rare_reason", "") if chosen != by_list else ""
        if "surgery_level" in data:
            found["surgery_level"] = int(data["surgery_level"]) if data["surgery_level"] else None
        scores = dict(before.scores) if before else {}
        for score in self.wanted_of("score"):
            value = data.get(f"score_{score}")
            scores = {key: known for key, known in scores.items() if key != score}
            if value is not None:
                scores[score] = value
        kept = set(before.flags) - set(self.wanted_of("flag")) if before else set()
        typed = code_systems.resolve(self.code_raw)
        said = {SUSPECTED} if typed and typed.certainty == SUSPECTED else set()
        return found | {"scores": scores, "flags": sorted(kept | said | set(data.get("flags", [])))}

    @staticmethod
    def initial_of(case: Case) -> dict[str, Any]:
        """The case as this form shows it."""
        names = ("code", "diagnosis", "urgency", "question", "remote_ok", "equipment", "stage", "comorbidities")
        found = {name: getattr(case, name) for name in (*names, "rare_class", "rare_reason", "surgery_level", "flags")}
        if not found["rare_class"] and found["rare_reason"]:
            found["rare_class"] = NOT_RARE
        elif found["rare_class"] == rare_diseases.class_of(case.code):
            found["rare_class"] = ""
        return found | {f"score_{name}": value for name, value in case.scores.items()}


class BirthDateField(DayField):
    """The date of birth, as `days.Given`; where the day is not known, the month or the year of it."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords | {"help_text": _("Where the day is not known, the year or month is enough.")})

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        part = days.read(text, timezone.get_current_timezone()) if text else None
        given = part if part or not text else days.Given(first=super().to_python(text))
        if given and not days.is_birth(given, timezone.localdate()):
            raise forms.ValidationError(_("Nobody was born on this day."))
        return given


def birth(given: days.Given | None) -> dict[str, Any]:
    """What was typed, as the services take it."""
    return {"birth_date": given.known, "birth_year": given.first.year} if given else {}


class ReferralForm(FactsForm):
    """A new case: who the patient is, and all that FactsForm asks."""

    institution = forms.ModelChoiceField(label=_("Referring hospital"), queryset=Institution.objects.none())
    patient_name = forms.CharField(label=_("Name"), max_length=80)
    identifier = forms.CharField(label=_("Record number"), required=False, max_length=60)
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, initial=Sex.UNKNOWN)
    birth_date = BirthDateField(label=_("Date of birth"), required=False)
    token = forms.CharField(max_length=40, widget=forms.HiddenInput)
    separate = forms.BooleanField(
        label=_("All of this is right: this is another person, or the known record is wrong"), required=False
    )
    in_doubt = False
    """Whether the number belongs to a patient whose record differs, so that the form asks."""

    def __init__(self, *args: Any, institutions: Sequence[Institution], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["institution"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Institution.objects.filter(pk__in=[one.pk for one in institutions])
        field.empty_label = None
        if len(institutions) == 1:
            field.widget = forms.HiddenInput()
        if institutions:
            field.initial = institutions[0].pk

    def doubt(self, error: patients.IdentityInDoubt) -> None:
        """Ask about a number that belongs to somebody whose record differs; what was typed stays."""
        self.in_doubt = True
        names = {"name": "patient_name", "identifiers": "identifier"}
        for field, texts in error.fields.items():
            self.add_error(names.get(field, field), texts)

    def identifiers(self) -> list[tuple[str, str]]:
        data = self.cleaned_data
        if not data.get("identifier") or not data.get("institution"):
            return []
        return [(matching.record_system(data["institution"].public_id), data["identifier"])]

    def identity(self) -> dict[str, Any]:
        """What `patients.register` takes."""
        data = self.cleaned_data
        return {
            "name": data["patient_name"],
            "sex": data["sex"],
            **birth(data["birth_date"]),
            "identifiers": self.identifiers(),
            "separate": data["separate"],
        }

    def details(self, before: Case | None = None) -> dict[str, Any]:
        found = super().details(before)
        born = self.cleaned_data.get("birth_date")
        return found | {"age": days.age_of(born, timezone.localdate())} if born else found

    def describes(self, case: Case) -> bool:
        """Whether this is the patient and the diagnosis of the case, as for the second of two clicks."""
        return case.code == self.chosen and patients.is_called(case.patient, self.cleaned_data["patient_name"])

    def renew(self) -> None:
        """A token of its own for what stands in the form now: the old one has made its case."""
        data = self.data.copy()  # type: ignore[attr-defined]  # what was posted is a QueryDict
        data["token"] = new_public_id()
        self.data = data

    def ready_to_submit(self) -> None:
        """What a draft may lack and a referral may not."""
        if not self.cleaned_data.get("question"):
            self.add_error("question", _("Say what the team shall answer."))


class EditForm(FactsForm):
    """The facts of a case that exists. `version` is that of the case when the form was opened."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["age"] = forms.IntegerField(label=_("Age"), required=False, min_value=0, max_value=130)
        want(self, "age")

    @staticmethod
    def initial_of(case: Case) -> dict[str, Any]:
        return FactsForm.initial_of(case) | {"age": case.age, "version": case.version}

    @property
    def fact_names(self) -> list[str]:
        return [*super().fact_names, *(["age"] if "age" in self.fields else [])]

    def details(self, before: Case | None = None) -> dict[str, Any]:
        found = super().details(before)
        return found | {"age": self.cleaned_data["age"]} if "age" in self.cleaned_data else found


class OverrideForm(forms.Form):
    """The tier set by hand, with what the catalogue cannot know where it asks for no discussion."""

    tier = forms.ChoiceField(label=_("Tier"), choices=Tier.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Why does the catalogue not fit?"), widget=forms.Textarea(attrs={"rows": 2}))
    seats = forms.ModelMultipleChoiceField(
        label=_("Disciplines that must come"),
        queryset=Discipline.objects.filter(core=True),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    min_rank = forms.TypedChoiceField(label=_("Lowest title"), coerce=int, initial=3)
    minutes = forms.IntegerField(label=_("Minutes"), required=False, min_value=5, max_value=30)
    hours = forms.IntegerField(label=_("Discussed within (hours)"), required=False, min_value=1, max_value=24 * 60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["min_rank"].choices = list(titles.LOWEST.items())  # type: ignore[attr-defined]
        want(self, "seats", "minutes", "hours")


class TeamForm(forms.Form):
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none())

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """A reason that is kept in the record."""

    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
