"""The list parameters of `/claims` and `/clients` (interface.md), parsed once for the page and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final, Literal
from urllib.parse import urlencode

from shared.contracts.codes import ClaimKind, ClaimStatus, RepairPhase
from shared.errors import Invalid

PAGE_SIZE: Final = 50
MAX_PAGE: Final = 100_000
MAX_TEXT: Final = 200
CLAIM_SORTS: Final = ("activity", "event_date", "claim_number", "client", "plate", "status", "kind", "eta")
"""Orders of the list, `-` in front for descending. `-activity` (newest change first) is the default."""

CLIENT_SORTS: Final = ("name", "activity")
ClaimScope = Literal["open", "closed", "all"]
NO_REPAIR: Final = "none"
"""As a `phase`: claims that no garage repairs."""
NEEDS: Final = ("late", "silent", "documents", "cheques")
"""What home counts, as filters of the list: `queries/needs.py` says what each means."""


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """What a list of claims shows. Every field is a URL parameter of the same name; empty means no filter."""

    q: str = ""
    claim_number: str = ""
    plate: str = ""
    client: str = ""
    state: ClaimScope = "open"
    status: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    insurer: tuple[str, ...] = ()
    garage: tuple[str, ...] = ()
    phase: tuple[str, ...] = ()
    need: str = ""
    mine: bool = False
    unread: bool = False
    event_from: date | None = None
    event_to: date | None = None
    sort: str = "-activity"
    page: int = 1
    exact_number: str = ""
    """Never in an address: what was typed turned out to be this claim's number."""

    @classmethod
    def parse(cls, parameters: Mapping[str, str], *, state: ClaimScope = "open") -> ClaimQuery:
        """Read URL parameters; raises `Invalid` naming the parameter. Several values are separated by commas.

        `state` is the default when the address names none. Unknown parameters are ignored, as links carry more.
        """
        event_from = _day(parameters, "event_from")
        event_to = _day(parameters, "event_to")
        if event_from and event_to and event_from > event_to:
            raise Invalid("invalid_parameter", "event_from is after event_to", "event_from")
        return cls(
            q=_text(parameters, "q"),
            claim_number=_text(parameters, "claim_number"),
            plate=_text(parameters, "plate"),
            client=_text(parameters, "client"),
            state=_one_of(parameters, "state", ("open", "closed", "all"), state),  # type: ignore[arg-type]
            status=_codes(parameters, "status", ClaimStatus),
            kind=_codes(parameters, "kind", ClaimKind),
            insurer=_several(parameters, "insurer"),
            garage=_several(parameters, "garage"),
            phase=_codes(parameters, "phase", RepairPhase, NO_REPAIR),
            need=_one_of(parameters, "need", ("", *NEEDS), ""),
            mine=_flag(parameters, "mine"),
            unread=_flag(parameters, "unread"),
            event_from=event_from,
            event_to=event_to,
            sort=_sort(parameters, CLAIM_SORTS, "-activity"),
            page=_page(parameters),
        )

    def with_(self, **changes: Any) -> ClaimQuery:
        """Give the same query with other values; changing a filter should also set `page=1`."""
        return replace(self, **changes)

    @property
    def typed(self) -> bool:
        """Whether it looks for what somebody typed, letter by letter."""
        return bool(self.q or self.claim_number or self.plate or self.client)

    def url_parameters(self) -> str:
        """Write the query as it stands in an address, leaving out what is the default."""
        return _url(self, ClaimQuery())


@dataclass(frozen=True, slots=True)
class ClientQuery:
    """What a list of clients shows."""

    q: str = ""
    sort: str = "name"
    page: int = 1

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> ClientQuery:
        """Read URL parameters; raises `Invalid` naming the parameter."""
        return cls(
            q=_text(parameters, "q"), sort=_sort(parameters, CLIENT_SORTS, "name"), page=_page(parameters)
        )

    def url_parameters(self) -> str:
        """Write the query as it stands in an address."""
        return _url(self, ClientQuery())


def _url(query: Any, default: Any) -> str:
    found: dict[str, str] = {}
    for one in fields(query):
        value = getattr(query, one.name)
        if value != getattr(default, one.name):
            found[one.name] = _written(value)
    return urlencode(found)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)


def _text(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name, "").replace("\x00", "").strip()
    if len(value) > MAX_TEXT:
        raise Invalid("invalid_parameter", f"{name} is longer than {MAX_TEXT} characters", name)
    return value


def _several(parameters: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _text(parameters, name).split(",") if part.strip())


def _codes(parameters: Mapping[str, str], name: str, codes: type[StrEnum], *more: str) -> tuple[str, ...]:
    known = (*(code.value for code in codes), *more)
    for value in (values := _several(parameters, name)):
        if value not in known:
            raise Invalid("invalid_parameter", f"{name} is one of {', '.join(known)}", name)
    return values


def _one_of(parameters: Mapping[str, str], name: str, known: tuple[str, ...], default: str) -> str:
    value = _text(parameters, name) or default
    if value not in known:
        raise Invalid("invalid_parameter", f"{name} is one of {', '.join(known)}", name)
    return value


def _sort(parameters: Mapping[str, str], known: tuple[str, ...], default: str) -> str:
    value = _text(parameters, "sort") or default
    if value.removeprefix("-") not in known:
        raise Invalid(
            "invalid_parameter", f"sort is one of {', '.join(known)}, with - in front for descending", "sort"
        )
    return value


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    return _one_of(parameters, name, ("0", "1", "true", "false"), "0") in {"1", "true"}


def _day(parameters: Mapping[str, str], name: str) -> date | None:
    value = _text(parameters, name)
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Invalid("invalid_parameter", f"{name} is a date such as 2026-11-03", name) from None


def _page(parameters: Mapping[str, str]) -> int:
    value = _text(parameters, "page")
    if not value:
        return 1
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value) <= MAX_PAGE:
        raise Invalid("invalid_parameter", "page is a number from 1", "page")
    return int(value)
