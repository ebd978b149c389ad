"""Days in the life of a patient, as referral form, API and FHIR give them: one reading, one judgement. Pure.

    read("1961")  read("1961-04")  read("1961-04-03")  read("1961年4月3日")  read("2026-11-24T23:30:00Z", zone)

Source of the ISO forms: https://hl7.org/fhir/R4/datatypes.html#dateTime. 03/04/1961 could be two days and is none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal

OLDEST = 130
"""No patient is older, in years."""

_ISO = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_CHINESE = re.compile(r"(?P<year>\d{4})\s*年\s*((?P<month>\d{1,2})\s*月\s*((?P<day>\d{1,2})\s*[日号])?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A day as it was given: by year only, by year and month, or whole. `first` is the earliest day it can be."""

    first: date
    precision: Literal["year", "month", "day"] = "day"

    @property
    def exact(self) -> bool:
        return self.precision == "day"

    @property
    def known(self) -> date | None:
        """The day, where it is no guess."""
        return self.first if self.exact else None

    @property
    def day(self) -> date:
        """The day, else the middle of the month or year that was named."""
        if self.exact:
            return self.first
        return self.first.replace(day=15) if self.precision == "month" else self.first.replace(month=7)


def read(text: str, zone: tzinfo | None = None) -> Given | None:
    """The day of a date or of a moment; None for what is none. A moment with an offset is the day that it was in
    `zone`."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _ISO.fullmatch(plain) or _CHINESE.fullmatch(plain)
    if found is None:
        return None
    try:
        if "T" in plain:
            moment = datetime.fromisoformat(plain)
            if moment.tzinfo and zone:
                return Given(first=moment.astimezone(zone).date())
        first = date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
    except (ValueError, OverflowError):
        return None
    return Given(first=first, precision="day" if found["day"] else "month" if found["month"] else "year")


def is_birth(born: Given, today: date) -> bool:
    """Whether a patient of today, or one who died lately, can have been born then."""
    return born.first <= today and age_on(born.first, today) <= OLDEST + (not born.exact)


def is_birth_year(year: int, today: date) -> bool:
    return is_birth(Given(first=date(year, 1, 1), precision="year"), today) if 0 < year <= today.year else False


def age_on(born: date, day: date) -> int:
    """Full years on `day`; negative for somebody who was not born yet."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def age_of(born: Given, day: date) -> int:
    """Full years on `day`, counted from the middle of what is known of the birth; never negative."""
    return max(0, age_on(born.day, day))
