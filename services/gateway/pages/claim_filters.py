"""The active filters of the claims list as removable chips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import parse_qsl

from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import translations
from services.gateway.pages.speaking import current_reader
from services.gateway.pages.words import word
from services.gateway.queries import ClaimQuery
from services.gateway.queries.parameters import NO_REPAIR

Choices = Mapping[str, Sequence[tuple[str, str]]]
_LISTS: Final = {"status": "claim_status", "kind": "claim_kind", "phase": "repair_phase"}
_TEXTS: Final = ("claim_number", "plate", "client")


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter: what it says, and the address of the list without it."""

    label: str
    value: str
    without: str


def chips_of(query: ClaimQuery, choices: Choices, reader: Reader) -> tuple[Chip, ...]:
    """Give a chip for each value that narrows the list, but for those with a control of their own in sight."""
    names = filter_names(reader.language.code)
    base = query.with_(page=1)
    found: list[Chip] = []
    if query.need:
        found.append(
            Chip("", need_names(reader.language.code)[query.need], base.with_(need="").url_parameters())
        )
    if query.mine:
        found.append(Chip("", names["mine"], base.with_(mine=False).url_parameters()))
    for field in ("status", "kind", "phase", "insurer", "garage"):
        values: tuple[str, ...] = getattr(query, field)
        shown = dict(choices.get(field, ()))
        for value in values:
            text = shown.get(value) or _code_name(reader.language.code, field, value)
            rest = tuple(one for one in values if one != value)
            found.append(Chip(names[field], text, base.with_(**{field: rest}).url_parameters()))
    typed = {field: getattr(query, field) for field in _TEXTS}
    found.extend(
        Chip(names[field], text, base.with_(**{field: ""}).url_parameters())
        for field, text in typed.items()
        if text
    )
    days = {"event_from": query.event_from, "event_to": query.event_to}
    found.extend(
        Chip(names[field], reader.date(day), base.with_(**{field: None}).url_parameters())
        for field, day in days.items()
        if day
    )
    return tuple(found)


def _code_name(language: str, field: str, value: str) -> str:
    if (field, value) == ("phase", NO_REPAIR):
        return translations(language).pgettext("repair", "No repair")
    return word(language, _LISTS[field], value) if field in _LISTS else value


@cache
def filter_names(language: str) -> dict[str, str]:
    """What each filter is called."""
    texts = translations(language)
    return {
        "status": texts.gettext("Status"),
        "kind": texts.gettext("Kind"),
        "phase": texts.gettext("Repair phase"),
        "insurer": texts.gettext("Insurer"),
        "garage": texts.gettext("Garage"),
        "claim_number": texts.gettext("Claim"),
        "plate": texts.gettext("Plate"),
        "client": texts.gettext("Client"),
        "event_from": texts.gettext("Event from"),
        "event_to": texts.gettext("Event until"),
        "mine": texts.gettext("I worked on it"),
    }


@cache
def need_names(language: str) -> dict[str, str]:
    """What each need is called."""
    pgettext = translations(language).pgettext
    return {
        "late": pgettext("need", "Late repairs"),
        "silent": pgettext("need", "Silent garages"),
        "documents": pgettext("need", "Documents to send"),
        "cheques": pgettext("need", "Cheques to deposit"),
    }


def needs_in_words() -> tuple[tuple[str, str], ...]:
    """The needs as the options of a field."""
    return tuple(need_names(current_reader().language.code).items())


def list_address(query: ClaimQuery) -> str:
    """The parameters of the first page of a list."""
    return query.with_(page=1).url_parameters()


def list_parameters(query: ClaimQuery) -> dict[str, str]:
    """The same one by one, for links that change one of them."""
    return dict(parse_qsl(list_address(query)))


def is_filtered(query: ClaimQuery) -> bool:
    """Whether the list shows anything but all open claims."""
    return bool(set(list_parameters(query)) - {"sort"})


def is_narrowed(query: ClaimQuery) -> bool:
    """Whether a filter is set, beside the choice of open and closed claims."""
    return bool(set(list_parameters(query)) - _NOT_FILTERS)


_NOT_FILTERS: Final = frozenset({"sort", "page", "state"})
