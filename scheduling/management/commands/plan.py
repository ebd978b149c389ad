"""`manage.py plan`: plan from the command line, and see the plan as a table."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils.translation import gettext as _

from cases.models import Case
from experts.models import Expert, Institution, Team
from mdt_portal import outbox
from mdt_portal.errors import DomainError
from mdt_portal.i18n import clock
from mdt_portal.models import User
from scheduling.explain import unplaced
from scheduling.models import PlanningRun, Proposal, Room, RunTrigger
from scheduling.planning import runs, worker
from scheduling.problem.core.horizon import Horizon
from scheduling.publishing import publication
from scheduling.solver.core.plan import Plan
from scheduling.states import RunStatus

POLL_S = 0.5


class Command(BaseCommand):
    help = "Run a planning run and print its plan."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--institution", nargs="*", help="public ids or English names; default: all")
        parser.add_argument("--week", type=date.fromisoformat, help="a day of the first week (YYYY-MM-DD)")
        parser.add_argument("--days", type=int, default=14, help="days of the plan (14)")
        parser.add_argument("--seconds", type=int, help="time limit; default: the hospital's setting")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--worker", action="store_true", help="let a Celery worker compute it, and wait")
        parser.add_argument("--publish", action="store_true", help="publish the plan")
        parser.add_argument("--as", dest="username", help="the user in whose name it is done")

    def handle(self, **options: Any) -> None:
        by = User.objects.filter(username=options["username"]).first() if options["username"] else None
        if options["username"] and by is None:
            raise CommandError(f"There is no user “{options['username']}”.")
        try:
            run = runs.request_run(
                by=by,
                institutions=_institutions(options["institution"]),
                horizon_start=options["week"],
                horizon_days=options["days"],
                seconds=options["seconds"],
                seed=options["seed"],
                trigger=RunTrigger.COMMAND,
            )
            proposal = self._compute(run, by_worker=options["worker"])
            self._print(proposal)
            if options["publish"]:
                outcome = publication.publish(proposal, by=by)
                self.stdout.write(f"Published; {outcome.notified} people are told.")
        except DomainError as error:
            raise CommandError(error.message) from error

    def _compute(self, run: PlanningRun, *, by_worker: bool) -> Proposal:
        if by_worker:
            outbox.deliver()
            while not run.finished:
                time.sleep(POLL_S)
                run.refresh_from_db()
        else:
            worker.execute(run.pk)
            run.refresh_from_db()
        if run.status != RunStatus.PROPOSED:
            raise CommandError(f"The run ended as “{run.get_status_display()}”: {run.failure}")
        return run.proposals.get()

    def _print(self, proposal: Proposal) -> None:
        plan = Plan.from_json(proposal.plan)
        run = proposal.run
        horizon = Horizon.around(run.horizon_start, run.horizon_days, run.institutions.order_by("pk")[0].tz)
        teams, rooms = Team.objects.in_bulk(), Room.objects.in_bulk()
        experts = Expert.objects.in_bulk()
        for session in sorted(plan.sessions, key=lambda one: (one.start_min, one.id)):
            start, end = (horizon.moment(m).astimezone(horizon.zone) for m in (session.start_min, session.end_min))
            room = rooms[session.room].name if session.room else _("By video")
            people = ", ".join(sorted(experts[pk].name for pk in session.people()))
            self.stdout.write(
                f"{clock.day(start.date()):<11} {start:%H:%M}–{end:%H:%M}  {room:<18} {teams[session.team].name:<28} "
                f"{len(session.cases)} cases  {people}"
            )
        left = Case.objects.filter(pk__in=[one.case for one in plan.unplaced]).select_related("team")
        why = unplaced.why(left)
        for case in left.order_by("due_at"):
            self.stdout.write(f"no place: {case.number} {case.title}. {why.get(case.pk, '')}")
        gap = f"{100 * proposal.gap:.1f} %" if proposal.gap is not None else "not proven"
        self.stdout.write(f"goals {plan.goals}   gap of the effort {gap}   {plan.seconds:.1f} s   {plan.status}")


def _institutions(wanted: list[str] | None) -> list[Institution]:
    if not wanted:
        return list(Institution.objects.filter(teams__active=True).distinct())
    found = []
    for one in wanted:
        row = Institution.objects.filter(Q(public_id=one) | Q(name_en__iexact=one)).first()
        if row is None:
            raise CommandError(f"There is no institution “{one}”.")
        found.append(row)
    return found
