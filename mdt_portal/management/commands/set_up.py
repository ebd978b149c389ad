"""What `make run` needs before its first page: translations, tables, invented data."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from mdt_portal.i18n import translations


class Command(BaseCommand):
    help = "Compile the translations, migrate the database, fill it with demo data if it is empty."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--empty", action="store_true", help="no demo data")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("· Compiling translations and bringing the database up to date")
        translations.compile_all()
        call_command("migrate", verbosity=0)
        if not options["empty"]:
            call_command("seed_demo", "--size", "hospital", "--seed", "1", "--if-empty", stdout=self.stdout)
