"""A hospital's week, whole: the worker plans about 100 cases, the plan keeps every rule, and answers confirm it."""

import time

import pytest
from django.core.management import call_command
from django.utils import timezone

from cases.models import Case
from experts.availability import working_days
from experts.models import Expert, Institution
from mdt_portal.models import KeptMail, User
from scheduling.models import Invitation, Room, Session
from scheduling.planning import runs
from scheduling.publishing import publication
from scheduling.sessions import invitations
from scheduling.solver import rules
from scheduling.solver.core.plan import Plan
from scheduling.solver.rules import checking

RUN_S = 25
LIMIT_S = 60


@pytest.mark.slow
def test_a_hospital_is_planned_published_and_confirmed(worker: object) -> None:
    call_command("seed_demo", "--size", "hospital", "--seed", "3")
    assert (Case.objects.waiting().count(), Expert.objects.count(), Room.objects.count()) == (100, 120, 8)
    coordinator = User.objects.get(username="coordinator")
    scope = list(Institution.objects.filter(rooms__active=True).distinct())
    week = working_days.next_working_monday(scope[0], timezone.now().astimezone(scope[0].tz).date())

    run = runs.request_run(by=coordinator, institutions=scope, horizon_start=week, seconds=RUN_S)
    began = time.monotonic()
    while not run.finished and time.monotonic() - began < LIMIT_S:
        time.sleep(0.5)
        run.refresh_from_db()
    assert run.status == "proposed", run.failure

    proposal = run.proposals.get()
    problem, plan = checking.read_problem(run.problem), Plan.from_json(proposal.plan)
    assert rules.violations(problem, plan) == []
    assert all(left.reasons for left in plan.unplaced)
    assert sum(len(session.cases) for session in plan.sessions) + len(plan.unplaced) == len(problem.cases) > 80

    publication.publish(proposal, by=coordinator)
    planned = Session.objects.exclude(proposal=None)  # the others are those of the past week
    asked = Invitation.objects.filter(attendance__session__in=planned)
    assert planned.count() == len(plan.sessions)
    assert asked.count() == sum(len(session.people()) for session in plan.sessions)
    for invitation in asked.filter(attendance__seats__optional=False).distinct():
        invitations.accept(invitation, by=None)
    assert set(planned.values_list("status", flat=True)) == {"confirmed"}
    placed = Case.objects.filter(items__active=True, items__session__in=planned)
    assert set(placed.values_list("status", flat=True)) == {"confirmed"}
    deadline = time.monotonic() + LIMIT_S
    while not KeptMail.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert KeptMail.objects.exists()
