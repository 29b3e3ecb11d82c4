from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import ManualClock
from shared.contracts.claims import ClaimState
from shared.contracts.codes import DocumentType
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor, ChangeData, CloudEvent
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY
from shared.messaging.consumer import Consumer, Stuck
from shared.messaging.events import event_adapter, newest
from shared.messaging.outbox import committed_events, enqueue_bytes
from shared.messaging.partners import PartnerMessage, Verdict
from shared.messaging.publishing import publish_state
from shared.messaging.records import Record
from shared.messaging.tables import inbox
from tests.fixtures.databases import ENGINES, migrated_database
from tests.fixtures.messaging import published, receipts, record, repair_update

applied = Table("applied", MetaData(), Column("id", Integer, primary_key=True), Column("what", String(50)))


@pytest.fixture(params=ENGINES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with migrated_database("claims", request.param, tmp_path) as url:
        found = Database(url)
        async with found.engine.begin() as connection:
            await connection.run_sync(applied.metadata.create_all)
        yield found
        await found.dispose()


async def effects(database: Database) -> list[str]:
    async with database.read(EVERY_AGENCY) as session:
        return list(await session.scalars(select(applied.c.what).order_by(applied.c.id)))


def consumer_of(database: Database, poison: str = "poison") -> Consumer:
    """A consumer whose handler writes one row a message, then fails on the note `poison`."""
    consumer = Consumer(service="claims", database=database)

    async def handle(session: AsyncSession, message: PartnerMessage[Any]) -> Verdict:
        await session.execute(insert(applied).values(what=message.message_id))
        enqueue_bytes(
            session, topic="claims.events.v1", key="c", event_id=f"e-{message.message_id}", body=b"{}"
        )
        if message.data.note == poison:
            raise LookupError(poison)
        if message.data.note == "stale":
            return Verdict.stale(7, claim_number=message.data.claim_number)
        return Verdict.accepted(8, claim_number=message.data.claim_number)

    consumer.on_partner("repair-updates", handle)
    return consumer


async def test_an_accepted_message_has_its_effect_its_event_and_one_receipt(database: Database) -> None:
    await consumer_of(database).take([record(repair_update("a"))])
    assert await effects(database) == ["a"]
    assert [row.event_id for row in await published(database, "events.v1")] == ["e-a"]
    assert await receipts(database) == [
        {
            "message_id": "a",
            "outcome": "accepted",
            "reason": None,
            "claim_number": "CL-2026-000001",
            "policy_number": None,
            "sequence": 8,
        }
    ]


async def test_a_batch_tells_that_it_gets_on_with_each_record(database: Database) -> None:
    moved: list[int] = []
    batch = [record(repair_update(f"m-{number}")) for number in range(20)]
    await consumer_of(database).take(batch, lambda: moved.append(1))
    assert len(moved) > len(batch)


async def test_a_redelivered_record_has_no_effect_and_is_not_answered_again(database: Database) -> None:
    consumer, first = consumer_of(database), record(repair_update("a"))
    await consumer.take([first])
    await consumer.take([first, first])
    assert await effects(database) == ["a"]
    assert len(await receipts(database)) == 1


async def test_records_and_messages_that_were_taken_before_are_told_apart_in_one_batch(
    database: Database,
) -> None:
    consumer = consumer_of(database)
    known = record(repair_update("a"))
    await consumer.take([known, record(repair_update("b"))])
    again, fresh = record(repair_update("b")), record(repair_update("c"))
    await consumer.take([known, again, fresh, fresh])
    assert await effects(database) == ["a", "b", "c"]
    assert [(one["message_id"], one["outcome"]) for one in await receipts(database)] == [
        ("a", "accepted"),
        ("b", "accepted"),
        ("b", "duplicate"),
        ("c", "accepted"),
    ]


async def test_a_message_sent_twice_is_answered_duplicate_with_the_sequence_of_the_first(
    database: Database,
) -> None:
    consumer = consumer_of(database)
    await consumer.take([record(repair_update("a")), record(repair_update("a"))])
    await consumer.take([record(repair_update("a"))])
    assert await effects(database) == ["a"]
    answers = await receipts(database)
    assert [one["outcome"] for one in answers] == ["accepted", "duplicate", "duplicate"]
    assert {one["sequence"] for one in answers} == {8}


async def test_the_same_id_from_another_partner_is_another_message(database: Database) -> None:
    other = {**repair_update("a"), "source": "urn:dossier:partner:garage-haifa"}
    await consumer_of(database).take(
        [record(repair_update("a")), record(other, topic="partners.garage-haifa.repair-updates.v1")]
    )
    assert [one["outcome"] for one in await receipts(database)] == ["accepted", "accepted"]


async def test_a_rejected_or_stale_message_may_be_sent_again(database: Database) -> None:
    consumer = consumer_of(database)
    await consumer.take([record(repair_update("a", note="stale")), record(repair_update("b", percent=101))])
    await consumer.take([record(repair_update("a")), record(repair_update("b"))])
    assert [one["outcome"] for one in await receipts(database)] == [
        "stale",
        "rejected",
        "accepted",
        "accepted",
    ]


async def test_a_message_without_an_id_is_answered_by_its_coordinates_and_kept_for_operations(
    database: Database,
) -> None:
    broken = record(b"{not json", offset=41)
    await consumer_of(database).take([broken, broken])
    assert [one["message_id"] for one in await receipts(database)] == [f"record:{broken.topic}:0:41"]
    (dead,) = await published(database, ".dlq")
    assert dead.body == b"{not json"
    assert dead.headers["dossier-reason"] == "unattributable"
    assert dead.headers["dossier-offset"] == "41"


async def test_poison_goes_to_the_dead_letters_and_leaves_its_neighbours_alone(database: Database) -> None:
    poison = repair_update("b", note="poison")
    await consumer_of(database).take([record(repair_update("a")), record(poison), record(repair_update("c"))])
    assert await effects(database) == ["a", "c"]
    assert [row.event_id for row in await published(database, "events.v1")] == ["e-a", "e-c"]
    (dead,) = await published(database, ".dlq")
    assert orjson.loads(dead.body) == poison
    assert dead.headers["dossier-reason"] == "LookupError"
    assert dead.headers["dossier-attempts"] == "3"


async def test_a_dead_letter_can_be_sent_again_once_the_fault_is_mended(database: Database) -> None:
    message = repair_update("b", note="poison")
    await consumer_of(database).take([record(message)])
    await consumer_of(database, poison="mended").take([record(message)])
    assert await effects(database) == ["b"]
    assert [one["outcome"] for one in await receipts(database)] == ["accepted"]


async def test_a_database_that_is_away_puts_the_batch_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.consumer._FIRST_PAUSE", 0)
    consumer = Consumer(service="claims", database=database)

    async def handle(session: AsyncSession, message: PartnerMessage[Any]) -> Verdict:
        raise ConnectionRefusedError

    consumer.on_partner("repair-updates", handle)
    with pytest.raises(Stuck):
        await consumer.take([record(repair_update("a"))])
    assert await receipts(database) == []
    assert await published(database, ".dlq") == []


def document(sequence: int = 1) -> DocumentState:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return DocumentState(
        id="d-1",
        agency_id="agency-fr",
        name="photo.jpg",
        type=DocumentType.DAMAGE_PHOTO,
        content_type="image/jpeg",
        size=3,
        sha256="0" * 64,
        uploaded_by=Actor(kind="user", id="u-1"),
        uploaded_at=now,
        sequence=sequence,
        updated_at=now,
    )


async def announce(database: Database) -> list[dict[str, Any]]:
    async with database.write(EVERY_AGENCY) as session:
        state = document()
        publish_state(
            session,
            service="documents",
            happening="document-added",
            state=state,
            old=None,
            actor=state.uploaded_by,
            at=state.updated_at,
        )
    return committed_events(session)


async def test_an_event_taken_from_a_commands_answer_is_a_duplicate_when_its_copy_comes(
    database: Database,
) -> None:
    seen: list[int] = []
    consumer = Consumer(service="gateway", database=database)

    async def project(session: AsyncSession, events: Any) -> None:
        seen.extend(event.sequence for event in events)

    consumer.on_states([DocumentState], project)
    events = await announce(database)
    await consumer.take_events(events)
    (row,) = await published(database, "documents.events.v1")
    copy = record(row.body, topic=row.topic, headers={"dossier-event-id": row.event_id})
    await consumer.take([copy])
    assert seen == [1]


async def test_an_event_of_an_unknown_type_is_passed_over(database: Database) -> None:
    consumer = Consumer(service="gateway", database=database)

    async def project(session: AsyncSession, events: Any) -> None:
        raise AssertionError

    consumer.on_states([DocumentState], project)
    await consumer.take(
        [record({"type": "dossier.documents.document-shredded.v1"}, topic="documents.events.v1")]
    )
    assert await published(database, ".dlq") == []


async def test_an_unreadable_event_is_a_dead_letter_at_the_first_attempt(database: Database) -> None:
    consumer = Consumer(service="gateway", database=database)

    async def project(session: AsyncSession, events: Any) -> None:
        raise AssertionError

    consumer.on_states([DocumentState], project)
    await consumer.take(
        [record({"type": "dossier.documents.document-added.v1"}, topic="documents.events.v1")]
    )
    (dead,) = await published(database, "documents.events.v1.dlq")
    assert dead.headers["dossier-attempts"] == "1"


def added(sequence: int, name: str = "photo.jpg", id: str = "d-1", traceparent: str | None = None) -> Record:
    """The event of a file as it comes by its topic."""
    state = document(sequence).model_copy(update={"id": id, "name": name})
    event = {
        "id": f"{id}/{sequence}",
        "source": "urn:dossier:service:documents",
        "type": "dossier.documents.document-changed.v1",
        "subject": id,
        "time": state.updated_at.isoformat(),
        "agencyid": state.agency_id,
        "sequence": sequence,
        "traceparent": traceparent,
        "data": {
            "state": state.model_dump(mode="json"),
            "actor": state.uploaded_by.model_dump(mode="json"),
        },
    }
    return record(event, topic="documents.events.v1", headers={"traceparent": TRACE})


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_the_events_of_a_batch_are_handed_on_together_and_in_their_order(database: Database) -> None:
    calls: list[list[tuple[str, int]]] = []
    moved: list[int] = []
    consumer = Consumer(service="gateway", database=database)

    async def project(session: AsyncSession, events: Any) -> None:
        calls.append([(event.subject, event.sequence) for event in events])

    consumer.on_states([DocumentState, ClaimState], project)
    again = added(2)
    batch = [again, added(1, id="d-2"), added(1), added(2), again]
    await consumer.take(batch, lambda: moved.append(1))
    assert calls == [[("d-1", 2), ("d-2", 1), ("d-1", 1), ("d-1", 2)]]
    assert len(moved) > 1
    assert [event.sequence for event in newest(read_again(batch))] == [2, 1]


def read_again(batch: list[Record]) -> list[CloudEvent[ChangeData[DocumentState]]]:
    adapter = event_adapter(DocumentState)
    return [adapter.validate_json(one.value) for one in batch]


async def test_an_event_that_fails_leaves_the_events_of_its_batch_alone(database: Database) -> None:
    consumer = Consumer(service="gateway", database=database)

    async def project(session: AsyncSession, events: Any) -> None:
        for event in events:
            await session.execute(insert(applied).values(what=event.data.state.name))
            enqueue_bytes(session, topic="t.events.v1", key="k", event_id=event.id, body=b"{}")
            if event.data.state.name == "poison":
                raise LookupError

    consumer.on_states([DocumentState], project)
    await consumer.take([added(1, "first"), added(2, "poison"), added(3, "last")])
    assert await effects(database) == ["first", "last"]
    assert [row.event_id for row in await published(database, "t.events.v1")] == ["d-1/1", "d-1/3"]
    (dead,) = await published(database, ".dlq")
    assert dead.headers["dossier-attempts"] == "3"
    assert dead.headers["traceparent"][3:35] == TRACE[3:35]


async def test_an_unreadable_event_does_not_take_its_batch_apart(database: Database) -> None:
    calls: list[int] = []
    consumer = Consumer(service="gateway", database=database)

    async def project(session: AsyncSession, events: Any) -> None:
        calls.append(len(events))

    consumer.on_states([DocumentState], project)
    broken = record({"type": "dossier.documents.document-added.v1"}, topic="documents.events.v1")
    await consumer.take([added(1), broken, added(2)])
    assert calls == [2]
    assert len(await published(database, ".dlq")) == 1


async def test_each_event_keeps_its_own_trace_and_has_that_of_its_record_without_one(
    database: Database,
) -> None:
    found: list[str | None] = []
    consumer = Consumer(service="gateway", database=database)

    async def project(session: AsyncSession, events: Any) -> None:
        found.extend(event.traceparent for event in events)

    consumer.on_states([DocumentState], project)
    own = TRACE.replace("4bf9", "0000")
    await consumer.take([added(1, traceparent=own), added(2), added(3, traceparent="not one")])
    assert found == [own, TRACE, TRACE]


async def test_receipts_are_handed_on_with_their_partners(database: Database) -> None:
    found: list[tuple[str, str]] = []
    consumer = Consumer(service="gateway", database=database)

    async def keep(session: AsyncSession, receipts: Any) -> None:
        found.extend((partner_id, event.data.message_id) for partner_id, event in receipts)

    consumer.on_receipts(keep)
    answered = consumer_of(database)
    await answered.take([record(repair_update("a")), record(repair_update("b"))])
    rows = await published(database, "receipts.v1")
    broken = record({"data": {}}, topic="partners.garage-lyon.receipts.v1")
    await consumer.take([*(record(row.body, topic=row.topic) for row in rows), broken])
    assert found == [("garage-lyon", "a"), ("garage-lyon", "b")]
    assert len(await published(database, "receipts.v1.dlq")) == 1


async def test_positions_are_kept_for_one_life_of_the_broker(database: Database) -> None:
    consumer = consumer_of(database)
    consumer.keep_positions("first life")
    await consumer.take([record(repair_update("a"), partition=2, offset=10)])
    await consumer.take([record(repair_update("b"), partition=2, offset=11)])
    assert await consumer.positions() == {("partners.garage-lyon.repair-updates.v1", 2): 12}
    consumer.keep_positions("second life")
    assert await consumer.positions() == {}


async def test_an_event_is_never_in_the_outbox_without_its_state(database: Database) -> None:
    with pytest.raises(LookupError):  # noqa: PT012 - the block is the transaction that fails
        async with database.write(EVERY_AGENCY) as session:
            enqueue_bytes(session, topic="t", key="k", event_id="e", body=b"{}")
            raise LookupError
    assert await published(database) == []


async def test_events_keep_their_order_in_the_outbox(database: Database) -> None:
    async with database.write(EVERY_AGENCY) as session:
        for number in range(1200):
            enqueue_bytes(session, topic="t", key="k", event_id=f"{number}", body=b"{}")
    assert [row.event_id for row in await published(database)] == [str(number) for number in range(1200)]


async def test_the_inbox_forgets_what_nobody_will_deliver_again(database: Database) -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    consumer = Consumer(service="claims", database=database, clock=clock)
    old, young = record(b"{}", topic="claims.events.v1"), record(b"{}", topic="claims.events.v1")
    await consumer.take([old])
    clock.advance(timedelta(days=20))
    await consumer.take([young])
    clock.advance(timedelta(days=20))
    assert await consumer.prune() == 1
    async with database.read(EVERY_AGENCY) as session:
        assert list(await session.scalars(select(inbox.c.record_id))) == [young.identity]
