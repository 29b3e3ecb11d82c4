"""Changes that arrive become alerts: one each, numbered without gaps, published in the same transaction."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sqlalchemy import func, select, update

from services.notifications.domain.alerts import alert_on_claim
from services.notifications.models import AlertCounter, Client, ClockSource
from services.notifications.publishing import raise_alerts, raise_at_commit
from shared.contracts.codes import ClaimStatus
from shared.contracts.topics import CLAIMS_EVENTS, dead_letter_topic
from shared.db.tenancy import EVERY_AGENCY
from shared.identifiers import new_id
from tests.integration.notifications.frame import Desk
from tests.unit.notifications.factory import LOADED, agency, claim, client, contract, document, event_of

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_change_becomes_one_published_alert_of_its_agency(desk: Desk) -> None:
    event = event_of(claim("agency-a"), "claim-registered")

    await desk.tell(event)

    [alert] = await desk.alerts()
    [published] = await desk.published()
    assert (alert.kind, alert.agency_id, alert.position) == ("claim-registered", "agency-a", 1)
    assert published["type"] == "dossier.notifications.alert-raised.v1"
    assert published["key"] == published["agencyid"] == "agency-a"
    assert published["subject"] == alert.id
    assert published["data"]["state"] == alert.model_dump(mode="json")
    assert published["data"]["actor"] == event.data.actor.model_dump(mode="json")


async def test_every_kind_of_change_at_the_desk_alerts_and_identity_does_not(desk: Desk) -> None:
    await desk.tell(
        event_of(agency("agency-a"), "agency-registered"),
        event_of(client("agency-a"), "client-registered"),
        event_of(contract("agency-a"), "contract-registered"),
        event_of(claim("agency-a"), "claim-registered"),
        event_of(document("agency-a"), "document-added"),
    )

    assert [alert.aggregate for alert in await desk.alerts()] == ["client", "contract", "claim", "document"]


async def test_several_changes_in_one_batch_stay_several_alerts_in_their_order(desk: Desk) -> None:
    first = claim("agency-a")
    second = first.model_copy(update={"status": ClaimStatus.APPROVED, "sequence": 2})
    third = second.model_copy(update={"status": ClaimStatus.SETTLED, "sequence": 3})

    await desk.tell(
        event_of(first, "claim-registered"),
        event_of(second, "claim-status-changed", old=first),
        event_of(third, "claim-status-changed", old=second),
    )

    assert [(alert.position, alert.subject_sequence) for alert in await desk.alerts()] == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]


async def test_an_event_that_arrives_again_alerts_nobody_again(desk: Desk) -> None:
    event = event_of(claim("agency-a"), "claim-registered")

    await desk.tell(event, event)
    await desk.restart()
    await desk.tell(event)

    assert len(await desk.alerts()) == len(await desk.published()) == 1


async def test_a_cause_alerts_once_even_past_the_inbox(desk: Desk) -> None:
    draft = alert_on_claim(event_of(claim("agency-a"), "claim-registered"))
    assert draft is not None

    for expected in ({draft.cause}, set()):
        async with desk.database.write(EVERY_AGENCY) as session:
            assert await raise_alerts(session, [(draft, TRACE)]) == expected

    assert [alert.position for alert in await desk.alerts()] == [1]


async def test_an_older_change_that_comes_late_still_has_its_alert(desk: Desk) -> None:
    old = claim("agency-a")
    new = old.model_copy(update={"status": ClaimStatus.APPROVED, "sequence": 2})

    await desk.tell(event_of(new, "claim-status-changed", old=old))
    await desk.tell(event_of(old, "claim-registered"))

    assert [alert.subject_sequence for alert in await desk.alerts()] == [2, 1]
    async with desk.database.read(EVERY_AGENCY) as session:
        assert await session.scalar(select(ClockSource.sequence)) == 2


async def test_loaded_history_alerts_nobody_and_its_clients_are_known(desk: Desk) -> None:
    await desk.tell(
        event_of(client("agency-a"), "client-registered", actor=LOADED),
        event_of(claim("agency-a"), "claim-registered", actor=LOADED),
    )
    assert await desk.alerts() == []

    await desk.tell(event_of(document("agency-a"), "document-added"))

    [alert] = await desk.alerts()
    assert alert.client_name == "Noa Levi"


async def test_a_file_of_a_client_who_is_not_known_yet_alerts_without_his_name(desk: Desk) -> None:
    await desk.tell(event_of(document("agency-a"), "document-added"))

    [alert] = await desk.alerts()
    assert (alert.client_id, alert.client_name) == ("client-1", "")


async def test_a_client_of_another_agency_lends_no_name(desk: Desk) -> None:
    await desk.tell(event_of(client("agency-b", name="Someone else"), "client-registered", actor=LOADED))

    await desk.tell(event_of(document("agency-a"), "document-added"))

    [alert] = await desk.alerts()
    assert alert.client_name == ""


async def test_the_newest_name_of_a_client_wins_whatever_the_order(desk: Desk) -> None:
    await desk.tell(event_of(client("agency-a", name="New", sequence=2), "client-corrected", actor=LOADED))
    await desk.tell(event_of(client("agency-a", name="Old", sequence=1), "client-registered", actor=LOADED))

    async with desk.database.read(EVERY_AGENCY) as session:
        assert await session.scalar(select(Client.name)) == "New"


async def test_a_malformed_state_goes_to_the_dead_letters_and_its_neighbours_alert_without_a_gap(
    desk: Desk,
) -> None:
    good = [event_of(claim("agency-a"), "claim-registered") for _ in range(3)]
    bad = event_of(claim("agency-a"), "claim-registered").model_dump(mode="json")
    bad["data"]["state"]["status"] = "on the moon"
    records = [event.model_dump(mode="json") for event in good]

    await desk.consumer.take_events([records[0], bad, *records[1:]])

    assert [alert.position for alert in await desk.alerts()] == [1, 2, 3]
    assert len(await desk.published()) == 3
    assert len(await desk.published(dead_letter_topic(CLAIMS_EVENTS))) == 1


async def test_a_transaction_that_fails_leaves_no_gap(desk: Desk) -> None:
    async def fails() -> None:
        async with desk.database.write(EVERY_AGENCY) as session:
            draft = alert_on_claim(event_of(claim("agency-a"), "claim-registered"))
            assert draft is not None
            await raise_alerts(session, [(draft, TRACE)])
            raise RuntimeError

    await asyncio.gather(fails(), return_exceptions=True)
    await desk.tell(event_of(claim("agency-a"), "claim-registered"))

    assert [alert.position for alert in await desk.alerts()] == [1]


async def test_replicas_that_alert_at_once_number_without_gaps_in_the_order_of_the_outbox(desk: Desk) -> None:
    other = Desk(desk.url, desk.clock)

    async def tell(replica: Desk, number: int) -> None:
        for _ in range(number):
            await replica.tell(*(event_of(claim("agency-a"), "claim-registered") for _ in range(3)))

    await asyncio.gather(tell(desk, 8), tell(other, 8))
    await other.close()

    assert [alert.position for alert in await desk.alerts()] == list(range(1, 49))
    published = [event["data"]["state"]["position"] for event in await desk.published()]
    assert published == list(range(1, 49))
    async with desk.database.read(EVERY_AGENCY) as session:
        assert await session.scalar(select(func.max(AlertCounter.position))) == 48


async def test_an_alert_carries_the_trace_of_its_own_change(desk: Desk) -> None:
    changes = [event_of(claim("agency-a"), "claim-registered") for _ in range(2)]

    await desk.tell(
        *[
            event.model_copy(update={"traceparent": TRACE.replace("4bf9", f"{number:04}")})
            for number, event in enumerate(changes)
        ]
    )

    assert [event["traceparent"][3:7] for event in await desk.published()] == ["0000", "0001"]


async def test_positions_go_on_where_they_stood(desk: Desk) -> None:
    async with desk.database.write(EVERY_AGENCY) as session:
        await session.execute(update(AlertCounter).values(position=41))
    await desk.restart()

    await desk.tell(event_of(claim("agency-a", id=new_id()), "claim-registered"))

    assert [alert.position for alert in await desk.alerts()] == [42]


async def test_an_alert_of_a_savepoint_that_was_rolled_back_leaves_no_gap(desk: Desk) -> None:
    first, lost, last = (alert_on_claim(event_of(claim("agency-a"), "claim-registered")) for _ in range(3))
    assert first is not None
    assert lost is not None
    assert last is not None

    async with desk.database.write(EVERY_AGENCY) as session:
        await raise_alerts(session, [(first, TRACE)])
        with suppress(LookupError):
            async with session.begin_nested():
                await raise_alerts(session, [(lost, TRACE)])
                raise LookupError
        await raise_alerts(session, [(last, TRACE)])

    alerts = await desk.alerts()
    assert [(alert.position, alert.subject_id) for alert in alerts] == [
        (1, first.subject_id),
        (2, last.subject_id),
    ]
    assert len(await desk.published()) == 2


async def test_alerts_that_wait_for_the_commit_are_numbered_after_those_that_did_not(desk: Desk) -> None:
    drafts = [alert_on_claim(event_of(claim("agency-a"), "claim-registered")) for _ in range(4)]
    known, first, lost, last = (draft for draft in drafts if draft is not None)
    async with desk.database.write(EVERY_AGENCY) as session:
        await raise_at_commit(session, [(known, TRACE)])

    async with desk.database.write(EVERY_AGENCY) as session:
        await raise_at_commit(session, [(known, TRACE), (last, TRACE), (last, TRACE)])
        async with session.begin_nested():
            await raise_at_commit(session, [(first, TRACE)])
        with suppress(LookupError):
            async with session.begin_nested():
                await raise_at_commit(session, [(lost, TRACE)])
                raise LookupError

    async with desk.database.write(EVERY_AGENCY) as session:
        await raise_at_commit(session, [(known, TRACE)])

    alerts = [(alert.position, alert.subject_id) for alert in await desk.alerts()]
    assert alerts == [(1, known.subject_id), (2, first.subject_id), (3, last.subject_id)]
    assert len(await desk.published()) == 3
