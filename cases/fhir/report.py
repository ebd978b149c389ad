"""What became of every resource of a FHIR file, as plain JSON that can be kept, and its words for the reader.

    {"file": "a.json", "refused": [mistake], "patients": [patient], "unread": {"Encounter": 12}, "counts": {"held": 1}}
    patient: {"record": "Patient/p1", "patient": "P-12", "fate": "known", "lines": [line], "notes": [mistake]}
    line:    {"resource": "Condition/c1", "code": "C34.1", "display": "…", "fate": "raised", "case": "C-7", "id": "…"}

No name, date of birth or number of a patient is in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.catalogue import wording
from cases.core.mistake import Mistake
from cases.fhir.core import reader
from cases.fhir.imports import Imported
from cases.models import diagnosis_names

FATES = {
    "raised": gettext_lazy("new referral"),
    "completed": gettext_lazy("facts added"),
    "known": gettext_lazy("already there"),
    "taken_back": gettext_lazy("the source takes this back, and the case still runs"),
    "held": gettext_lazy("held: may be another person's, a coordinator must compare"),
    "resolved": gettext_lazy("over, or in remission"),
    "not_confirmed": gettext_lazy("refuted, or entered in error"),
    "history": gettext_lazy("an illness of the past"),
    "unmapped": gettext_lazy("no code that the portal knows"),
    "no_rule": gettext_lazy("the catalogue has no rule for it"),
    "comorbidity": gettext_lazy("counts as a comorbidity, asks no question"),
    "deceased": gettext_lazy("the patient has died"),
    "cause_of_death": gettext_lazy("recorded as a cause of death"),
    "long_ago": gettext_lazy("an acute illness that began more than a year ago"),
    "observed": gettext_lazy("observation for a suspected disease, no diagnosis"),
    "deleted": gettext_lazy("deleted at the source"),
    "revoked": gettext_lazy("the request was revoked, or is done"),
    "before_since": gettext_lazy("recorded before the day from which on is imported"),
}
REFERRED = ("raised", "completed", "known")


def of_refused(name: str, mistakes: Iterable[Mistake]) -> dict[str, Any]:
    """The report of a file that gave nothing."""
    return {"file": name, "refused": [_plain(one) for one in mistakes], "patients": [], "unread": {}, "counts": {}}


def of_file(name: str, content: reader.Content, people: Iterable[Imported]) -> dict[str, Any]:
    """The report of a file that was read; in the order of the file's patients."""
    patients = [_patient(one) for one in people]
    counts = Counter(line["fate"] for one in patients for line in one["lines"])
    counts["held"] = sum(one["fate"] == "held" for one in patients)
    return {
        "file": name,
        "refused": [],
        "patients": patients,
        "unread": dict(content.unread),
        "counts": {fate: count for fate, count in counts.items() if count},
    }


def _patient(one: Imported) -> dict[str, Any]:
    lines = []
    notes = list(one.record.notes)
    for raised in one.raised:
        notes.extend(raised.referral.notes)
        about = {"code": raised.case.code, "display": raised.case.diagnosis, "fate": raised.outcome}
        place = {"case": str(raised.case), "id": raised.case.public_id}
        lines.extend({"resource": label, **about, **place} for label in raised.referral.labels or ("",))
    taken_back = {id(one.passed): one.case for one in one.taken_back}
    for passed in one.passed:
        line = {"resource": passed.label, "code": passed.code, "display": passed.display, "fate": passed.why}
        case = taken_back.get(id(passed))
        lines.append(line | ({"fate": "taken_back", "case": str(case), "id": case.public_id} if case else {}))
    if one.held is not None:
        lines = [
            {
                "resource": waiting.label,
                "code": next((coding.code for coding in waiting.codings if coding.code), ""),
                "display": waiting.text or next((coding.display for coding in waiting.codings if coding.display), ""),
                "fate": "held",
            }
            for waiting in one.record.conditions
        ]
    return {
        "record": one.record.label,
        "patient": str(one.patient) if one.patient else "",
        "fate": "held" if one.held else "deceased" if one.record.deceased else "read",
        "held": one.held.public_id if one.held else "",
        "lines": lines,
        "notes": [_plain(note) for note in notes],
    }


def _plain(one: Mistake) -> dict[str, Any]:
    return {"place": one.place, "code": one.code, "params": dict(one.params)}


# Words ----------------------------------------------------------------------------------------------------------------


def in_words(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report with `text` beside each code, in the reader's language."""
    return dict(report) | {
        "refused": [dict(one) | {"text": _mistake(one)} for one in report.get("refused", ())],
        "patients": [
            dict(one)
            | {
                "lines": [_line(line) for line in one["lines"]],
                "notes": [dict(note) | {"text": _mistake(note)} for note in one["notes"]],
            }
            for one in report.get("patients", ())
        ],
        "summary": summary(report.get("counts", {})),
    }


def called(code: str, words: str) -> str:
    """The words that came with a diagnosis, else the title of its code in the reader's language, else nothing."""
    title = diagnosis_names.title(code)
    return words or (title if title != code else "")


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return dict(line) | {"display": called(line["code"], line["display"]), "text": fate_text(line["fate"])}


def fate_text(fate: str) -> str:
    return str(FATES.get(fate, fate))


def summary(counts: Mapping[str, int]) -> list[str]:
    """`new referral: 3`, in a fixed order."""
    return [
        _("%(fate)s: %(count)d") % {"fate": words, "count": counts[fate]}
        for fate, words in FATES.items()
        if counts.get(fate)
    ]


def _mistake(one: Mapping[str, Any]) -> str:
    return wording.placed_text(Mistake(place=one["place"], code=one["code"], params=one["params"]))
