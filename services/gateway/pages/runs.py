"""What is told together: ten photographs of one car are one line of the alerts and of a history."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import groupby
from typing import Final

from services.gateway.pages.languages import translations
from services.gateway.queries import ActivityRow, AlertRow

_TOGETHER: Final = "document-added"
NAMED: Final = 3
"""How many of those told together are called by their names."""


def alert_runs(alerts: Iterable[AlertRow]) -> tuple[tuple[AlertRow, ...], ...]:
    """Put alerts together that follow each other and tell of files that one person added to one file on one day, all read or all unread."""
    return tuple(tuple(run) for _, run in groupby(alerts, lambda one: (*_key(one.kind, one), one.read)))


def activity_runs(rows: Iterable[ActivityRow]) -> tuple[tuple[ActivityRow, ...], ...]:
    """Put rows of a history together that follow each other and tell of files that one person added to one file on one day."""
    return tuple(tuple(run) for _, run in groupby(rows, lambda one: _key(one.happening, one)))


def _key(happening: str, row: AlertRow | ActivityRow) -> tuple[Hashable, ...]:
    if happening != _TOGETHER:
        return (id(row),)
    return (row.claim_number, row.policy_number, row.client_id, row.actor_kind, row.actor_name, row.at.date())


def files_added(number: int, language: str) -> str:
    """Say how many files."""
    texts = translations(language)
    return texts.ngettext("%(num)d file added", "%(num)d files added", number) % {"num": number}


def first_named(names: Sequence[str], language: str) -> str:
    """Name the first, each name once, and say how many more there are."""
    names = list(dict.fromkeys(filter(None, names)))
    texts, more = translations(language), len(names) - NAMED
    rest = [texts.ngettext("and %(num)d more", "and %(num)d more", more) % {"num": more}] if more > 0 else []
    return ", ".join([*names[:NAMED], *rest])
