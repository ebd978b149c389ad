import time
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from experts.availability import working_days
from experts.models import Institution
from mdt_portal.models import User
from scheduling.demo import answers
from scheduling.models import PlanningRun, RunTrigger, Session
from scheduling.planning import runs
from scheduling.publishing import publication
from scheduling.states import RunStatus

PATIENCE_S = 90  # beyond the run's own limit: a cold worker, a recovery by the reaper


class Command(BaseCommand):
    help = "Demo: have the worker plan the demo week, publish the plan, and let most experts answer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=int, default=15, help="time limit of the run")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("This is not a demo (MDT_DEMO is not set); plan with `manage.py plan`.")
        if Session.objects.exclude(
            proposal=None
        ).exists():  # not: a run, which a first start that was interrupted leaves behind
            self.stdout.write("· Keeping the plans that are there")
            return
        scope = list(Institution.objects.filter(rooms__active=True).distinct())
        if not scope:
            raise CommandError("There is no room to plan for; run `manage.py seed_demo` first.")
        by = User.objects.filter(username="coordinator").first()
        today = timezone.now().astimezone(scope[0].tz).date()
        week = working_days.next_working_monday(scope[0], today)
        run = self._computed(scope, week, by, options)
        outcome = publication.publish(run.proposals.get(), by=by)
        self.stdout.write(f"  {len(outcome.changes)} sessions published, {outcome.notified} experts told")
        counts = answers.give(seed=options["seed"])
        User.objects.update(seen_at=timezone.now())  # nobody was away: what the demo did so far is no news
        self.stdout.write("  " + ", ".join(f"{label}: {count}" for label, count in counts.items()))

    def _computed(self, scope: list[Institution], week: date, by: User | None, options: dict[str, Any]) -> PlanningRun:
        """The run once the worker has proposed. Raises CommandError if it ends otherwise or takes too long."""
        self.stdout.write(f"· Planning the week of {week:%d %B %Y}; the worker has {options['seconds']} s")
        run = runs.request_run(
            by=by,
            institutions=scope,
            horizon_start=week,
            seconds=options["seconds"],
            seed=options["seed"],
            trigger=RunTrigger.COMMAND,
        )
        patience = time.monotonic() + options["seconds"] + PATIENCE_S
        while not run.finished:
            if time.monotonic() > patience:
                raise CommandError(f"Run {run} is still {run.status}. Is a worker for the queue “solve” running?")
            time.sleep(0.3)
            run.refresh_from_db(fields=["status", "failure"])
        if run.status != RunStatus.PROPOSED:
            raise CommandError(f"Run {run} ended as {run.status}: {(run.failure or {}).get('code', 'no reason given')}")
        return run
