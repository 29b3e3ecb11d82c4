"""Log lines: structlog events with keys, from our code and from the libraries alike.

Lines carry ids only. The message of an exception may quote what a person typed (a validation error repeats its
input, a database error its key), so it is written at level DEBUG alone; the types and the places always are.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

if TYPE_CHECKING:
    from shared.settings import Settings

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]
_FRAMES = 12
_NOISY = (
    "aiokafka",
    "alembic",
    "aiosqlite",
    "asyncio",
    "faststream",
    "urllib3",
    "multipart",
    "python_multipart",
)


def configure_logging(service: str, settings: Settings) -> None:
    """Send every log line of this process to standard output, in the form that the settings ask for."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _named(service),
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _places(with_messages=level <= logging.DEBUG),
    ]
    renderer: Processor = _json if settings.log_format == "json" else _console()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # Our own middleware logs requests by route; uvicorn would log raw paths.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _named(service: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return add


def _places(*, with_messages: bool) -> Processor:
    """Turn `exc_info` into the chain of types and the places they came through."""

    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        given = event.pop("exc_info", None)
        error = _error_of(given)
        if error is not None:
            event["exception"] = describe_exception(error, with_messages=with_messages)
        return event

    return add


def _error_of(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if len(given) > 1 else None
    return sys.exc_info()[1] if given else None


def describe_exception(error: BaseException, *, with_messages: bool = False) -> str:
    """Name an exception, what caused it, and the innermost frames of each, without the words of its message."""
    lines: list[str] = []
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        kind = f"{type(current).__module__}.{type(current).__qualname__}"
        lines.append(f"{kind}: {current}" if with_messages else kind)
        frames = traceback.extract_tb(current.__traceback__)[-_FRAMES:]
        lines.extend(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines)


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _console() -> Processor:
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=0)
