"""The queue as the coordinator reads it: which cases, in which order, and what keeps each of them back. Reads only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cases.catalogue import wording
from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import Undecided
from cases.core import code_systems
from cases.diagnoses import code_search
from cases.identity.core import matching
from cases.models import Case, MaterialItem, PatientIdentifier, PatientIdentity, Tier, Urgency
from cases.selectors import material_state, steps
from cases.states import QUEUED, CaseStatus, MaterialStatus
from experts import roles
from experts.models import DiseaseGroup, Role
from mdt_portal import audit
from mdt_portal.i18n import phrases
from mdt_portal.models import User
from mdt_portal.tables.orders import Named, Orders, Ranked

NEAR = timedelta(hours=24)
KNOWING = (Role.COORDINATOR, Role.REFERRER)
"""Who may look for a case of their own by the patient's name or record number."""
PAGE = "queue"
BLOCKED = ("facts", "decision", "team", "materials", "nothing")
FILTERS = ("tier", "group", "urgency", "institution", "blocked", "status")
KEPT = (*FILTERS, "view", "ordering")
"""What a saved view keeps: never the words searched for."""
ORDERS: Orders = {
    "number": (Length("number"), "number"),
    "tier": (Ranked("tier", Tier.values), "due_at"),
    "due_at": ("due_at",),
    "status": (Ranked("status", CaseStatus.values), "due_at"),
    "urgency": (Ranked("urgency", Urgency.values), "due_at"),
    "team": (Named("team"), "due_at"),
    "institution": (Named("institution"), "due_at"),
    "created_at": ("created_at",),
}


def rows(cases: QuerySet[Case]) -> QuerySet[Case]:
    """With all that a line of the queue shows, the nearest limit first."""
    missing = MaterialItem.objects.filter(status=MaterialStatus.MISSING)
    return (
        cases.select_related("institution", "patient", "team")
        .prefetch_related(Prefetch("materials", queryset=missing, to_attr="missing"))
        .order_by(F("due_at").asc(nulls_last=True), "pk")
    )


# Which ----------------------------------------------------------------------------------------------------------------


def near(now: datetime) -> Q:
    """Over the limit, or in the last day before it."""
    return Q(due_at__lt=now + NEAR)


def held_back() -> Q:
    """Something must happen before the case can be planned: a fact, a decision, a team, materials."""
    return blocked_by("facts") | blocked_by("decision") | blocked_by("team") | blocked_by("materials")


def blocked_by(reason: str) -> Q:
    """One of BLOCKED; `nothing` for what the next plan may place."""
    if reason == "facts":
        return Q(status=CaseStatus.NEEDS_FACTS)
    if reason == "decision":
        return Q(status=CaseStatus.TO_DECIDE)
    if reason == "team":
        return Q(status=CaseStatus.SUBMITTED)
    awaited = MaterialItem.objects.filter(case=OuterRef("pk"), status=MaterialStatus.MISSING)
    awaits = Q(Exists(awaited), urgency=Urgency.ROUTINE)
    return Q(status=CaseStatus.WAITING) & (awaits if reason == "materials" else ~awaits)


def found_by(text: str, user: User) -> Q:
    """Number, code in any edition, words or pinyin of the diagnosis or of its code's title; for those who may know
    the patient, the exact name or record number."""
    found = of_diagnosis(text)
    reach = roles.reach(user, Role.COORDINATOR)
    mine = Q(referrer=user) | Q(institution__in=reach) | Q(team__institution__in=reach)
    return found | Q(mine, Q(patient__identity__name_hash=PatientIdentity.hash_of(text)) | _of_record(text, user))


def of_diagnosis(text: str) -> Q:
    """Number, code as it was sent or as WHO has it, words of the diagnosis, title of its code, pinyin."""
    found = Q(number__iexact=text) | Q(number__iexact=f"C-{text}") | Q(diagnosis__icontains=text)
    if code := code_systems.who_code(text):
        found |= Q(code_raw__istartswith=text)
        found |= Q(code__istartswith=code) if code == text.upper() or len(code) <= 3 else Q(code=code)
    elif re.fullmatch(r"[A-Za-z]\d[\dA-Za-z.]*|\d{6,18}", text):
        found |= Q(code__istartswith=text) | Q(code_raw__istartswith=text)
    if codes := code_search.codes_called(text):
        found |= Q(code__in=codes)
    return found


def _of_record(text: str, user: User) -> Q:
    """The patient with this record number at a hospital where the reader works."""
    hospitals = roles.institutions(user, *KNOWING)
    numbers = [matching.number("", text, hospital=one.public_id) for one in hospitals]
    hashes = [PatientIdentifier.hash_of(number) for number in numbers]
    return Q(patient__in=PatientIdentifier.objects.filter(value_hash__in=hashes).values("patient"))


def note_looks(cases: Iterable[Case], text: str, user: User) -> None:
    """Who finds a case by the patient's name or record number has learned whose it is; that is written down."""
    shown = Case.objects.filter(pk__in=[case.pk for case in cases])
    known = shown.filter(Q(patient__identity__name_hash=PatientIdentity.hash_of(text)) | _of_record(text, user))
    for case in known.select_related("patient").distinct():
        audit.looked(case.patient, by=user, page="queue")


def counts(cases: QuerySet[Case], now: datetime, user: User) -> dict[str, int]:
    """How many cases each view of the queue shows, by its name; one query."""
    return cases.aggregate(
        all=Count("pk"),
        near=Count("pk", filter=near(now)),
        over=Count("pk", filter=Q(due_at__lt=now)),
        blocked=Count("pk", filter=held_back()),
        mine=Count("pk", filter=Q(referrer=user)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The queue in numbers, as all pages show them: `queue` = `waiting` + `unready`, `waiting` = `ready` + `materials`.

    `queue`: handed in, without a place. `unready`: facts, a team or a decision are missing. `waiting`: all is known, a
    place is missing. `materials`: of those, what must wait for its materials. `ready`: what the next plan may place.
    """

    queue: int
    unready: int
    waiting: int
    materials: int
    required: int
    over: int

    @property
    def ready(self) -> int:
        return self.waiting - self.materials

    @property
    def held_back(self) -> int:
        return self.unready + self.materials

    @property
    def suggested(self) -> int:
        return self.waiting - self.required


def tally(cases: QuerySet[Case], now: datetime) -> Tally:
    """The numbers of these cases, whatever else is among them; one query."""
    waiting, queued = Q(status=CaseStatus.WAITING), Q(status__in=QUEUED)
    return Tally(
        **cases.aggregate(
            queue=Count("pk", filter=queued),
            unready=Count("pk", filter=queued & ~waiting),
            waiting=Count("pk", filter=waiting),
            materials=Count("pk", filter=blocked_by("materials")),
            required=Count("pk", filter=waiting & Q(tier=Tier.REQUIRED)),
            over=Count("pk", filter=queued & Q(due_at__lt=now)),
        )
    )


def in_words(numbers: Tally) -> str:
    """`20 in the queue: 15 wait for a place (3 can be planned, 12 lack materials), 5 lack …`"""
    words = {
        "queue": numbers.queue,
        "waiting": numbers.waiting,
        "ready": numbers.ready,
        "materials": numbers.materials,
        "unready": numbers.unready,
    }
    return (
        _(
            "%(queue)d in the queue: %(waiting)d wait for a place (%(ready)d can be planned, %(materials)d lack"
            " materials), %(unready)d lack facts, a team or a decision."
        )
        % words
    )


# What keeps them back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Why a case is not planned: the kind (see `blocked_by`), and the words."""

    kind: str
    text: str


def groups_of(cases: Iterable[Case]) -> Mapping[str, DiseaseGroup]:
    """The disease groups that the cases' answers name; one query."""
    keys = {case.requirement["disease_group"] for case in cases if case.requirement}
    return {group.key: group for group in DiseaseGroup.objects.filter(key__in=keys)}


def block(case: Case, groups: Mapping[str, DiseaseGroup]) -> Block | None:
    """What must happen before the case can be planned. The case comes from `rows`."""
    if case.status == CaseStatus.NEEDS_FACTS:
        return Block(kind="facts", text=missing_facts(case))
    if case.status == CaseStatus.TO_DECIDE:
        return Block(kind="decision", text=steps.to_decide(case))
    if case.status == CaseStatus.SUBMITTED:
        group = groups.get(case.requirement["disease_group"]) if case.requirement else None
        return Block(kind="team", text=_("No team for %(group)s") % {"group": group.name if group else case.code})
    missing: list[MaterialItem] = case.missing  # type: ignore[attr-defined]
    if case.status == CaseStatus.WAITING and material_state.holds_back(case, len(missing)):
        return Block(kind="materials", text=_("Missing: %(things)s") % {"things": names(missing)})
    return None


def missing_facts(case: Case) -> str:
    """`Missing: stage, NIHSS score`; empty for a case that the catalogue has decided."""
    answer = requirement.from_json(case.requirement) if case.requirement else None
    return wording.missing_text(answer.missing) if isinstance(answer, Undecided) else ""


def names(items: Iterable[MaterialItem]) -> str:
    return phrases.listed(wording.material_text(item.code) for item in items)


def about(case: Case) -> str:
    """What the case is about, without the patient: the diagnosis in words, else the title of its code."""
    return case.title


def whom(case: Case) -> str:
    """`woman, 63`: all that the schedulers know of the patient."""
    sex = {"female": _("woman"), "male": _("man")}.get(case.patient.sex, "")
    age = pgettext("age", "%(years)d") % {"years": case.age} if case.age is not None else ""
    return phrases.line(sex, age)


def choices() -> dict[str, list[tuple[Any, str]]]:
    """What the filters of the queue offer, apart from the disease groups."""
    return {
        "status": [
            ("", _("In the queue")),
            ("any", _("All states")),
            *((one.value, str(one.label)) for one in CaseStatus),
        ],
        "blocked": [
            ("facts", _("Facts missing")),
            ("decision", _("To be decided")),
            ("team", _("No team")),
            ("materials", _("Materials missing")),
            ("nothing", _("Ready to plan")),
        ],
    }
