"""Views of the claims list: those that everybody has, and those that a user saved. Each is a name for an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final
from urllib.parse import parse_qsl

from services.gateway.pages.languages import translations
from services.gateway.queries import ClaimQuery, ViewRow
from shared.errors import DomainError

BUILT_IN: Final = {
    "open": "",
    "mine": "mine=1",
    "silent": "need=silent&sort=activity",
    "late": "need=late&sort=eta",
    "third-party": "kind=third_party",
}
"""Name in the address -> parameters of the list."""


@dataclass(frozen=True, slots=True)
class View:
    """A view as a tab: `own` ones can be renamed, moved and deleted."""

    id: str
    name: str
    query: str
    active: bool = False
    own: bool = False


def views_of(rows: Sequence[ViewRow], query: ClaimQuery, language: str) -> tuple[View, ...]:
    """Give all tabs; the one that shows the same list as the address is active."""
    shown = query.with_(page=1)
    built_in = [View(one, name, BUILT_IN[one]) for one, name in _names(language).items()]
    own = [View(row.id, row.name, row.query, own=True) for row in rows]
    found: list[View] = []
    for one in (*built_in, *own):
        active = not any(before.active for before in found) and parsed(one.query) == shown
        found.append(replace(one, active=active))
    return tuple(found)


def parsed(parameters: str) -> ClaimQuery | None:
    """Read the parameters of a view; None for one that says something this version does not know."""
    try:
        return ClaimQuery.parse(dict(parse_qsl(parameters))).with_(page=1)
    except DomainError:
        return None


@cache
def _names(language: str) -> dict[str, str]:
    pgettext = translations(language).pgettext
    return {
        "open": pgettext("view", "All open"),
        "mine": pgettext("view", "Mine"),
        "silent": pgettext("view", "Silent garages"),
        "late": pgettext("view", "Late"),
        "third-party": pgettext("view", "Third party"),
    }
