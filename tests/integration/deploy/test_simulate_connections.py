"""The simulator's connections: a real broker that may die, and a desk that may not be the demo's."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from deploy.cli import Refused
from deploy.simulate.accounts import Account
from deploy.simulate.bus import Bus
from deploy.simulate.desk import Desk, DeskAway
from shared.contracts.partners import Receipt
from shared.settings import Settings
from tests.fixtures.embedded_broker import EmbeddedBroker, free_port

RECEIPTS = "partners.garage-lyon.receipts.v1"
UPDATES = "partners.garage-lyon.repair-updates.v1"


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    found = EmbeddedBroker()
    try:
        await found.start([RECEIPTS, UPDATES])
        yield found
    finally:
        found.kill()


@pytest.fixture
async def bus(broker: EmbeddedBroker) -> AsyncIterator[Bus]:
    found = Bus(Settings(kafka_port=broker.port), ["garage-lyon"])
    yield found
    await found.close()


def receipt(message_id: str) -> bytes:
    body = Receipt(message_id=message_id, outcome="accepted").model_dump_json()
    return b'{"data": ' + body.encode() + b"}"


async def heard(bus: Bus, count: int) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += [one.message_id for one in await bus.receipts()]
    return found


async def test_what_was_answered_before_the_play_is_not_heard(bus: Bus) -> None:
    await bus.connect()
    await bus.send(RECEIPTS, "k", receipt("before"))
    assert await heard(bus, 1) == ["before"]
    again = Bus(bus._settings, ["garage-lyon"])
    try:
        await again.connect()
        await bus.send(RECEIPTS, "k", receipt("after"))
        assert await heard(again, 1) == ["after"]
    finally:
        await again.close()


async def test_a_new_connection_goes_on_where_the_old_one_stood(bus: Bus) -> None:
    await bus.connect()
    await bus.send(RECEIPTS, "k", receipt("one"))
    assert await heard(bus, 1) == ["one"]
    await bus.send(RECEIPTS, "k", receipt("two"))
    await bus.connect()
    assert await heard(bus, 1) == ["two"]


async def test_all_receipts_of_a_broker_that_began_anew_are_heard(bus: Bus, broker: EmbeddedBroker) -> None:
    await bus.connect()
    for number in range(3):
        await bus.send(RECEIPTS, "k", receipt(f"old-{number}"))
    await heard(bus, 3)
    broker.kill()
    await broker.start([RECEIPTS])
    other = Bus(bus._settings, ["garage-lyon"])
    try:
        await other.connect()
        await other.send(RECEIPTS, "k", receipt("new"))
        assert await heard(other, 1) == ["new"]
    finally:
        await other.close()
    await bus.connect()
    assert await heard(bus, 1) == ["new"]


async def test_a_broker_that_dies_is_noticed_and_sending_waits_for_nobody(
    bus: Bus, broker: EmbeddedBroker
) -> None:
    await bus.connect()
    broker.kill()
    bus._lose(OSError())
    await bus.send(UPDATES, "k", b"{}")
    assert await bus.receipts() == []
    assert bus.lost


async def test_where_no_desk_is_the_operator_is_told_how_to_start_one() -> None:
    with pytest.raises(Refused, match="start it with `make run`"):
        await Desk.open(f"http://127.0.0.1:{free_port()}", [Account("a@x", "p")])


class _OtherDesk:
    """A server that knows the first user only, and no claims."""

    def __init__(self) -> None:
        self.port = free_port()
        application = web.Application()
        application.router.add_post("/api/v1/session", self._log_in)
        self._runner = web.AppRunner(application)

    async def _log_in(self, request: web.Request) -> web.Response:
        if (await request.json())["email"] != "handler@x":
            return web.json_response({"code": "login_failed"}, status=401)
        agencies = [{"id": "agency-fr", "language": "fr", "currency": "EUR"}]
        return web.json_response({"agencies": agencies})

    async def __aenter__(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return f"http://127.0.0.1:{self.port}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


async def test_a_desk_that_does_not_know_the_demo_is_refused() -> None:
    async with _OtherDesk() as url:
        with pytest.raises(Refused, match=r"broker@x cannot log in .* \(401\)"):
            await Desk.open(url, [Account("handler@x", "p"), Account("broker@x", "p")])


async def test_a_desk_without_what_is_asked_for_is_away() -> None:
    async with _OtherDesk() as url:
        desk = await Desk.open(url, [Account("handler@x", "p")])
        try:
            with pytest.raises(DeskAway, match="404"):
                await desk.claim("CL-2026-000001")
        finally:
            await desk.close()
