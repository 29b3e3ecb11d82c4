"""Alerts grouped as people read them: by day, and within it by file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from services.gateway.pages.alert_links import subject_link
from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import translations
from services.gateway.pages.runs import alert_runs
from services.gateway.queries import AlertRow

ALERT_KINDS: Final = {
    "repair": ("repair-",),
    "money": ("settlement-", "cheque-"),
    "appraisal": ("appraisal-",),
    "documents": ("document-",),
    "claim": ("claim-",),
    "contract": ("contract-", "client-"),
}
"""Filter of the page -> how the kinds of its alerts begin."""


@dataclass(frozen=True, slots=True)
class AlertLine:
    """What stands as one line: an alert, or files that one person added to one file in a row, newest first."""

    alerts: tuple[AlertRow, ...]

    @property
    def newest(self) -> AlertRow:
        """The alert whose link, sender and time the line shows."""
        return self.alerts[0]


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """The alerts of one file on one day, newest first; `href` is the file."""

    claim_number: str | None
    policy_number: str | None
    client_name: str
    href: str
    alerts: tuple[AlertRow, ...]

    @property
    def lines(self) -> tuple[AlertLine, ...]:
        """The alerts as they stand, one below the other."""
        return lines_of(self.alerts)

    @property
    def unread(self) -> tuple[str, ...]:
        """The ids of those that are not read."""
        return tuple(one.id for one in self.alerts if not one.read)


@dataclass(frozen=True, slots=True)
class AlertDay:
    """A day and its files, the one that changed last first."""

    name: str
    groups: tuple[AlertGroup, ...]


def grouped(alerts: Sequence[AlertRow], reader: Reader) -> tuple[AlertDay, ...]:
    """Group alerts, which come newest first."""
    days: dict[str, dict[tuple[str | None, str | None], list[AlertRow]]] = {}
    for one in alerts:
        day = _day_name(one, reader)
        file = (one.claim_number, one.policy_number if one.claim_number is None else None)
        key = file if any(file) else (None, f"client {one.client_id}")
        days.setdefault(day, {}).setdefault(key, []).append(one)
    return tuple(AlertDay(day, tuple(_group(rows) for rows in files.values())) for day, files in days.items())


def lines_of(alerts: Sequence[AlertRow]) -> tuple[AlertLine, ...]:
    """Give the lines of alerts that come newest first."""
    return tuple(map(AlertLine, alert_runs(alerts)))


def _group(rows: list[AlertRow]) -> AlertGroup:
    first = rows[0]
    return AlertGroup(
        first.claim_number,
        first.policy_number if first.claim_number is None else None,
        first.client_name,
        subject_link(first).partition("#")[0],
        tuple(rows),
    )


def _day_name(alert: AlertRow, reader: Reader) -> str:
    day = alert.at.astimezone(reader.zone).date()
    away = (reader.today - day).days
    texts = translations(reader.language.code)
    if away == 0:
        return texts.gettext("Today")
    return texts.gettext("Yesterday") if away == 1 else reader.long_date(day)


@cache
def kind_names(language: str) -> dict[str, str]:
    """What each filter is called."""
    pgettext = translations(language).pgettext
    return {
        "repair": pgettext("alerts", "Repairs"),
        "money": pgettext("alerts", "Payments"),
        "appraisal": pgettext("alerts", "Appraisals"),
        "documents": pgettext("alerts", "Documents"),
        "claim": pgettext("alerts", "Claims"),
        "contract": pgettext("alerts", "Contracts and clients"),
    }
