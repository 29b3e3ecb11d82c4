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
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from services.gateway.pages.languages import LANGUAGES, Language, Texts, translations

_MONEY_PATTERN: Final = {"he": "¤#,##0.00;-¤#,##0.00"}
_DAY_PATTERN: Final = {"fr": "dd/MM", "he": "d.M", "en": "d MMM"}
_DATE_PATTERN: Final = {"en": "d MMM yyyy"}
_WEEKDAY_PATTERN: Final = {"fr": "EEEE d MMMM", "he": "EEEE, d בMMMM", "en": "EEEE d MMMM"}
_SOON: Final = timedelta(days=7)
_TICK: Final = timedelta(microseconds=1)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(hours=24)
FORMS: Final = 3
"""How many forms a counted word has at most in our languages: for one, for two, and for more."""
FSI, PDI = "\u2068", "\u2069"
LRI: Final = "\u2066"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who a text is written for: the language, the zone of the agency, the present instant, and the countries of his agencies."""

    language: Language
    zone: ZoneInfo
    now: datetime
    at_home: frozenset[str] = frozenset()

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
        """Whether an instant is told by how long ago it was; a clock that is up to a minute ahead of ours is forgiven."""
        return -_MINUTE < self.now - at < _SOON

    def relative(self, at: datetime) -> str:
        """How long ago, up to a week: `2 min ago`, `yesterday`; then the date.

        Whole units only, as `ago` in `figures.js` counts them: what is written here is told again there, with the same words.
        From 24 hours on the days are those of the calendar, since "yesterday" is a day and not a duration.
        """
        if not self.is_recent(at):
            return self.date(at.astimezone(self.zone).date()) if at < self.now else self.instant(at)
        words, minutes = ago_words(self.language.code), (self.now - at) // _MINUTE
        if minutes < 1:
            return words[0]
        hours = minutes // 60
        days = (self.today - at.astimezone(self.zone).date()).days
        unit, number = (0, minutes) if hours < 1 else (1, hours) if hours < 24 else (2, days)  # noqa: PLR2004
        return words[FORMS * unit + min(number, FORMS)].replace("{n}", str(number))

    def told_alike(self, at: datetime) -> tuple[datetime, datetime]:
        """From when until when `relative` and `is_recent` tell an instant as they do now, while the day is the same."""
        ago = self.now - at
        if ago <= -_MINUTE:
            return datetime.min.replace(tzinfo=dt.UTC), at - _MINUTE
        if ago < _MINUTE:
            return at - _MINUTE + _TICK, at + _MINUTE - _TICK
        if ago >= _SOON:
            return at + _SOON, datetime.max.replace(tzinfo=dt.UTC)
        if ago >= _DAY:
            return at + _DAY, at + _SOON - _TICK
        unit = _HOUR if ago >= _HOUR else _MINUTE
        begun = at + ago // unit * unit
        return begun, begun + unit - _TICK

    def days_until(self, day: dt.date) -> str:
        """`today`, `tomorrow`, `in 3 days`, `yesterday`, `5 days ago`."""
        texts, days = translations(self.language.code), (day - self.today).days
        if days == 0:
            return texts.gettext("today")
        if days == 1:
            return texts.gettext("tomorrow")
        if days > 0:
            return texts.ngettext("in %(num)d day", "in %(num)d days", days) % {"num": days}
        return _days_ago(texts, -days) % {"num": -days}

    def percent(self, value: Decimal | int) -> str:
        """A percentage: `38 %` with a space that does not break in French, else `38%`."""
        return _percent(str(value), self.language.code)

    def size(self, size: int) -> str:
        """A file's size in decimal units, as phones and desktops show it."""
        value, unit = float(size), "B"
        for unit in ("B", "KB", "MB", "GB"):
            if value < 1000 or unit == "GB":  # noqa: PLR2004 - decimal prefixes
                break
            value /= 1000
        names = _SIZE_UNITS[self.language.code]
        return f"{self.number(round(value, 1) if value < 10 and unit != 'B' else round(value))} {names[unit]}"  # noqa: PLR2004


@cache
def ago_words(language: str) -> tuple[str, ...]:
    """What `relative` writes: `just now`, then minutes, hours and days ago, each in its `FORMS`; `{n}` is the number.

    The page hands them to its script, so that neither has words, plurals or roundings of its own.
    """
    texts, numbers = translations(language), range(1, FORMS + 1)
    counted = (
        *(texts.ngettext("%(num)d min ago", "%(num)d min ago", number) for number in numbers),
        *(texts.ngettext("%(num)d hour ago", "%(num)d hours ago", number) for number in numbers),
        *(_days_ago(texts, number) for number in numbers),
    )
    return (texts.gettext("just now"), *(form.replace("%(num)d", "{n}") for form in counted))


def _days_ago(texts: Texts, days: int) -> str:
    if days == 1:
        return texts.gettext("yesterday")
    return texts.ngettext("%(num)d day ago", "%(num)d days ago", days)


@lru_cache(maxsize=4096)
def _money(amount: str, currency: str, language: str) -> str:
    """Babel reads its patterns anew for each amount, and a list says the same few again and again."""
    pattern = _MONEY_PATTERN.get(language)
    return format_currency(Decimal(amount), currency, format=pattern, locale=LANGUAGES[language].locale)


@lru_cache(maxsize=4096)
def _percent(value: str, language: str) -> str:
    return format_percent(Decimal(value) / 100, locale=LANGUAGES[language].locale)


@lru_cache(maxsize=4096)
def _date(day: dt.date, pattern: str, language: str) -> str:
    return format_date(day, pattern, locale=LANGUAGES[language].locale)


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
