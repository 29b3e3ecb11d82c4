"""The live feed, over real connections: who hears what, in which order, and what those hear who come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.gateway.identity.sessions import CurrentUser, find_session
from services.gateway.live import hub
from services.gateway.live.events import Announcement, LiveEvent
from services.gateway.live.feed import Feed
from services.gateway.live.hub import QUEUE_LIMIT
from services.gateway.live.stream import LiveResponse, tell
from shared.contracts.codes import RepairPhase, Role
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.notifications import AlertState
from shared.db.tenancy import EVERY_AGENCY
from tests.integration.gateway.frame import Desk, Person, Recorder, repair, served, until


class Heard:
    """What one browser hears, read as a browser reads it."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.last_id = ""
        self.comments = 0
        self.ended = False
        self.status = 0

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    async def read(self, http: httpx.AsyncClient, url: str, **options: Any) -> None:
        async with http, http.stream("GET", url, timeout=30, **options) as answer:
            self.status = answer.status_code
            fields: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(":")
                    fields[name] = value.strip()
                else:
                    self.last_id = fields.get("id", self.last_id)
                    if "data" in fields:
                        self.events.append((fields.get("event", "message"), orjson.loads(fields["data"])))
                    fields = {}
        self.ended = True


class Stage:
    """A served gateway with its feed running."""

    def __init__(self, desk: Desk, url: str) -> None:
        self.desk = desk
        self.url = url
        self.feed: Feed = desk.app.state.feed
        self.tasks: list[asyncio.Task[None]] = []

    async def listen(self, person: Person, last_event_id: str | None = None, query: str = "") -> Heard:
        heard = Heard()
        headers = {"Last-Event-ID": last_event_id} if last_event_id is not None else {}
        http = httpx.AsyncClient(cookies=dict(person.http.cookies), headers=headers)
        self.tasks.append(asyncio.create_task(heard.read(http, f"{self.url}/live{query}")))
        await until(lambda: heard.status != 0)
        if heard.status == 200:
            await until(lambda: heard.comments > 0)
        return heard

    async def tail(self, alert: AlertState) -> None:
        """The alert as every replica sees it on the topic, whoever projects it."""
        event = self.desk.event("alert-raised", alert, changes=())
        await self.feed.take(CloudEvent[ChangeData[AlertState]].model_validate(event))

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@asynccontextmanager
async def staged(desk: Desk) -> AsyncIterator[Stage]:
    stop = asyncio.Event()
    async with served(desk.app) as url:
        stage = Stage(desk, url)
        running = asyncio.create_task(stage.feed.run(stop))
        try:
            yield stage
        finally:
            stop.set()
            await running
            if stage.tasks:
                await asyncio.wait(stage.tasks, timeout=1)
            await stage.close()


@pytest.fixture
async def stage(desk: Desk) -> AsyncIterator[Stage]:
    async with staged(desk) as found:
        yield found


async def test_a_change_reaches_the_browsers_of_the_agency_and_no_others(desk: Desk, stage: Stage) -> None:
    lyon, haifa = await desk.agency("Lyon"), await desk.agency("Haifa")
    broker, stranger = await desk.person(lyon), await desk.person(haifa)
    handler = await desk.person(lyon, haifa, role=Role.HANDLER)
    hearing = [await stage.listen(one) for one in (broker, stranger, handler)]
    state = await desk.add_claim(lyon)

    alert = await desk.raise_alert(state)

    await until(lambda: len(hearing[0].events) == 3 and len(hearing[2].events) == 3)
    assert hearing[0].events == [
        (
            "alert",
            {
                "id": alert.id,
                "kind": "repair-progressed",
                "claim_number": state.claim_number,
                "policy_number": state.policy_number,
            },
        ),
        ("claim-changed", {"claim_number": state.claim_number, "sequence": 1}),
        ("file-changed", {"client_id": state.client_id}),
    ]
    await desk.raise_alert(await desk.add_claim(haifa))
    await until(lambda: len(hearing[1].events) == 3)
    assert len(hearing[0].events) == 3
    assert len(hearing[2].events) == 6


async def test_an_alert_for_managers_is_not_told_to_brokers(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    broker, manager = await desk.person(agency), await desk.person(agency, role=Role.MANAGER)
    told, silent = await stage.listen(manager), await stage.listen(broker)
    state = await desk.add_claim(agency)

    await desk.raise_alert(state, roles=(Role.MANAGER,))
    await desk.raise_alert(state)

    await until(lambda: len(silent.events) == 3 and len(told.events) == 6)


async def test_an_event_waits_until_the_read_model_has_what_it_tells_of(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    heard = await stage.listen(person)
    state = await desk.add_claim(agency)
    await desk.raise_alert(state)
    await until(lambda: len(heard.events) == 3)
    new = state.model_copy(update={"sequence": 2, "repair": repair(RepairPhase.READY, desk.clock.now(), 100)})
    alert = desk.alert(new)

    await stage.tail(alert)
    await desk.take(desk.event("alert-raised", alert, changes=()))
    await until(lambda: ("claim", state.id) in stage.feed._versions._waits)
    assert len(heard.events) == 3, "the claim's second version is not in the read model yet"
    await desk.take(desk.event("repair-progressed", new, old=state))

    await until(lambda: len(heard.events) == 6)
    assert heard.events[4] == ("claim-changed", {"claim_number": state.claim_number, "sequence": 2})


async def test_our_own_projection_tells_without_a_look_into_the_database(
    desk: Desk, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = await desk.agency()
    heard = await stage.listen(await desk.person(agency))
    state = await desk.add_claim(agency)
    alert = desk.alert(state)
    looks: list[str] = []

    async def note(alert: AlertState) -> bool:
        looks.append(alert.id)
        return False

    monkeypatch.setattr("services.gateway.live.feed.FIRST_LOOK_SECONDS", 60.0)
    monkeypatch.setattr(stage.feed, "_is_projected", note)
    await stage.tail(alert)
    await until(lambda: ("alert", alert.id) in stage.feed._versions._waits)
    await desk.take(desk.event("alert-raised", alert, changes=()))

    await until(lambda: len(heard.events) == 3)
    assert looks == []


async def test_it_does_not_wait_for_ever(database_url: str, services: Recorder, tmp_path: Path) -> None:
    desk = Desk(database_url, services, tmp_path, gateway_hold_seconds=0.3)
    async with staged(desk) as stage:
        agency = await desk.agency()
        heard = await stage.listen(await desk.person(agency))
        state = await desk.add_claim(agency)

        await stage.tail(desk.alert(state.model_copy(update={"sequence": 99})))

        await until(lambda: len(heard.events) == 3)
    await desk.close()


async def test_who_was_told_too_early_is_told_to_fetch_anew_once_it_is_there(
    database_url: str, services: Recorder, tmp_path: Path
) -> None:
    desk = Desk(database_url, services, tmp_path, gateway_hold_seconds=0.1)
    async with staged(desk) as stage:
        agency = await desk.agency()
        heard = await stage.listen(await desk.person(agency))
        other = await stage.listen(await desk.person(await desk.agency("Other")))
        state = await desk.add_claim(agency)
        new = state.model_copy(update={"sequence": 2})
        alert = desk.alert(new)
        await stage.tail(alert)
        await desk.take(desk.event("alert-raised", alert, changes=()))
        await until(lambda: len(heard.events) == 3)

        await desk.take(desk.event("repair-progressed", new, old=state))

        await until(lambda: len(heard.events) == 4)
        assert heard.names[-1] == "resync"
        assert int(heard.last_id) // 4 == alert.position
        assert other.events == []
    await desk.close()


async def test_an_alert_that_came_while_nobody_listened_is_not_lost_to_who_comes_before_its_projection(
    desk: Desk, stage: Stage
) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    await desk.raise_alert(state)
    alert = desk.alert(state)
    await stage.tail(alert)
    await until(lambda: ("alert", alert.id) in stage.feed._versions._waits)

    heard = await stage.listen(person, str(1 * 4 + 2))
    await desk.take(desk.event("alert-raised", alert, changes=()))

    await until(lambda: len(heard.events) == 3)
    assert heard.events[0][1]["id"] == alert.id


async def test_an_alert_that_comes_while_the_missed_ones_are_read_is_told_once(
    desk: Desk, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL shows the second statement of a transaction what was committed after the first."""
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    await desk.raise_alert(state)
    came: list[str] = []
    read = desk.database.read

    class Between:
        def __init__(self, session: Any) -> None:
            self.session = session

        def __getattr__(self, name: str) -> Any:
            return getattr(self.session, name)

        async def scalars(self, *arguments: Any) -> Any:
            if not came:
                came.append((await desk.raise_alert(state)).id)
            return await self.session.scalars(*arguments)

    @asynccontextmanager
    async def reading(reader: Any) -> AsyncIterator[Any]:
        async with read(reader) as session:
            yield Between(session)

    monkeypatch.setattr(desk.database, "read", reading)
    heard = await stage.listen(person, str(1 * 4 + 2))
    await until(lambda: bool(came))
    last = (await desk.raise_alert(state)).id
    await until(lambda: last in [data["id"] for name, data in heard.events if name == "alert"])
    told = [data["id"] for name, data in heard.events if name == "alert"]
    assert told == [*came, last]


async def test_another_replicas_projection_is_found_in_the_database(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    heard = await stage.listen(await desk.person(agency))
    other = Desk(
        str(desk.database.url.render_as_string(hide_password=False)), desk.services, desk.settings.data_dir
    )
    state = await other.add_claim(agency)
    alert = await other.raise_alert(state)

    await stage.tail(alert)

    await until(lambda: len(heard.events) == 3)
    await other.close()


async def test_the_tail_and_our_own_projection_tell_once(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    heard = await stage.listen(await desk.person(agency))
    state = await desk.add_claim(agency)

    alert = await desk.raise_alert(state)
    await stage.tail(alert)
    await stage.tail(alert)
    await desk.raise_alert(state)

    await until(lambda: len(heard.events) == 6)
    assert next(data["id"] for name, data in heard.events if name == "alert") == alert.id
    assert len({data["id"] for name, data in heard.events if name == "alert"}) == 2


async def test_who_comes_back_hears_what_he_missed_and_nothing_twice(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    before = await stage.listen(person)
    state = await desk.add_claim(agency)
    await desk.raise_alert(state)
    await until(lambda: len(before.events) == 3)
    missed = [await desk.raise_alert(state) for _ in range(3)]
    await until(lambda: len(before.events) == 12)

    after_first = str(1 * 4 + 2)
    by_header = await stage.listen(person, after_first)
    by_query = await stage.listen(person, query=f"?last_event_id={after_first}")
    in_the_middle = await stage.listen(person, str(2 * 4))
    at_the_end = await stage.listen(person, before.last_id)

    for heard in (by_header, by_query):
        await until(lambda heard=heard: len(heard.events) == 9)  # type: ignore[misc]
        assert [data["id"] for name, data in heard.events if name == "alert"] == [one.id for one in missed]
    await until(lambda: len(in_the_middle.events) == 8)
    assert in_the_middle.names[:3] == ["claim-changed", "file-changed", "alert"]
    final = await desk.raise_alert(state)
    await until(lambda: len(at_the_end.events) == 3)
    assert at_the_end.events[0][1]["id"] == final.id


async def test_a_first_connection_learns_where_it_stands(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    for _ in range(5):
        await desk.raise_alert(state)

    heard = await stage.listen(person)

    await until(lambda: heard.last_id == str(5 * 4 + 3))
    assert heard.events == []


@pytest.mark.parametrize("last", ["999999", "nonsense", "-4", "9" * 40, "²"])
async def test_an_id_that_we_do_not_know_means_resync(desk: Desk, stage: Stage, last: str) -> None:
    person = await desk.person(await desk.agency())
    heard = await stage.listen(person, query=f"?last_event_id={last}")
    await until(lambda: heard.events == [("resync", {})])


async def test_who_was_away_for_too_long_is_told_to_resync(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    await desk.take(*(desk.event("alert-raised", desk.alert(state), changes=()) for _ in range(202)))

    heard = await stage.listen(person, "3")

    await until(lambda: heard.events == [("resync", {})])
    assert heard.last_id == str(202 * 4 + 3)


async def test_a_rebuild_of_the_read_model_is_no_news(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    heard = await stage.listen(await desk.person(agency))
    state = await desk.add_claim(agency)
    first = desk.alert(state)
    second = await desk.raise_alert(state)
    await until(lambda: len(heard.events) == 3)

    await desk.take(desk.event("alert-raised", first, changes=()))
    await desk.raise_alert(state)

    await until(lambda: len(heard.events) == 6)
    assert next(data["id"] for name, data in heard.events if name == "alert") == second.id


async def test_logging_out_ends_the_streams_of_that_session_only(desk: Desk, stage: Stage) -> None:
    agency = await desk.agency()
    person, colleague = await desk.person(agency), await desk.person(agency)
    mine = [await stage.listen(person), await stage.listen(person)]
    theirs = await stage.listen(colleague)

    await person.http.delete("/api/v1/session")

    await until(lambda: all(one.ended for one in mine))
    assert not theirs.ended


async def test_a_session_that_ended_elsewhere_is_found_out_at_the_next_heartbeat(
    database_url: str, services: Recorder, tmp_path: Path
) -> None:
    desk = Desk(database_url, services, tmp_path, gateway_heartbeat_seconds=0.05)
    async with staged(desk) as stage:
        person = await desk.person(await desk.agency())
        heard = await stage.listen(person)
        await until(lambda: heard.comments > 2)
        assert not heard.ended

        desk.clock.advance(timedelta(days=8))

        await until(lambda: heard.ended)
    await desk.close()


async def test_a_session_may_not_open_streams_without_end(
    database_url: str, services: Recorder, tmp_path: Path
) -> None:
    desk = Desk(database_url, services, tmp_path, gateway_streams_per_session=2)
    async with staged(desk) as stage:
        person = await desk.person(await desk.agency())
        first, second = [await stage.listen(person) for _ in range(2)]
        assert (first.status, second.status) == (200, 200)

        answer = await person.http.get("/live")

        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
    await desk.close()


async def test_a_stream_that_is_closed_makes_room(desk: Desk, stage: Stage) -> None:
    person = await desk.person(await desk.agency())
    await stage.listen(person)
    assert desk.gateway.hub.streams == 1

    await stage.close()

    await until(lambda: desk.gateway.hub.streams == 0)


async def test_stopping_ends_open_streams_at_once(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    loop = asyncio.get_running_loop()
    async with staged(desk) as stage:
        heard = await stage.listen(person)
        began = loop.time()
    assert heard.ended
    assert loop.time() - began < 1.5


async def test_a_process_that_is_about_to_stop_ends_its_streams_and_those_that_still_come(
    desk: Desk, stage: Stage
) -> None:
    person = await desk.person(await desk.agency())
    heard = await stage.listen(person)

    desk.app.state.leaving()

    await until(lambda: heard.ended)
    late = await stage.listen(person)
    await until(lambda: late.ended)
    assert desk.gateway.hub.streams == 0


class Reader:
    """A browser behind a door: what it is sent waits while the door is shut."""

    def __init__(self, desk: Desk, user: CurrentUser) -> None:
        self.gateway, self.user = desk.gateway, user
        self.open = asyncio.Event()
        self.open.set()
        self.chunks: list[bytes] = []
        self.writing = 0

    async def write(self, chunk: bytes) -> None:
        self.writing += 1
        await self.open.wait()
        self.chunks.append(chunk)

    async def run(self) -> None:
        subscription = self.gateway.hub.subscribe(self.user.session_id, self.user.scope)
        try:
            await tell(self.gateway, self.user, None, subscription, self.write)
        finally:
            self.gateway.hub.unsubscribe(subscription)


async def user_of(desk: Desk, person: Person) -> CurrentUser:
    async with desk.database.read(EVERY_AGENCY) as session:
        token = person.http.cookies["dossier_session"]
        found = await find_session(session, token, at=desk.clock.now(), idle=timedelta(hours=1))
    assert found is not None
    return found.user


async def test_who_does_not_read_delays_nobody_and_is_told_to_fetch_anew(desk: Desk) -> None:
    agency = await desk.agency()
    user = await user_of(desk, await desk.person(agency))
    state = await desk.add_claim(agency)
    slow, quick = Reader(desk, user), Reader(desk, user)
    running = [asyncio.create_task(one.run()) for one in (slow, quick)]
    await until(lambda: all(len(one.chunks) == 2 for one in (slow, quick)))
    alerts = [desk.alert(state) for _ in range(QUEUE_LIMIT + 2)]
    slow.open.clear()

    for alert in alerts:
        desk.gateway.hub.publish(
            Announcement(alert, (LiveEvent(alert.position * 4, "alert", {"id": alert.id}),))
        )
        await until(lambda alert=alert: alert.id.encode() in quick.chunks[-1])  # type: ignore[misc]
    assert slow.writing == 3
    assert len(slow.chunks) == 2
    slow.open.set()

    await until(lambda: len(slow.chunks) == 4)
    assert alerts[0].id.encode() in slow.chunks[2]
    assert slow.chunks[3].count(b"event: resync") == 1
    assert slow.chunks[3].count(b"event: alert") == 1
    assert alerts[-1].id.encode() in slow.chunks[3]
    assert b"resync" not in b"".join(quick.chunks)
    desk.gateway.hub.end_all()
    await asyncio.gather(*running)


async def test_who_does_not_even_read_the_end_is_cut_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "GRACE_SECONDS", 0.01)
    user = await user_of(desk, await desk.person(await desk.agency()))
    never, sent = asyncio.Event(), []

    async def receive() -> Any:
        await never.wait()

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if len(sent) > 1:
            await never.wait()

    running = asyncio.create_task(LiveResponse(desk.gateway, user, None)({}, receive, send))
    await until(lambda: len(sent) == 2)

    desk.gateway.hub.end_session(user.session_id)

    async with asyncio.timeout(5):
        await running
    assert sent == ["http.response.start", "http.response.body"]
    assert desk.gateway.hub.streams == 0


async def test_without_a_session_there_is_no_stream(desk: Desk) -> None:
    answer = await desk.browser().get("/live")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
