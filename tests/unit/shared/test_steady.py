"""Work that the caller's own task finishes, whatever happens to the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from shared.db.steady import set_going, steadily


class Server:
    """Answers when it is told to, and knows whether anybody gave up waiting."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.steps: list[str] = []

    async def ask(self) -> int:
        """Wait for two things, as a driver does: its turn, and the answer."""
        self.steps.append("asked")
        self.asked.set()
        try:
            await asyncio.sleep(0)
            number = await self.answer
        except asyncio.CancelledError:
            self.steps.append("cut short")
            raise
        await asyncio.sleep(0)
        self.steps.append("answered")
        return number

    async def asked_steadily(self) -> int:
        """The same, whole."""
        return await steadily(self.ask())


async def test_it_gives_the_result_and_needs_no_task() -> None:
    tasks: list[asyncio.Task[object] | None] = []

    async def seven() -> int:
        await asyncio.sleep(0)
        tasks.append(asyncio.current_task())
        return 7

    assert await steadily(seven()) == 7
    assert tasks == [asyncio.current_task()]


async def test_it_passes_errors_on() -> None:
    async def failing() -> None:
        await asyncio.sleep(0)
        raise KeyError

    with pytest.raises(KeyError):
        await steadily(failing())


async def test_an_error_that_is_waited_for_reaches_the_work() -> None:
    server = Server()
    asyncio.get_running_loop().call_soon(server.answer.set_exception, KeyError())

    async def mending() -> int:
        try:
            return await server.ask()
        except KeyError:
            return 0

    assert await steadily(mending()) == 0


@pytest.mark.parametrize("times", [1, 2])
async def test_a_cancellation_waits_until_it_has_finished(times: int) -> None:
    server = Server()
    task = asyncio.create_task(server.asked_steadily())
    await server.asked.wait()
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    server.answer.set_result(7)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.steps == ["asked", "answered"]


async def test_a_failure_while_the_caller_is_cancelled_ends_in_the_cancellation() -> None:
    server = Server()
    task = asyncio.create_task(server.asked_steadily())
    await server.asked.wait()
    task.cancel()
    server.answer.set_exception(KeyError())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_cancels_the_waiting_itself_is_no_cancellation_of_the_caller() -> None:
    server = Server()
    asyncio.get_running_loop().call_soon(server.answer.cancel)

    async def mending() -> str:
        try:
            await server.ask()
        except asyncio.CancelledError:
            return "given up"
        return "answered"

    assert await steadily(mending()) == "given up"


async def test_a_timeout_around_it_is_told_when_it_has_finished() -> None:
    server = Server()
    loop = asyncio.get_running_loop()
    with pytest.raises(TimeoutError):  # noqa: PT012 - the timeout around it is what is tested
        async with asyncio.timeout(0):
            loop.call_later(0.01, server.answer.set_result, 7)
            await steadily(server.ask())
    assert server.steps == ["asked", "answered"]


def noting(told: list[BaseException | None], over: asyncio.Event) -> Callable[[BaseException | None], None]:
    """What keeps how something ended."""

    def ended(failure: BaseException | None) -> None:
        told.append(failure)
        over.set()

    return ended


async def test_what_is_set_going_has_begun_at_once_and_ends_by_itself() -> None:
    server, told, over = Server(), list[BaseException | None](), asyncio.Event()
    set_going(server.ask(), noting(told, over))
    assert server.steps == ["asked"]
    server.answer.set_result(7)
    await over.wait()
    assert (server.steps, told) == (["asked", "answered"], [None])


async def test_what_is_set_going_tells_its_failure() -> None:
    async def failing() -> None:
        raise KeyError

    server, told, over = Server(), list[BaseException | None](), asyncio.Event()
    set_going(failing(), noting(told, over))
    set_going(server.ask(), noting(told, over))
    over.clear()
    server.answer.set_exception(OSError())
    await over.wait()
    assert [type(one) for one in told] == [KeyError, OSError]
