"""Several processes of each service: they share the work, take over from each other, and nothing is done twice."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any

import httpx
import pytest
import pytest_asyncio
from confluent_kafka.admin import AdminClient

from shared.settings import SERVICES
from tests.fixtures.bursts import Eyes, build_burst, check_alerts, check_answers, check_claims
from tests.fixtures.desk import Desk, desk_of, log_in, since
from tests.fixtures.fleet import Fleet, Replica
from tests.fixtures.partners import PartnerLine, partner, partner_line
from tests.fixtures.waiting import eventually, soon
from tests.stack.engines import RealEngines

HEARTBEAT_SECONDS = 2.0
"""A stream looks after its session this often: how soon a session that ended elsewhere ends here."""
TAKE_OVER_SECONDS = 10.0
"""A relay that waits for the lock looks once a second; the rest is room for a busy machine."""


@pytest.fixture(scope="module", params=[2, 4], ids=["two-of-each", "four-of-each"])
def fleet(
    request: pytest.FixtureRequest, engines: RealEngines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """Two of each service, and then four on the same data: what an operator does who scales out."""
    settings = {"DOSSIER_GATEWAY_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS)}
    folder = tmp_path_factory.getbasetemp() / "replicas"
    fleet = Fleet(folder, engines, request.param, settings)
    print(f"\n{len(fleet.replicas)} processes ready after {fleet.start():.1f} s")
    try:
        yield fleet
    finally:
        if fleet.running:
            fleet.stop()  # fails when a process is left
        else:
            fleet.destroy()


@pytest_asyncio.fixture
async def line(fleet: Fleet) -> AsyncIterator[PartnerLine]:
    """All partners' connection."""
    async with partner_line(fleet) as found:
        yield found


@pytest_asyncio.fixture
async def desks(fleet: Fleet) -> AsyncIterator[list[Desk]]:
    """One broker's session at every gateway."""
    async with AsyncExitStack() as stack:
        urls = [one.url for one in fleet.replicas_of("gateway")]
        yield [await stack.enter_async_context(desk_of(fleet, "broker.fr", url)) for url in urls]


async def health(replica: Replica) -> dict[str, Any]:
    """What a replica says of its share of the bus."""
    async with httpx.AsyncClient(timeout=10) as http:
        found: dict[str, Any] = (await http.get(f"{replica.url}/health/ready")).json()["checks"]["messaging"]
    return found


async def active_relays(fleet: Fleet, service: str) -> list[str]:
    """Names of the replicas whose relay publishes."""
    running = [one for one in fleet.replicas_of(service) if fleet.is_ready(one.name)]
    states = await asyncio.gather(*(health(one) for one in running), return_exceptions=True)
    return [
        one.name
        for one, state in zip(running, states, strict=True)
        if not isinstance(state, BaseException) and state["relay"]["active"]
    ]


def shares(fleet: Fleet, service: str) -> dict[str, set[tuple[str, int]]]:
    """Member -> its partitions, as the broker's coordinator has them."""
    admin = AdminClient({"bootstrap.servers": fleet.bootstrap})
    group = f"{service}.main"
    described = admin.describe_consumer_groups([group])[group].result(timeout=20)
    return {
        str(one.group_instance_id): {(part.topic, part.partition) for part in one.assignment.topic_partitions}
        for one in described.members
    }


def partitions_of(fleet: Fleet, topics: set[str]) -> set[tuple[str, int]]:
    """All partitions of these topics."""
    listed = AdminClient({"bootstrap.servers": fleet.bootstrap}).list_topics(timeout=20).topics
    return {(topic, number) for topic in topics for number in listed[topic].partitions}


@pytest.mark.parametrize("service", SERVICES)
def test_replicas_share_the_partitions_of_their_service(service: str, fleet: Fleet) -> None:
    count = len(fleet.replicas_of(service))

    def settled() -> bool:
        return len(shares(fleet, service)) == count and all(shares(fleet, service).values())

    eventually(settled, 30, f"{count} members of {service}.main with partitions")
    found = shares(fleet, service)
    assert set(found) == {f"{service}-{number}" for number in range(1, count + 1)}
    taken = Counter(partition for share in found.values() for partition in share)
    assert set(taken.values()) == {1}
    assert set(taken) == partitions_of(fleet, {topic for topic, _ in taken})


async def test_a_session_of_one_gateway_is_good_at_all_and_its_end_is_the_end_at_all(fleet: Fleet) -> None:
    gateways = fleet.replicas_of("gateway")
    account = fleet.account("manager.fr")
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=one.url, timeout=20))
            for one in gateways
        ]
        cookies, user = await log_in(clients[0], account)
        for client in clients:
            client.cookies.update(cookies)
        desks = [Desk(client, user) for client in clients]
        for desk in desks:
            assert (await desk.get("/claims"))["items"]
        lives = [await stack.enter_async_context(desk.live()) for desk in desks]

        assert (await clients[-1].delete("/api/v1/session")).status_code in {200, 204}

        begun = monotonic()
        answers = [await client.get("/api/v1/claims") for client in clients]
        assert [one.status_code for one in answers] == [401] * len(gateways)

        async def ended() -> bool:
            return all(one.ended.is_set() for one in lives)

        await soon(ended, HEARTBEAT_SECONDS * 5, "the end of the session's streams at every gateway")
        print(f"\nstreams at {len(gateways)} gateways ended {since(begun)} after the session")


async def test_every_gateway_tells_its_browsers_everything_once_and_in_order(
    fleet: Fleet, line: PartnerLine, desks: list[Desk]
) -> None:
    garage = partner(fleet, "garage-lyon")
    claims = [await desks[0].claim(number) for number in garage.claim_numbers[:4]]
    async with AsyncExitStack() as stack:
        lives = [await stack.enter_async_context(desk.live()) for desk in desks]
        sent = [
            garage.message(
                "repair-updates",
                {
                    "claim_number": one["claim_number"],
                    "phase": one["repair"]["phase"],
                    "note": f"tour {turn}",
                },
            )
            for turn in range(15)
            for one in claims
        ]
        await line.push_all(sent)
        answers = await line.answers([one.id for one in sent])
        assert {found[0]["outcome"] for found in answers.values()} == {"accepted"}

        async def told() -> bool:
            return all(len(one.named("alert")) >= len(sent) for one in lives)

        await soon(told, what=f"{len(sent)} alerts at each of {len(lives)} gateways")
        first = [(one.id, one.name, one.data) for one in lives[0].events]
        ids = [event_id for event_id, _, _ in first]
        assert ids == sorted(set(ids))
        assert len(lives[0].named("alert")) == len(sent)
        for other in lives[1:]:
            await soon(lambda other=other: _same_length(other.events, first))  # type: ignore[misc]
            assert [(one.id, one.name, one.data) for one in other.events] == first


async def _same_length(events: list[Any], others: list[Any]) -> bool:
    return len(events) >= len(others)


async def test_clocks_fire_once_however_many_replicas_look_at_them(
    fleet: Fleet, line: PartnerLine, desks: list[Desk]
) -> None:
    insurer = partner(fleet, "insurer-alpha")
    position = await desks[0].newest_position()
    number = next(
        one["claim_number"]
        for one in await desks[0].claims(state="open")
        if one["claim_number"] in insurer.claim_numbers
    )
    matures = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=10)).isoformat()
    cheques = [f"R{len(desks)}-{index:03}" for index in range(40)]
    sent = [insurer.message("claim-updates", _by_cheque(number, one, matures)) for one in cheques]
    await line.push_all(sent)
    await line.answers([one.id for one in sent])

    async def warned() -> list[dict[str, Any]]:
        found = [one for one in await desks[0].alerts_after(position) if one["kind"] == "cheque-maturing"]
        return found if len(found) >= len(cheques) else []

    await soon(warned, what=f"{len(cheques)} warnings")
    # Whatever was raised twice has been, once the replicas have looked at all clocks again and published what they found.
    for one in fleet.replicas_of("notifications"):
        await _looked_again(one)
    found = await warned()
    texts = Counter(cheque for cheque in cheques for one in found if cheque in one["text"])
    assert texts == Counter(cheques)
    assert len(found) == len(cheques)


def _by_cheque(number: str, cheque: str, matures: str) -> dict[str, Any]:
    payment = {
        "reference": f"PAY-{cheque}",
        "kind": "indemnity",
        "payee": "Garage du Pont",
        "amount": "1250.00",
        "currency": "EUR",
        "method": "cheque",
        "cheque": {"number": cheque, "bank": "Banque Rive", "matures_on": matures, "status": "announced"},
    }
    return {"claim_number": number, "payments": [payment]}


async def _looked_again(replica: Replica) -> None:
    async with httpx.AsyncClient(base_url=replica.url, timeout=10) as http:

        async def checks() -> dict[str, Any]:
            found: dict[str, Any] = (await http.get("/health/ready")).json()["checks"]
            return found

        before = (await checks())["clocks"]["passes"]

        async def looked() -> bool:
            now = await checks()
            quiet = now["messaging"]["consumer"]["lag"] == 0 and now["messaging"]["relay"]["pending"] == 0
            return bool(now["clocks"]["passes"] > before and quiet)

        await soon(looked, 45, f"another look of {replica.name} at its clocks")


@pytest.mark.parametrize("service", SERVICES)
async def test_one_relay_is_active_and_another_takes_over(
    service: str, fleet: Fleet, line: PartnerLine, desks: list[Desk]
) -> None:
    async def one_is() -> list[str]:
        found = await active_relays(fleet, service)
        return found if len(found) == 1 else []

    (active,) = await soon(one_is, what=f"one active relay of {service}")
    victim = fleet.kill(active)
    begun = monotonic()

    async def another() -> bool:
        found = await active_relays(fleet, service)
        return len(found) == 1 and (found[0] != active or fleet.pid_of(active) not in {0, victim})

    await soon(another, TAKE_OVER_SECONDS, f"another relay of {service} instead of {active}'s")
    print(f"\n{service}: {active} killed, another relay publishes after {since(begun)}")
    if service == "claims":  # and what it publishes arrives
        garage = partner(fleet, "garage-lyon")
        claim = await desks[0].claim(garage.claim_numbers[0])
        message = garage.message(
            "repair-updates", {"claim_number": claim["claim_number"], "phase": claim["repair"]["phase"]}
        )
        await line.push(message)
        assert (await line.answer(message.id))["outcome"] == "accepted"
    await asyncio.to_thread(fleet.wait_for_successor, active, victim)


async def test_a_rolling_restart_under_load_loses_and_repeats_nothing(
    fleet: Fleet, line: PartnerLine, desks: list[Desk]
) -> None:
    async with desk_of(fleet, "handler") as handler, desk_of(fleet, "broker.il") as israeli:
        burst = await build_burst(fleet, handler, seed=len(desks))
        eyes = Eyes([desks[-1], israeli, handler])
        await eyes.open()
        earlier = len({one for one in line.receipts if one.startswith("record:")})
        begun = monotonic()
        share = -(-len(burst.messages) // len(fleet.replicas))
        for index, replica in enumerate(fleet.replicas):
            # Each restart has its share of the load, so that there is some from the first to the last.
            restarting = asyncio.create_task(asyncio.to_thread(fleet.restart, replica.name))
            await line.push_all(burst.messages[index * share : (index + 1) * share])
            await restarting
        print(
            f"\n{len(fleet.replicas)} processes restarted in {since(begun)}, {len(burst.messages)} updates meanwhile"
        )
        await check_answers(burst, line, unattributable=earlier + burst.unattributable)
        await check_claims(burst, handler)
        await check_alerts(burst, eyes)
        print(f"all answered, applied and alerted once after {since(begun)}")
    assert not fleet.trouble()
