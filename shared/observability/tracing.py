"""One trace identifier from the first request, through topics, to the browser (W3C Trace Context).

The trace id doubles as the correlation id in logs and in problem documents.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

_SHAPE = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def new_traceparent() -> str:
    """Begin a trace."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def is_traceparent(value: str | None) -> bool:
    """Say whether a value from outside has the W3C shape; others are ignored, never passed on."""
    return value is not None and _SHAPE.fullmatch(value) is not None


def bind_traceparent(value: str | None) -> str:
    """Continue the trace of `value`, or begin one when it is missing or malformed, and bind it to the context.

    The trace id stays and this hop gets a span id of its own. Logs written from here on carry it.
    """
    match = _SHAPE.fullmatch(value) if value else None
    bound = f"00-{match[1]}-{secrets.token_hex(8)}-{match[3]}" if match else new_traceparent()
    _bind(bound)
    return bound


def current_traceparent() -> str:
    """Give the trace of this context; begins one where none is bound."""
    return _current.get() or bind_traceparent(None)


def current_correlation_id() -> str:
    """Give the trace id of this context."""
    return current_traceparent()[3:35]


@contextmanager
def traced(value: str | None) -> Iterator[str]:
    """Bind a trace for the length of a block (one message of a batch), then restore the former one."""
    before = _current.get()
    try:
        yield bind_traceparent(value)
    finally:
        if before is None:
            _current.set(None)
            structlog.contextvars.unbind_contextvars("traceparent", "correlation_id")
        else:
            _bind(before)


def _bind(traceparent: str) -> None:
    _current.set(traceparent)
    structlog.contextvars.bind_contextvars(traceparent=traceparent, correlation_id=traceparent[3:35])
