"""The forms after a discussion: what the team recommends, and whether it was carried out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.models import FollowUpOutcome
from cases.services import aftercare
from cases.web.forms import want
from experts.web.pool_forms import date_field

SPARE_TASKS = 3
MOST_TASKS = 12


class RecommendationForm(forms.Form):
    """What the team recommends. `complete`: it is about to be signed, so nothing may be lacking."""

    text = forms.CharField(label=_("Recommendation"), max_length=8000, widget=forms.Textarea(attrs={"rows": 8}))
    next_follow_up_on = date_field(_("Next look"), required=False)
    who = forms.CharField(label=_("Who calls then"), max_length=80, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, initial: dict[str, Any], complete: bool = False) -> None:
        super().__init__(data, initial=initial)
        for name in ("text", "next_follow_up_on", "who"):
            self.fields[name].required = complete
        want(self, "text", "next_follow_up_on", "who")
        self.fields["next_follow_up_on"].help_text = _("A case closes only with its loop closed.")
        tasks = initial["tasks"]
        for number in range(MOST_TASKS):
            task = tasks[number] if number < len(tasks) else {}
            for name, (key, field) in _task_fields().items():
                self.fields[f"{name}_{number}"] = field
                self.initial[f"{name}_{number}"] = task.get(key)

    def task_fields(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        """The rows that are shown: those that say something, and a few empty ones."""
        rows = [(self[f"what_{n}"], self[f"by_{n}"], self[f"due_{n}"]) for n in range(MOST_TASKS)]
        said = [number for number, row in enumerate(rows) if any(one.value() for one in row)]
        return rows[: min(max(said, default=-1) + 1 + SPARE_TASKS, MOST_TASKS)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for number in range(MOST_TASKS):
            if (data.get(f"by_{number}") or data.get(f"due_{number}")) and not data.get(f"what_{number}"):
                self.add_error(f"what_{number}", _("Say what is to be done."))
        return data

    def words(self) -> aftercare.Words:
        data = self.cleaned_data
        rows = [(data[f"what_{n}"], data[f"by_{n}"], data[f"due_{n}"]) for n in range(MOST_TASKS)]
        todos = [aftercare.Todo(what=what, who=who, due=due) for what, who, due in rows if what]
        return aftercare.Words(
            text=data["text"], todos=todos, next_follow_up_on=data["next_follow_up_on"], who=data["who"]
        )

    def go_on_from(self, version: int) -> None:
        """Saving once more puts what is typed over the version that somebody else has left."""
        self.data = {**self.data.dict(), "version": str(version)}  # type: ignore[attr-defined]


class AddendumForm(forms.Form):
    """What is added to a signed recommendation. `seen` is how many addenda the writer has read."""

    text = forms.CharField(label=_("Addendum"), max_length=8000, widget=forms.Textarea(attrs={"rows": 8}))
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def go_on_from(self, seen: int) -> None:
        """Signing once more means that what somebody else has added was read."""
        self.data = {**self.data.dict(), "seen": str(seen)}  # type: ignore[attr-defined]


def _task_fields() -> dict[str, tuple[str, forms.Field]]:
    """The three fields of one task, each with the name under which a task carries its value."""
    return {
        "what": ("what", forms.CharField(label=_("What is to be done"), max_length=200, required=False)),
        "by": ("who", forms.CharField(label=_("By whom"), max_length=80, required=False)),
        "due": ("due", date_field(_("By when"), required=False)),
    }


class FollowUpForm(forms.Form):
    """Whether a plan was carried out, and whether somebody looks again."""

    outcome = forms.ChoiceField(
        label=_("Was the plan carried out?"), choices=FollowUpOutcome.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=_("Why not, or what was found"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    then = forms.ChoiceField(
        label=_("And then"),
        choices=[("again", _("Look again")), ("close", _("Close the case"))],
        widget=forms.RadioSelect,
    )
    next_follow_up_on = date_field(_("Next look"), required=False)
    who = forms.CharField(label=_("Who calls then"), max_length=80, required=False)
    follow_up = forms.CharField(max_length=16, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        want(self, "next_follow_up_on", "who")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("then") == "again" and not data.get("next_follow_up_on") and "next_follow_up_on" not in self.errors:
            self.add_error("next_follow_up_on", _("Say when."))
        return data

    def go_on_from(self, follow_up: str) -> None:
        """Saving once more writes what is typed down for the look that is open now."""
        self.data = {**self.data.dict(), "follow_up": follow_up}  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """What `aftercare.record_follow_up` takes; a case that closes has none to come."""
        data = self.cleaned_data
        again = data["then"] == "again"
        found = {name: data[name] for name in ("outcome", "note", "follow_up")}
        return found | {
            "next_follow_up_on": data["next_follow_up_on"] if again else None,
            "who": data["who"] if again else "",
        }
