"""Keep the Chinese catalogue in step with the source."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mdt_portal.i18n import translations


class Command(BaseCommand):
    help = "Gather all messages into locale/, keep the translations, compile them; --check only lists what is missing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail and list each message to mend")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            catalog = translations.merge()
            self.stdout.write(f"{len(catalog)} messages in {translations.PO.relative_to(translations.ROOT)}")
        problems = [*translations.missing(), *translations.bare()]
        for problem in problems:
            self.stdout.write(str(problem))
        if problems and options["check"]:
            raise CommandError(f"{len(problems)} messages to mend")
