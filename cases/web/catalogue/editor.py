"""The editor of one rule: rows that come and go, mistakes beside their fields as one types, saved as a draft."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases.catalogue import answer_text, rule_diff, rule_form, rule_text, rulebook, wording
from cases.catalogue.core import clauses, grammar, vocabulary
from cases.catalogue.rule_form import RuleForm, SeatFields
from cases.core import staging
from cases.core.mistake import Mistake
from cases.models import CareLevel, CatalogueRule, RareClass, Tier, Urgency
from cases.web.catalogue import common
from experts import titles
from mdt_portal import access
from mdt_portal.errors import DomainError, StaleState
from mdt_portal.web.pages import is_htmx, page

UNFINISHED = ("missing", "empty", "no_seat")
"""Mistakes that are none while somebody is still writing."""
OWN_ROWS = ("required", "optional", "condition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is to be said about what was typed: by slot, as a sentence, and what is still missing."""

    wrong: dict[str, list[str]]
    slots: list[str]
    sentence: str
    unfinished: list[str]
    fine: bool


@page
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A rule that does not exist yet."""
    access.require(request.user, "catalogue.edit")
    empty = RuleForm(texts={"tier": "required", "care_level": "regional", "minutes": "20"}, seats=(SeatFields(),))
    return _editor(request, empty, key="", version=0)


@page
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """The open draft, or the newest version as the beginning of the next."""
    access.require(request.user, "catalogue.edit")
    rows = common.versions_of(request, key)
    base = rulebook.newest_live([key]).get(key, rows[0])
    return _editor(request, rule_form.of_raw(rulebook.raw_of(base)), key=key, version=rows[0].version)


@page
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """What is wrong with the form as it stands, and the rule as a sentence. Nothing is written."""
    access.require(request.user, "catalogue.edit")
    typed = rule_form.of_post(request.POST)
    judged = _judge(typed, pressed=bool(request.POST.get("pressed")))
    return render(request, "cases/catalogue/_live.html", {"judged": judged, "slots": judged.slots})


def _editor(request: HttpRequest, typed: RuleForm, *, key: str, version: int) -> HttpResponse:
    action = request.POST.get("action", "")
    stale = ""
    pressed = bool(request.POST.get("pressed")) or action == "save"
    if request.method == "POST":
        typed = rule_form.of_post(_fixed(request.POST, key))
        version = common.whole_number(request.POST.get("version")) or 0
        typed = typed.done(action)
    if action == "save":
        try:
            row = _save(request, typed, version)
        except StaleState as error:
            stale = error.message
        except DomainError:
            pass  # each mistake is shown at its field below
        else:
            messages.success(request, _("%(rule)s is saved as a draft. It does not count yet.") % {"rule": row})
            return redirect(f"{reverse('rule', args=[row.key])}?version={row.version}")
    context = {
        "key": key,
        "version": version,
        "typed": typed,
        "judged": _judge(typed, pressed=pressed),
        "pressed": pressed,
        "stale": stale,
        "reason": request.POST.get("reason", ""),
        "offer": _offer(typed),
        "nav": "catalogue",
    }
    if is_htmx(request):
        return render(request, "cases/catalogue/_fields.html", context | {"brought": True})
    status = 409 if stale else 422 if action == "save" else 200
    return render(request, "cases/catalogue/edit.html", context, status=status)


def _fixed(posted: QueryDict, key: str) -> QueryDict:
    """A rule that exists keeps its key, whatever was sent."""
    if not key:
        return posted
    kept = posted.copy()
    kept["id"] = key
    return kept


def _save(request: HttpRequest, typed: RuleForm, version: int) -> CatalogueRule:
    words = rulebook.known_words()
    raw, mistakes = typed.raw(words)
    if mistakes:
        raise DomainError("")
    if not version and CatalogueRule.objects.filter(key=raw["id"]).exists():
        raise StaleState(_("There is a rule %(rule)s already. Open it, or take another key.") % {"rule": raw["id"]})
    reason = request.POST.get("reason", "").strip()[:200]
    return rulebook.save_draft(raw, by=request.user, reason=reason, version=version)  # type: ignore[arg-type]


def _judge(typed: RuleForm, *, pressed: bool) -> Judged:
    words = rulebook.known_words()
    raw, unfit = typed.raw(words)
    _rule, found = rulebook.check(raw, words)
    mistakes = [*unfit, *found]
    shown = [one for one in mistakes if pressed or one.code not in UNFINISHED]
    wrong: dict[str, list[str]] = {}
    for one in shown:
        wrong.setdefault(typed.slot(one), []).append(_sentence(one))
    return Judged(
        wrong=wrong,
        slots=_slots(typed),
        sentence=_texts(raw, words),
        unfinished=sorted({_label(typed.slot(one)) for one in mistakes if one.code in UNFINISHED}),
        fine=not mistakes,
    )


def _texts(raw: dict[str, Any], words: vocabulary.Vocabulary) -> str:
    """The rule in words as far as it can be told."""
    rule = grammar.as_far_as_it_goes(raw, words)
    if rule.minutes != raw.get("minutes"):
        rule = replace(rule, minutes=0)  # what is no number of minutes is not said
    return rule_text.sentence(rule, rule_text.names()) if rule.ranges and raw.get("tier") else ""


def _sentence(mistake: Mistake) -> str:
    text = wording.mistake_text(mistake)
    return text[:1].upper() + text[1:]


def _label(slot: str) -> str:
    name = slot.partition("-")[0]
    name = {"seat": "required", "clause": "condition"}.get(name, name)
    return str(rule_diff.FIELDS.get(name, _("Key") if name == "id" else name))


def _slots(typed: RuleForm) -> list[str]:
    """Every place of the editor at which a mistake may stand."""
    plain = [name for name in rule_form.TEXTS if name != "note"]
    rows = [f"clause-{n}" for n in range(len(typed.clauses))] if typed.lines is None else []
    seats = [f"seat-{n}" for n in range(len(typed.seats))]
    hours = [f"hours-{urgency.value}" for urgency in Urgency]
    return [*plain, *OWN_ROWS, *rows, *seats, *hours, "hours", "evidence", "materials", "note"]


def _offer(typed: RuleForm) -> dict[str, Any]:
    """What the selects of the editor offer, in words."""
    known = rule_text.names()
    findings = {flag: wording.flag_text(flag) for flag in vocabulary.FLAGS}
    for clause in typed.clauses:
        if clause.key in clauses.FINDINGS:
            findings |= {flag: wording.flag_text(flag) for flag in clause.values if flag not in findings}
    evidence = [("", "—"), *((key, str(label)) for key, label in answer_text.EVIDENCE.items())]
    parts = [
        (part, str(rule_diff.EVIDENCE_OF[part]), typed.evidence.get(part, "")) for part in rule_form.EVIDENCE_PARTS
    ]
    return {
        "tiers": Tier.choices,
        "care_levels": CareLevel.choices,
        "groups": sorted(known.groups.items(), key=lambda pair: pair[1]),
        "disciplines": sorted(known.disciplines.items(), key=lambda pair: pair[1]),
        "titles": [(str(rank), str(label)) for rank, label in titles.LOWEST.items()],
        "counts": [str(n) for n in range(1, 10)],
        "clauses": [(key, str(rule_text.CLAUSES[key])) for key in clauses.KEYS],
        "findings": sorted(findings.items(), key=lambda pair: pair[1]),
        "stages": staging.STAGES,
        "finding_keys": list(clauses.FINDINGS),
        "score_names": list(vocabulary.SCORES),
        "scores": [(score, wording.score_text(score)) for score in vocabulary.SCORES],
        "rare": RareClass.choices,
        "hours": [(urgency.value, str(urgency.label), typed.hours.get(urgency.value, "")) for urgency in Urgency],
        "materials": [(code, wording.material_text(code)) for code in vocabulary.materials_in_order()],
        "evidence": evidence,
        "evidence_parts": [(part, label, value, value in dict(evidence)) for part, label, value in parts],
        "evidence_kept": [(key, value) for key, value in typed.evidence.items() if key not in rule_form.EVIDENCE_PARTS],
    }
