from typing import Any

from django.core.management.base import BaseCommand

from experts import reference


class Command(BaseCommand):
    help = "Load disciplines, titles and disease groups from the project's files; loading again changes nothing."

    def handle(self, *_args: Any, **_options: Any) -> None:
        counts = reference.load()
        self.stdout.write(", ".join(f"{count} {what}" for what, count in counts.items()))
