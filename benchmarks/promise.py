"""./manage.py shell -c "from benchmarks import promise; promise.main()": the promise at the server, on the demo's week.

For each case in the pool or the plan, the five earliest times as if it were referred anew: reading the database, the
solver, the words. Wall clock and processor time, since a busy machine shows in the first only. Nothing is written.
"""

import time

from benchmarks.response import line
from cases.models import Case
from cases.states import CaseStatus
from scheduling.models import Session
from scheduling.publishing import earliest_slots

PLACED = (CaseStatus.WAITING, CaseStatus.PLANNED, CaseStatus.CONFIRMED)


def main() -> None:
    wall, processor, kept = [], [], 0
    for case in Case.objects.filter(status__in=PLACED).select_related("team__institution", "institution"):
        case.pk, case.status = None, CaseStatus.WAITING
        began, worked = time.perf_counter(), time.process_time()
        kept += bool(earliest_slots.earliest_slots(case))
        wall.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.process_time() - worked))
    print("| what | n | median ms | p95 ms | max ms | |\n| --- | ---: | ---: | ---: | ---: | --- |")
    note = f"{kept} have a time; {Session.objects.live().count()} sessions published"
    print(f"| {line('promise at the server', wall, note)[2:]}")
    print(f"| {line('its processor time', processor)[2:]}")
