"""A table that somebody hands in: a file, or its text. The dry run hands the text on, so that nothing is sent twice."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mdt_portal.errors import RuleError
from mdt_portal.tables import wording
from mdt_portal.tables.core import encodings, reading

ACCEPTED = ".csv,.txt,.tsv,.xlsx,text/csv,text/plain"


class TableForm(forms.Form):
    """`given` is what was handed in; `cleaned_data["encoding"]` how to read it, empty: guess."""

    file = forms.FileField(label=gettext_lazy("File (CSV or XLSX)"), required=False)
    encoding = forms.ChoiceField(
        label=gettext_lazy("Characters"),
        required=False,
        choices=[("", gettext_lazy("recognise by the file")), *encodings.NAMES.items()],
        help_text=gettext_lazy("Choose only where the first rows below look wrong."),
    )
    text = forms.CharField(
        label=gettext_lazy("… or its text"),
        required=False,
        strip=False,
        max_length=reading.LARGEST,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in self.fields.values():
            one.wanted = True  # type: ignore[attr-defined]  # file or text is: neither is called optional

    def given(self) -> bytes | str:
        """The file's bytes, or the text. Raises RuleError where there is nothing, or too much."""
        self.is_valid()
        data = self.cleaned_data
        file = data.get("file")
        if isinstance(file, UploadedFile):
            if (file.size or 0) > reading.LARGEST:
                words = wording.sentence("too_large", {"most": reading.LARGEST // 1_000_000})
                raise RuleError(words, code="too_large", fields={"file": [words]})
            return file.read()
        text: str = data.get("text") or ""
        if not text.strip() and not self.errors:
            words = _("Choose a file, or paste its text.")
            raise RuleError(words, fields={"file": [words]})
        return text

    @property
    def encoding_wanted(self) -> str:
        return str(getattr(self, "cleaned_data", {}).get("encoding") or "")
