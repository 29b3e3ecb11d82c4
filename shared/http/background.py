"""Work that goes on beside the requests: clocks, projections, clean-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

Background = Callable[[asyncio.Event], Awaitable[None]]
"""`async def run(stop)`: goes on until `stop` is set, and looks at it between transactions."""

STOP_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)


class BackgroundTasks:
    """Runs coroutines, starts again those that fail (with growing pauses), and stops them between transactions."""

    def __init__(self, runs: Sequence[Background]) -> None:
        """Take what is to run; nothing runs before `start`."""
        self._runs = list(runs)
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._failing: set[str] = set()

    def start(self) -> None:
        """Begin all of them."""
        self._tasks = [asyncio.create_task(self._keep(run), name=name_of(run)) for run in self._runs]

    async def stop(self) -> None:
        """Ask all to end; cancel those that have not after two seconds (a commit under way is still finished)."""
        self._stop.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in late:
            log.warning("background.cancelled", task=task.get_name())
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def health(self) -> dict[str, Any]:
        """Report which of them failed and wait for another try."""
        return {"ready": not self._failing, "problems": sorted(self._failing), "running": len(self._tasks)}

    async def _keep(self, run: Background) -> None:
        name = name_of(run)
        pause = _FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await run(self._stop)
            except Exception as error:
                log.exception("background.failed", task=name, error=type(error).__name__)
                self._failing.add(name)
            else:
                self._failing.discard(name)
                return
            if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            await _pause(self._stop, pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            self._failing.discard(name)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def name_of(run: Background) -> str:
    """Give a name for logs and health."""
    return str(getattr(run, "__qualname__", type(run).__qualname__))
