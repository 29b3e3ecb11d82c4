"""Whom the template that is being rendered speaks to.

Filters and translations need to know; the reader stands in a context variable for the time of one rendering, so that macros
stay plain and compiled templates are shared by all languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.gateway.pages.figures import Reader

_reader: ContextVar[Reader] = ContextVar("reader")
_day: ContextVar[date] = ContextVar("day")


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
