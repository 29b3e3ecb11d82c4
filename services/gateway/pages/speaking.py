"""Whom the template that is being rendered speaks to.

Filters and translations need to know; the reader stands in a context variable for the time of one rendering, so that macros
stay plain and compiled templates are shared by all languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from services.gateway.pages.figures import Reader
    from services.gateway.pages.packing import Packed

_reader: ContextVar[Reader] = ContextVar("reader")
_day: ContextVar[date] = ContextVar("day")
_EVER: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(slots=True)
class Lasting:
    """From when until when something that was written stays true, both instants included; day and reader stay the same."""

    since: datetime = _EVER[0]
    until: datetime = _EVER[1]

    def holds(self, now: datetime) -> bool:
        """Whether it is true at this instant."""
        return self.since <= now <= self.until

    def narrow(self, since: datetime, until: datetime) -> None:
        """It is no longer true than this."""
        self.since, self.until = max(self.since, since), min(self.until, until)

    def tell(self) -> None:
        """Say so to whoever makes the part that this stands in."""
        lasts(self.since, self.until)


_lasting: ContextVar[Lasting | None] = ContextVar("lasting", default=None)


def current_reader() -> Reader:
    """Give the reader; asking outside a rendering is a LookupError."""
    return _reader.get()


def current_day() -> date:
    """Give the reader's calendar day."""
    return _day.get()


@contextmanager
def speaking_to(reader: Reader) -> Iterator[None]:
    """Speak to this reader inside the block."""
    token, day = _reader.set(reader), _day.set(reader.today)
    try:
        yield
    finally:
        _reader.reset(token)
        _day.reset(day)


def lasts(since: datetime = _EVER[0], until: datetime = _EVER[1]) -> None:
    """Say that what is being written now is true in this time alone. Nobody listens where nothing is kept."""
    lasting = _lasting.get()
    if lasting is not None:
        lasting.narrow(since, until)


_places: ContextVar[list[Packed] | None] = ContextVar("places", default=None)
PLACE: Final = Markup(f"<!--{token_hex(16)}-->")  # noqa: S704 - nothing of anybody's
"""What stands in a page where a part of it comes: nobody else can write it."""


@contextmanager
def made_lasting() -> Iterator[Lasting]:
    """Gather how long what is written inside the block stays true. Parts of it are written out: it may be kept as a whole."""
    lasting = Lasting()
    token, places = _lasting.set(lasting), _places.set(None)
    try:
        yield lasting
    finally:
        _places.reset(places)
        _lasting.reset(token)


def has_places() -> bool:
    """Whether a page is being written that leaves places for its parts."""
    return _places.get() is not None


def placed(part: Packed) -> Markup:
    """Leave a place for a part that is packed already; places are filled in the order in which they were left."""
    places = _places.get()
    if places is None:
        return Markup(part.text)  # noqa: S704 - what a macro made
    places.append(part)
    return PLACE


@contextmanager
def leaving_places() -> Iterator[list[Packed]]:
    """Gather the parts of what is written inside the block."""
    places: list[Packed] = []
    token = _places.set(places)
    try:
        yield places
    finally:
        _places.reset(token)
