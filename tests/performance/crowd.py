"""Two thousand open streams on one gateway: what each costs, and how long news takes to all of them."""

from __future__ import annotations

import asyncio
import resource
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import asyncpg
import httpx
import orjson

from shared.contracts.envelope import Actor, ChangeData, CloudEvent, service_source
from shared.contracts.notifications import AlertState
from shared.contracts.topics import NOTIFICATIONS_EVENTS
from shared.identifiers import new_id
from tests.fixtures.desk import log_in
from tests.fixtures.waiting import soon
from tests.performance.comparison import Comparison
from tests.performance.load import Address
from tests.performance.site import STREAMS_PER_SESSION, TOPIC, Site

OPENED_AT_ONCE: Final = 10
NEWS_SECONDS: Final = 60.0
STEADY_LOOKS: Final = 8
STEADY_KB: Final = 256.0
_SPARE_FILES: Final = 200


class Ear(asyncio.Protocol):
    """One stream, read as cheaply as can be: it only looks whether what it waits for has come."""

    def __init__(self, crowd: Crowd, request: bytes) -> None:
        self._crowd = crowd
        self._request = request
        self._tail = b""
        self.connected = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self.transport = transport
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look."""
        seen = self._tail + data
        self._tail = seen[-64:]
        if not self.connected.done():
            if b"connected" in seen:
                self.connected.set_result(None)
            elif seen.startswith(b"HTTP/1.1 ") and not seen.startswith(b"HTTP/1.1 200"):
                self.connected.set_exception(ConnectionError(seen[:200].decode("latin-1")))
        self._crowd.heard(self, seen)

    def connection_lost(self, exc: Exception | None) -> None:
        """A stream that ends is no part of the crowd any more: the benchmark has to fail then."""
        if not self.connected.done():
            self.connected.set_exception(exc or ConnectionError("the stream was refused"))


class Crowd:
    """Many streams, and how many of them have heard the news."""

    def __init__(self) -> None:
        self.ears: list[Ear] = []
        self._waiting: set[Ear] = set()
        self._news = b""
        self._all_heard = asyncio.Event()

    async def open(self, addresses: list[Address]) -> None:
        """Open a stream to each address, some at a time."""
        for start in range(0, len(addresses), OPENED_AT_ONCE):
            async with asyncio.timeout(NEWS_SECONDS):
                some = addresses[start : start + OPENED_AT_ONCE]
                self.ears += await asyncio.gather(*(self._opened(one) for one in some))

    async def _opened(self, address: Address) -> Ear:
        """Open one; who is refused, since the server is busy, comes again as a browser does."""
        while True:
            _, ear = await asyncio.get_running_loop().create_connection(
                lambda: Ear(self, address.request), "127.0.0.1", address.port
            )
            try:
                await ear.connected
            except ConnectionError:
                ear.transport.close()
                await asyncio.sleep(0.5)
            else:
                return ear

    def heard(self, ear: Ear, data: bytes) -> None:
        """Note that a stream has the news."""
        if ear in self._waiting and self._news in data:
            self._waiting.discard(ear)
            if not self._waiting:
                self._all_heard.set()

    async def hear(self, news: bytes, tell: Callable[[], Awaitable[object]]) -> float:
        """Tell it, and give the milliseconds until everybody has heard."""
        self._news, self._waiting = news, set(self.ears)
        self._all_heard.clear()
        begun = time.perf_counter()
        await tell()
        async with asyncio.timeout(NEWS_SECONDS):
            await self._all_heard.wait()
        return 1000 * (time.perf_counter() - begun)

    def close(self) -> None:
        """Hang up."""
        for ear in self.ears:
            ear.transport.close()


@asynccontextmanager
async def crowd_at(addresses: list[Address], pid: int) -> AsyncIterator[tuple[Crowd, float]]:
    """Open streams to a process; gives them, and what each costs it in KB."""
    before = await steady(pid)
    crowd = Crowd()
    try:
        await crowd.open(addresses)
        yield crowd, (await steady(pid) - before) / len(addresses)
    finally:
        crowd.close()


async def steady(pid: int) -> float:
    """Resident memory, in KB, once it stands still: what streams are opened with is freed a moment later."""
    seen: deque[float] = deque(maxlen=STEADY_LOOKS)

    async def still() -> bool:
        seen.append(resident(pid))
        return len(seen) == STEADY_LOOKS and max(seen) - min(seen) < STEADY_KB

    await soon(still, NEWS_SECONDS, f"a process ({pid}) whose memory stands still")
    return seen[-1]


def resident(pid: int) -> float:
    """Resident memory of a process, in KB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def room_for(streams: int) -> int:
    """Raise the limit of open files as far as is allowed; gives how many streams there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = streams + _SPARE_FILES
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return min(streams, min(max(soft, wanted), hard) - _SPARE_FILES)


async def compare(site: Site, *, rounds: int, streams: int) -> list[Comparison]:
    """Memory of each stream, and the time of a broadcast to all."""
    streams = room_for(streams)
    baseline = f"sse-starlette, {streams:,} streams"
    memory = Comparison("Memory of a live connection", baseline, "KB", None)
    news = Comparison(f"Broadcast to {streams:,} connections", baseline, "ms", None)
    sessions = await _sessions(site, -(-streams // STREAMS_PER_SESSION))
    ours = [
        Address(site.stack.ports["gateway"], "/live", {"Cookie": sessions[index % len(sessions)]})
        for index in range(streams)
    ]
    claim = await site.desk.claim((await site.desk.claims())[0]["claim_number"])
    async with (
        site.bare() as (port, process),
        crowd_at(ours, site.stack.pid_of("gateway")) as (our_crowd, our_memory),
        crowd_at([Address(port, "/live")] * streams, process.pid) as (bare_crowd, bare_memory),
    ):
        memory.ours.append(our_memory)
        memory.bare.append(bare_memory)
        position = await _newest(site)
        for turn in range(rounds + 1):
            position += 1
            alert = _alert(claim, position)
            number = new_id()
            body = orjson.dumps({"data": {"claim_number": number}})
            our_time = await our_crowd.hear(alert.id.encode(), lambda alert=alert: _tell(site, alert))  # type: ignore[misc]
            bare_time = await bare_crowd.hear(
                number.encode(),
                lambda body=body: site.producer.send_and_wait(TOPIC, value=body),  # type: ignore[misc]
            )
            if turn:
                news.ours.append(our_time)
                news.bare.append(bare_time)
    memory.remark = "resident memory of the process, before and after all were opened; one figure of each."
    each = median(news.ours) / streams
    news.remark = f"from the record in the topic to the last browser; {1000 * each:.0f} µs a connection."
    return [memory, news]


async def _newest(site: Site) -> int:
    connection = await asyncpg.connect(site.engines.whole("gateway"))
    try:
        return int(await connection.fetchval("SELECT max(position) FROM alert_view"))
    finally:
        await connection.close()


async def _sessions(site: Site, number: int) -> list[str]:
    """So many sessions of one user, as the cookie that each sends."""
    account = site.stack.account("broker.fr")
    found = []
    for _ in range(number):
        async with httpx.AsyncClient(base_url=site.stack.url, timeout=60) as client:
            cookies, _ = await log_in(client, account)
            found.append("; ".join(f"{name}={value}" for name, value in cookies.items()))
    return found


def _alert(claim: dict[str, Any], position: int) -> AlertState:
    """An alert about a claim as it is: nothing holds it back."""
    return AlertState(
        id=new_id(),
        agency_id=claim["agency_id"],
        position=position,
        kind="repair-progressed",
        aggregate="claim",
        subject_id=claim["id"],
        subject_sequence=claim["sequence"],
        claim_number=claim["claim_number"],
        actor=Actor(kind="partner", id="garage-lyon"),
        at=datetime.now(UTC),
        sequence=1,
    )


async def _tell(site: Site, alert: AlertState) -> None:
    event = CloudEvent[ChangeData[AlertState]](
        id=new_id(),
        source=service_source("notifications"),
        type="dossier.notifications.alert-raised.v1",
        subject=alert.id,
        time=alert.at,
        agencyid=alert.agency_id,
        sequence=alert.sequence,
        data=ChangeData[AlertState](state=alert, actor=Actor(kind="system", id="bench")),
    )
    await site.producer.send_and_wait(
        NOTIFICATIONS_EVENTS, value=event.to_json(), key=alert.agency_id.encode()
    )
