"""The processor time that the pages take in the web process, without server and network: it hardly depends on the load.

    python -m benchmarks.page_cost [--sessions 300] [--repeats 15]

The same crowded week as `benchmarks.pages`. The least of the repeats is the page itself; the median includes some of
Python's collecting of garbage. The database's own work is not in it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator

from benchmarks.pages import _portal


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_cost")
    parser.add_argument("--sessions", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    with _portal():
        from django.test import Client

        from benchmarks import crowded_week
        from cases.models import Case
        from mdt_portal.operations import gunicorn_settings
        from scheduling.models import Session

        gunicorn_settings.post_worker_init(None)
        coordinator, week = crowded_week.build(options.sessions)
        client = Client(SERVER_NAME="localhost")
        client.force_login(coordinator)
        hospital = Session.objects.order_by("institution").values_list("institution", flat=True)[0]
        case = Case.objects.waiting().filter(team__institution=hospital).order_by("pk")[0]
        board = client.get("/week/", {"week": week}).content.decode()
        state = board.partition('data-state="')[2].partition('"')[0]
        print("| page | least | median | size |\n| --- | ---: | ---: | ---: |")
        for name, path in {
            "queue": "/queue/",
            "board": f"/week/?week={week}",
            "board, nothing new": f"/week/live/?week={week}&state={state}",
            "places for a case": f"/week/places/?case={case.public_id}&week={week}",
            "dialog Move": f"/week/move/?case={case.public_id}&week={week}",
            "Today": "/",
        }.items():
            size = len(client.get(path).content)
            taken = list(_taken(client, path, options.repeats))
            print(f"| {name} | {min(taken):.0f} ms | {statistics.median(taken):.0f} ms | {size / 1000:.0f} KB |")


def _taken(client: object, path: str, repeats: int) -> Iterator[float]:
    """Milliseconds of processor time of each request."""
    for _repeat in range(repeats):
        began = time.process_time()
        client.get(path)  # type: ignore[attr-defined]
        yield (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
