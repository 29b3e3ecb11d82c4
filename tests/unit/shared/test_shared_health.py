import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from shared.http import background
from shared.http.background import BackgroundTasks
from shared.observability import health
from shared.observability.health import readiness


def reporting(report: Mapping[str, Any]) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    async def check() -> Mapping[str, Any]:
        return report

    return check


async def failing() -> Mapping[str, Any]:
    raise RuntimeError("canary")


async def hanging() -> Mapping[str, Any]:
    await asyncio.Event().wait()
    return {}


async def test_ready_is_when_every_check_passes() -> None:
    found = await readiness({"database": reporting({}), "messaging": reporting({"ready": True, "lag": 3})})
    assert found.ready
    assert found.document("claims") == {
        "service": "claims",
        "status": "ready",
        "not_ready": [],
        "checks": {"database": {}, "messaging": {"ready": True, "lag": 3}},
    }


async def test_what_is_not_ready_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    found = await readiness(
        {
            "messaging": reporting({"ready": False, "problems": ["no partition", "relay is away"]}),
            "store": reporting({"ready": False}),
            "database": failing,
            "clock": hanging,
            "good": reporting({}),
        }
    )
    assert not found.ready
    assert found.not_ready == [
        "messaging: no partition",
        "messaging: relay is away",
        "store",
        "database",
        "clock",
    ]
    assert "canary" not in str(found.document("claims"))
    assert found.checks["clock"]["error"] == "no answer in time"


async def test_background_work_runs_until_it_is_asked_to_stop() -> None:
    begun = asyncio.Event()
    ended: list[str] = []

    async def work(stop: asyncio.Event) -> None:
        begun.set()
        await stop.wait()
        ended.append("cleanly")

    tasks = BackgroundTasks([work])
    tasks.start()
    await begun.wait()
    assert (await tasks.health())["ready"]
    await tasks.stop()
    assert ended == ["cleanly"]


async def test_background_work_that_fails_is_reported_and_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "_FIRST_PAUSE_SECONDS", 0.02)
    attempts = 0
    seen: list[bool] = []
    running = asyncio.Event()

    async def work(stop: asyncio.Event) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            asyncio.get_running_loop().call_later(0.005, asyncio.ensure_future, look())
            raise RuntimeError
        running.set()
        await stop.wait()

    async def look() -> None:
        seen.append((await tasks.health())["ready"])

    tasks = BackgroundTasks([work])
    tasks.start()
    async with asyncio.timeout(5):
        await running.wait()
    assert (attempts, seen, (await tasks.health())["ready"]) == (3, [False, False], True)
    await tasks.stop()


async def test_background_work_that_does_not_listen_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "STOP_SECONDS", 0.02)
    cancelled = asyncio.Event()

    async def deaf(_stop: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    tasks = BackgroundTasks([deaf])
    tasks.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await tasks.stop()
    assert cancelled.is_set()


async def test_nothing_in_the_background_stops_at_once() -> None:
    tasks = BackgroundTasks([])
    tasks.start()
    await tasks.stop()
    assert (await tasks.health())["running"] == 0
