from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mdt_portal.models import User
from scheduling.demo.accounts import ACCOUNTS, PASSWORD


class Command(BaseCommand):
    help = "Show whom one can sign in as in the demo."

    def handle(self, *args: Any, **options: Any) -> None:
        users = {user.username: user for user in User.objects.filter(username__in=[one.username for one in ACCOUNTS])}
        known = [one for one in ACCOUNTS if one.username in users]
        if not known or not settings.LOCAL:
            self.stdout.write("There are no demo accounts here.")
            return
        rows = [("Role", "User", "Password", "Language")]
        rows += [
            (str(one.label), one.username, PASSWORD, users[one.username].language or "as in the browser")
            for one in known
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        for number, row in enumerate(rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  " + "  ".join(cells).rstrip())
            if number == 0:
                self.stdout.write("  " + "  ".join("-" * width for width in widths))
