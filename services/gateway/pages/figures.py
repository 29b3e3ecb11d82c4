"""Money, dates, durations, numbers and codes as a reader of each language expects them, as plain text.

Sources: CLDR through Babel, but for two things. The amounts of `he_IL` carry marks that put the minus on the wrong
side once the amount is isolated left to right, so Hebrew has its own pattern. Policy numbers are split at the last
dash, because brokers work with the digits after it (domain.md, 1).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import TIMEDELTA_UNITS, format_date, format_timedelta
from babel.numbers import format_currency, format_decimal

from services.gateway.pages.languages import LANGUAGES, Language, translations

_MONEY_PATTERN: Final = {"he": "¤#,##0.00;-¤#,##0.00"}
_DAY_PATTERN: Final = {"fr": "dd/MM", "he": "d.M", "en": "d MMM"}
_DATE_PATTERN: Final = {"en": "d MMM yyyy"}
_WEEKDAY_PATTERN: Final = {"fr": "EEEE d MMMM", "he": "EEEE, d בMMMM", "en": "EEEE d MMMM"}
_SOON: Final = timedelta(days=7)
_NEXT: Final = 0.85
"""The part of a unit from which on it is told in that unit: Babel's own."""
_distances: Final[dict[tuple[str, bool, str, int], str]] = {}
FSI, PDI = "\u2068", "\u2069"
LRI: Final = "\u2066"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who a text is written for: the language, the zone of the agency, and the present instant."""

    language: Language
    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> dt.date:
        """The calendar day in the agency's zone."""
        return self.now.astimezone(self.zone).date()

    def money(self, amount: Decimal | str, currency: str) -> str:
        """An amount with its currency: `1 234,50 €`, `₪1,234.50`, `€1,234.50`."""
        return _money(str(amount), currency, self.language.code)

    def number(self, value: Decimal | float) -> str:
        """A number with the separators of the language."""
        return format_decimal(value, locale=self.language.locale)

    def date(self, day: dt.date) -> str:
        """A calendar day in full figures: `03/11/2026`, `3.11.2026`."""
        return _date(day, _DATE_PATTERN.get(self.language.code, "short"), self.language.code)

    def day(self, day: dt.date) -> str:
        """Day and month; with the year when it is not this one."""
        if day.year != self.today.year:
            return self.date(day)
        return _date(day, _DAY_PATTERN[self.language.code], self.language.code)

    def instant(self, at: datetime) -> str:
        """Day and time in the agency's zone."""
        local = at.astimezone(self.zone)
        return f"{self.date(local.date())} {_clock(local)}"

    def time(self, at: datetime) -> str:
        """The time of day in the agency's zone."""
        return _clock(at.astimezone(self.zone))

    def long_date(self, day: dt.date) -> str:
        """A calendar day in words, with the weekday."""
        return format_date(day, "full", locale=self.language.locale)

    def weekday(self, day: dt.date) -> str:
        """The weekday, short."""
        return format_date(day, "ccc", locale=self.language.locale)

    def weekday_date(self, day: dt.date) -> str:
        """Weekday and day of the month, as a heading."""
        return format_date(day, _WEEKDAY_PATTERN[self.language.code], locale=self.language.locale)

    def is_recent(self, at: datetime) -> bool:
        """Whether an instant is told by how long ago it was."""
        return abs(at - self.now) < _SOON

    def relative(self, at: datetime) -> str:
        """How long ago, up to a week: `2 min ago`; then the date."""
        delta = at - self.now
        if not self.is_recent(at):
            return self.date(at.astimezone(self.zone).date())
        if abs(delta) < timedelta(minutes=1):
            return translations(self.language.code).gettext("just now")
        return _distance(delta.days * 86400 + delta.seconds, self.language.code)

    def days_until(self, day: dt.date) -> str:
        """`in 3 days`, `5 days ago`; today and tomorrow are the caller's words."""
        return format_timedelta(
            timedelta(days=(day - self.today).days), granularity="day", threshold=400, add_direction=True,
            locale=self.language.locale,
        )  # fmt: skip

    def size(self, size: int) -> str:
        """A file's size in decimal units, as phones and desktops show it."""
        value, unit = float(size), "B"
        for unit in ("B", "KB", "MB", "GB"):
            if value < 1000 or unit == "GB":  # noqa: PLR2004 - decimal prefixes
                break
            value /= 1000
        names = _SIZE_UNITS[self.language.code]
        return f"{self.number(round(value, 1) if value < 10 and unit != 'B' else round(value))} {names[unit]}"  # noqa: PLR2004


@lru_cache(maxsize=4096)
def _money(amount: str, currency: str, language: str) -> str:
    """Babel reads its patterns anew for each amount, and a list says the same few again and again."""
    pattern = _MONEY_PATTERN.get(language)
    return format_currency(Decimal(amount), currency, format=pattern, locale=LANGUAGES[language].locale)


@lru_cache(maxsize=4096)
def _date(day: dt.date, pattern: str, language: str) -> str:
    return format_date(day, pattern, locale=LANGUAGES[language].locale)


def _distance(seconds: int, language: str) -> str:
    """How far an instant is, in seconds, past when negative: Babel's words, kept by the unit and the number that it says.

    It takes long to find its patterns; within a week there are a few hundred texts.
    """
    unit, number = next(
        (
            (unit, round(abs(seconds) / size))
            for unit, size in TIMEDELTA_UNITS
            if abs(seconds) / size >= _NEXT
        ),
        ("", 0),
    )
    key = (language, seconds < 0, unit, number)
    text = _distances.get(key)
    if text is None:
        text = _distances[key] = format_timedelta(
            seconds, add_direction=True, format="short", threshold=_NEXT, locale=LANGUAGES[language].locale
        )
    return text


def _clock(at: datetime) -> str:
    """All three languages write the time alike."""
    return f"{at.hour:02}:{at.minute:02}"


_SIZE_UNITS: Final = {
    "fr": {"B": "o", "KB": "ko", "MB": "Mo", "GB": "Go"},
    "he": {"B": "בתים", "KB": "ק״ב", "MB": "מ״ב", "GB": "ג״ב"},
    "en": {"B": "bytes", "KB": "KB", "MB": "MB", "GB": "GB"},
}


def policy_number_parts(number: str) -> tuple[str, str]:
    """Split a policy number into what leads and the digits people work with: `4501-` and `889231`."""
    head, dash, tail = number.rpartition("-")
    return (head + dash, tail) if dash else ("", number)


def isolated(text: str) -> str:
    """Wrap a name in first-strong isolates, so that it does not reorder plain text around it."""
    return f"{FSI}{text}{PDI}"


def isolated_code(text: str) -> str:
    """Wrap a plate, number or amount in left-to-right isolates for plain text."""
    return f"{LRI}{text}{PDI}"
