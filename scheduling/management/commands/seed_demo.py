import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count
from django.utils import timezone

from cases.models import Case
from experts.models import Expert, Institution, Team
from scheduling.demo.seed import seed
from scheduling.demo.sizes import SIZES
from scheduling.models import Room


class Command(BaseCommand):
    help = "Fill an empty database with an invented alliance: hospitals, experts, rooms, teams and referred cases."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=sorted(SIZES), default="hospital")
        parser.add_argument("--seed", type=int, default=1, help="the same seed on the same day gives the same data")
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there is data already")
        parser.add_argument("--force", action="store_true", help="also in an installation that is not a demo")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL and not options["force"]:
            raise CommandError("This is not a demo (MDT_DEMO is not set). Invented data does not belong here; --force.")
        if Institution.objects.exists():
            if options["if_empty"]:
                self.stdout.write("· Keeping the data that is there")
                return
            raise CommandError("There is data already. Demo data only goes into an empty database.")
        self.stdout.write(f"· Inventing a demo of size {options['size']}")
        began = time.monotonic()
        seed(options["size"], number=options["seed"], now=timezone.now())
        self._tell(time.monotonic() - began)

    def _tell(self, seconds: float) -> None:
        counts = {
            "hospitals": Institution.objects.count(),
            "experts": Expert.objects.count(),
            "teams": Team.objects.count(),
            "rooms": Room.objects.count(),
            "cases": Case.objects.count(),
        }
        self.stdout.write(
            "  " + ", ".join(f"{count} {what}" for what, count in counts.items()) + f" in {seconds:.1f} s"
        )
        by_status = Case.objects.values("status").annotate(n=Count("pk")).order_by("-n")
        self.stdout.write("  " + ", ".join(f"{row['n']} {row['status']}" for row in by_status))
