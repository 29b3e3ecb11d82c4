"""Whom the template that is being rendered speaks to.

Filters and translations need to know; the reader stands in a context variable for the time of one rendering, so that macros
stay plain and compiled templates are shared by all languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from services.gateway.pages.languages import Texts, translations

if TYPE_CHECKING:
    from services.gateway.pages.figures import Reader

_reader: ContextVar[Reader] = ContextVar("reader")


def current_reader() -> Reader:
    """Give the reader; asking outside a rendering is a LookupError."""
    return _reader.get()


def current_translations() -> Texts:
    """Give the reader's catalog."""
    return translations(current_reader().language.code)


@contextmanager
def speaking_to(reader: Reader) -> Iterator[None]:
    """Speak to this reader inside the block."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)
