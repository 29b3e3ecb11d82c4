"""Finishing what was asked of the driver, whoever asked has gone: what a task for each statement does, without the task.

A statement that is cut short costs its connection. `uninterrupted` keeps it whole in a task of its own, which takes a quarter of
the time of a short statement. Here the caller's own task drives it, and a cancellation is kept back until it has finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")
Work = Coroutine[Any, Any, T]

log = structlog.get_logger(__name__)


@coroutine
def steadily(work: Work[T]) -> Generator[Any, Any, T]:
    """Finish `work`, then pass on a cancellation that came meanwhile.

    Not for what uses `asyncio.timeout` inside: it cancels the task that it is in, and would never be heard.
    """
    cancelled: asyncio.CancelledError | None = None
    while True:
        try:
            future = work.send(None)
        except StopIteration as ended:
            if cancelled is not None:
                raise cancelled from None
            return ended.value  # type: ignore[no-any-return]
        except Exception as failure:
            if cancelled is None:
                raise
            log.warning("database.failed_while_cancelled", error=type(failure).__name__)
            raise cancelled from None
        try:
            yield None if future is None else _Kept(future)
        except asyncio.CancelledError as error:
            if future is None or not future.cancelled():
                cancelled = error
        except GeneratorExit:
            work.close()
            raise
        except Exception:  # noqa: BLE001, S110 - what the future raised; it raises it in `work` as well
            pass


class _Kept:
    """A future as a task waits for it, and cannot cancel it: the task is told so, and cancels the waiting afterwards."""

    __slots__ = ("_asyncio_future_blocking", "_future")

    def __init__(self, future: asyncio.Future[Any]) -> None:
        """Take over the waiting for a future that was just yielded."""
        self._asyncio_future_blocking = True
        _taken(future)
        self._future = future

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the future."""
        return self._future.get_loop()

    def add_done_callback(
        self, done: Callable[[asyncio.Future[Any]], object], *, context: Context | None = None
    ) -> None:
        """Wake the task when the future is done."""
        self._future.add_done_callback(done, context=context)

    def cancel(self, msg: object = None) -> bool:
        """Refuse: the task then remembers the cancellation until it is woken."""
        del msg
        return False


def set_going(work: Work[T], ended: Callable[[BaseException | None], None]) -> None:
    """Begin `work` now, let the loop finish it without any task, and tell how it ended: None, or what it raised."""
    try:
        future = work.send(None)
    except StopIteration:
        ended(None)
    except BaseException as failure:  # noqa: BLE001 - it is handed on
        ended(failure)
    else:
        if future is None:
            asyncio.get_running_loop().call_soon(set_going, work, ended)
            return
        _taken(future)
        future.add_done_callback(lambda _: set_going(work, ended))


def _taken(future: asyncio.Future[Any]) -> None:
    """Tell a future that whoever it was yielded to waits for it: it is how tasks and futures know each other."""
    future._asyncio_future_blocking = False  # noqa: SLF001
