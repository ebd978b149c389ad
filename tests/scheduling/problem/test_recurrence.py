"""Recurrence rules: every part is checked, what calendars paste is read, and writing out takes bounded time."""

from __future__ import annotations

import random
import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from scheduling.problem.core import recurrence
from scheduling.problem.core.recurrence import BadRule

BEGIN = date(2026, 11, 30)
CHINA = ZoneInfo("Asia/Shanghai")
LONGEST_S = 0.05


def days(text: str, *, begin: date = BEGIN, first: date = BEGIN, count: int = 732) -> list[date]:
    return recurrence.days(recurrence.read(text), begin, first, first + timedelta(days=count - 1))


@pytest.mark.parametrize(
    ("text", "why", "part"),
    [
        ("", "shape", ""),
        ("x", "shape", "X"),
        ("BYDAY=MO", "frequency", "FREQ"),
        ("FREQ=HOURLY", "frequency", "FREQ"),
        ("FREQ=WEEKLY;BYDAY=XX", "weekday", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "weekday", "BYDAY"),
        ("FREQ=WEEKLY;WKST=1", "weekday", "WKST"),
        ("FREQ=WEEKLY;BYDAY=2TH", "together", "BYDAY"),
        ("FREQ=YEARLY;BYWEEKNO=3;BYDAY=2TH", "together", "BYDAY"),
        ("FREQ=DAILY;BYHOUR=3", "times_of_day", "BYHOUR"),
        ("FREQ=YEARLY;BYEASTER=1", "unknown", "BYEASTER"),
        ("FREQ=WEEKLY;FREQ=DAILY", "twice", "FREQ"),
        ("FREQ=MONTHLY;INTERVAL=0;BYDAY=MO;BYMONTHDAY=1", "bounds", "INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=-1", "bounds", "INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=1000", "bounds", "INTERVAL"),
        ("FREQ=WEEKLY;INTERVAL=two", "number", "INTERVAL"),
        ("FREQ=WEEKLY;COUNT=0", "bounds", "COUNT"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "bounds", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "bounds", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,", "number", "BYMONTHDAY"),
        ("FREQ=YEARLY;BYMONTH=13", "bounds", "BYMONTH"),
        ("FREQ=YEARLY;BYWEEKNO=60", "bounds", "BYWEEKNO"),
        ("FREQ=DAILY;BYDAY=TH;BYWEEKNO=6", "together", "BYWEEKNO"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "together", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "together", "BYYEARDAY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "positions", "BYSETPOS"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "count_and_until", ""),
        ("FREQ=DAILY;UNTIL=20270231", "until", "UNTIL"),
        ("FREQ=DAILY;UNTIL=tomorrow", "until", "UNTIL"),
        ("RRULE:FREQ=WEEKLY;BYDAY=TH\nEXDATE:20261203T060000Z", "exceptions", "EXDATE"),
        ("FREQ=DAILY\nFREQ=WEEKLY", "shape", ""),
        ("FREQ=DAILY;" * 100, "shape", ""),
    ],
)
def test_each_part_that_cannot_be_is_named(text: str, why: str, part: str) -> None:
    with pytest.raises(BadRule) as raised:
        recurrence.read(text)
    assert (raised.value.why, raised.value.part) == (why, part)


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("RRULE:FREQ=WEEKLY;UNTIL=20261231T235959Z;BYDAY=TH", "FREQ=WEEKLY;UNTIL=20270101;BYDAY=TH"),
        ("FREQ=WEEKLY;UNTIL=20261231T155959Z;BYDAY=TH", "FREQ=WEEKLY;UNTIL=20261231;BYDAY=TH"),
        ("FREQ=WEEKLY;UNTIL=20261231T235959;BYDAY=TH", "FREQ=WEEKLY;UNTIL=20261231;BYDAY=TH"),
        ("DTSTART;TZID=Asia/Shanghai:20261203T140000\nRRULE:FREQ=WEEKLY;BYDAY=TH\n", "FREQ=WEEKLY;BYDAY=TH"),
        ("DTSTART:20261203T060000ZRRULE:FREQ=WEEKLY;BYDAY=TH", "FREQ=WEEKLY;BYDAY=TH"),
        ("RRULE:FREQ=WEEKLY;BYDAY=TH\r\nDTSTART:20261203T060000Z", "FREQ=WEEKLY;BYDAY=TH"),
        ("RRULE:FREQ=WEEKLY;\r\n BYDAY=TH", "FREQ=WEEKLY;BYDAY=TH"),
        (" rrule:freq=weekly; byday=th; ", "FREQ=WEEKLY;BYDAY=TH"),
        ("FREQ=WEEKLY；BYDAY=TH，FR", "FREQ=WEEKLY;BYDAY=TH,FR"),
    ],
)
def test_what_a_calendar_pastes_is_read(pasted: str, kept: str) -> None:
    assert recurrence.read(pasted, zone=CHINA).text == kept
    assert recurrence.read(kept, zone=CHINA).text == kept


def test_the_last_day_of_a_rule_is_one_of_its_days() -> None:
    assert days("FREQ=DAILY;UNTIL=20261202") == [BEGIN + timedelta(days=n) for n in range(3)]


def test_what_never_happens_ends_at_once() -> None:
    assert days("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30") == []
    assert days("FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", first=date(9997, 1, 1)) == []
    assert days("FREQ=DAILY;INTERVAL=300", begin=date(1, 1, 1), first=date(9999, 12, 31), count=1) == []


def test_a_rule_ends_after_its_count_wherever_one_begins_to_look() -> None:
    assert days("FREQ=WEEKLY;COUNT=3", first=BEGIN + timedelta(days=8)) == [BEGIN + timedelta(days=14)]
    assert len(days("FREQ=DAILY;COUNT=1000")) == 732


def test_plain_and_numbered_weekdays_add_up() -> None:
    assert days("FREQ=MONTHLY;BYDAY=WE,1FR", first=date(2026, 12, 1), count=9) == [
        date(2026, 12, 2), date(2026, 12, 4), date(2026, 12, 9),
    ]  # fmt: skip


# Against a library, and at random -------------------------------------------------------------------------------------


def sensible(rnd: random.Random) -> str:
    """A rule that holds and that dateutil reads in the same way."""
    some = lambda low, high: ",".join(str(rnd.randint(low, high)) for _ in range(rnd.randint(1, 3)))  # noqa: E731
    frequency = rnd.choice(recurrence.FREQUENCIES)
    parts = [f"FREQ={frequency}", f"INTERVAL={rnd.choice([1, 1, 2, 3, 5])}"]
    if rnd.random() < 0.5:
        numbered = frequency in ("MONTHLY", "YEARLY") and rnd.random() < 0.5
        names = rnd.sample(recurrence.DAYS, rnd.randint(1, 3))
        parts.append("BYDAY=" + ",".join((rnd.choice(["1", "2", "-1"]) if numbered else "") + one for one in names))
    if rnd.random() < 0.3:
        parts.append(f"BYMONTH={some(1, 12)}")
    if frequency != "WEEKLY" and rnd.random() < 0.3:
        parts.append(f"BYMONTHDAY={rnd.choice(['', '-'])}{rnd.randint(1, 28)}")
    if frequency == "YEARLY" and len(parts) < 3 and rnd.random() < 0.5:
        parts.append(rnd.choice([f"BYWEEKNO={rnd.randint(2, 51)}", f"BYYEARDAY={some(1, 360)}", "BYWEEKNO=1,-1"]))
    if frequency in ("MONTHLY", "YEARLY") and any(one.startswith("BY") for one in parts) and rnd.random() < 0.4:
        parts.append(f"BYSETPOS={rnd.choice([1, 2, -1])}")
    if rnd.random() < 0.2:
        parts.append(f"COUNT={rnd.randint(1, 9)}")
    if rnd.random() < 0.2:
        parts.append(f"WKST={rnd.choice(['MO', 'SU', 'TH'])}")
    return ";".join(parts)


def by_dateutil(text: str) -> list[date]:
    last = datetime(2028, 12, 1)
    rule = rrulestr(text if "COUNT" in text else f"{text};UNTIL=20281201", dtstart=datetime(2026, 11, 30))
    found = []
    for moment in rule:
        if moment > last:
            break
        found.append(moment.date())
    return found


def test_what_holds_takes_place_as_another_library_says() -> None:
    rnd = random.Random(2026)
    for _ in range(120):
        text = sensible(rnd)
        if ("BYMONTHDAY" in text and "BYMONTH=" in text) or text.count("BY") > 3:
            continue  # many of those never happen, and dateutil looks for them until the year 9999
        mine = days(text, count=(date(2028, 12, 1) - BEGIN).days + 1)
        assert mine == by_dateutil(text), text


def wild(rnd: random.Random) -> str:
    """Anything that looks like a rule: half of its parts cannot be."""
    names = ["INTERVAL", "COUNT", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "WKST"]
    names += ["UNTIL", "BYHOUR", "BYEASTER", "X", "FREQ"]
    words = ["0", "-1", "1", "2", "31", "60", "366", "99999", "", "MO", "5FR", "-1SU", "0MO", "20270101", "²", "１"]
    words += ["20261231T235959Z", "99991231T235959Z", "00010101", "=", "NAN", "\n"]
    begin = rnd.choice(["", "", "RRULE:", "DTSTART:20260101\nRRULE:", "EXDATE:1\n"])
    parts = [f"FREQ={rnd.choice([*recurrence.FREQUENCIES, 'HOURLY', ''])}"]
    for _ in range(rnd.randint(0, 5)):
        values = rnd.choices(words, k=rnd.choice([1, 1, 1, 2, 40]))
        parts.append(f"{rnd.choice(names)}={','.join(values)}")
    rnd.shuffle(parts)
    return begin + ";".join(parts)


def test_ten_thousand_rules_at_random_neither_raise_nor_take_long() -> None:
    """In the processor's own time, which a busy machine does not stretch; the slowest one is tried again."""
    rnd = random.Random(7)
    for number in range(10_000):
        text = sensible(rnd) if number % 10 == 0 else wild(rnd)
        begin = date.fromordinal(rnd.choice([1, date.max.toordinal() - 9, rnd.randint(600_000, 800_000)]))
        first = rnd.choice([begin, BEGIN, date.max])
        took = _try(text, begin, first)
        assert min(took, _try(text, begin, first) if took > LONGEST_S else took) < LONGEST_S, text


def _try(text: str, begin: date, first: date) -> float:
    at = time.process_time()
    try:
        rule = recurrence.read(text, zone=CHINA)
    except BadRule:
        return time.process_time() - at
    recurrence.days(rule, begin, first, date.max)
    return time.process_time() - at
