"""Writing and looking for many rows at once: the same on both engines, whatever statement it becomes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import or_, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.db.among import among, pairs_among
from shared.db.database import Database
from shared.db.tenancy import NO_AGENCY
from shared.db.upsert import write_many
from shared.messaging.tables import consumer_position, inbox, outbox
from tests.fixtures.databases import ENGINES, migrated_database

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture(params=ENGINES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with migrated_database("claims", request.param, tmp_path) as url:
        one = Database(url)
        yield one
        await one.dispose()


def event(event_id: str, **fields: object) -> dict[str, object]:
    return {
        "event_id": event_id,
        "topic": "claims.events.v1",
        "key": "k",
        "body": b"\x00\xff" + event_id.encode(),
        "headers": {"à": [1, None, {"b": "'\"\\"}]},
        "created_at": NOW,
        **fields,
    }


async def test_rows_keep_their_order_and_every_kind_of_value(database: Database) -> None:
    rows = [event(f"e-{number:03}") for number in range(300)]
    async with database.write(NO_AGENCY) as session:
        await write_many(session, outbox, rows, ["event_id"])
    async with database.read(NO_AGENCY) as session:
        found = (await session.execute(select(outbox).order_by(outbox.c.position))).all()
    assert [row.event_id for row in found] == [row["event_id"] for row in rows]
    assert found[7].body == b"\x00\xffe-007"
    assert found[7].headers == rows[7]["headers"]
    assert found[7].created_at == NOW
    assert found[7].published_at is None


async def test_known_keys_are_left_alone_and_twice_in_one_call_is_once(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await write_many(session, outbox, [event("a", key="first")], ["event_id"])
        again = [event("a", key="second"), event("b", key="first"), event("b", key="second")]
        await write_many(session, outbox, again, ["event_id"])
    async with database.read(NO_AGENCY) as session:
        rows = await session.execute(select(outbox.c.event_id, outbox.c.key).order_by(outbox.c.position))
    assert [tuple(row) for row in rows] == [("a", "first"), ("b", "first")]


async def test_known_keys_are_replaced_when_asked_for(database: Database) -> None:
    def position(partition: int, offset: int) -> dict[str, object]:
        return {"topic": "t", "partition": partition, "broker_epoch": "e", "next_offset": offset}

    keys = ["topic", "partition"]
    async with database.write(NO_AGENCY) as session:
        await write_many(session, consumer_position, [position(1, 5), position(2, 5)], keys, replace=True)
        await write_many(session, consumer_position, [position(2, 9), position(3, 1)], keys, replace=True)
    async with database.read(NO_AGENCY) as session:
        rows = await session.execute(select(consumer_position.c.partition, consumer_position.c.next_offset))
    assert dict(tuple(row) for row in rows) == {1: 5, 2: 9, 3: 1}


async def test_of_known_keys_the_greatest_guard_stays(database: Database) -> None:
    def position(partition: int, offset: int, epoch: str) -> dict[str, object]:
        return {"topic": "t", "partition": partition, "broker_epoch": epoch, "next_offset": offset}

    rounds = (
        [position(1, 2, "first"), position(2, 1, "first")],
        [position(1, 1, "older"), position(2, 3, "newer")],
        [position(1, 2, "same")],
    )
    for rows in rounds:
        async with database.write(NO_AGENCY) as session:
            await write_many(
                session, consumer_position, rows, ["topic", "partition"], replace=True, guard="next_offset"
            )
    async with database.read(NO_AGENCY) as session:
        found = await session.execute(select(consumer_position).order_by(consumer_position.c.partition))
    assert [(row.next_offset, row.broker_epoch) for row in found] == [(2, "first"), (3, "newer")]


async def test_a_text_that_is_too_long_is_not_cut(database: Database) -> None:
    """PostgreSQL refuses it; SQLite bounds no texts and keeps all of it."""
    refused = pytest.raises(DBAPIError) if database.dialect == "postgresql" else nullcontext()
    with refused:
        async with database.write(NO_AGENCY) as session:
            await write_many(
                session, inbox, [{"record_id": "r" * n, "received_at": NOW} for n in (5, 401)], ["record_id"]
            )
    async with database.read(NO_AGENCY) as session:
        lengths = [len(one) for one in await session.scalars(select(inbox.c.record_id))]
    assert sorted(lengths) == ([5, 401] if database.dialect == "sqlite" else [])


async def test_many_are_looked_for_and_none_finds_none(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await write_many(
            session, inbox, [{"record_id": f"r-{n}", "received_at": NOW} for n in range(9)], ["record_id"]
        )
        wanted = among(session, inbox.c.record_id, ["r-3", "r-7", "r-77"])
        assert set(await session.scalars(select(inbox.c.record_id).where(wanted))) == {"r-3", "r-7"}
        nothing = select(inbox.c.record_id).where(among(session, inbox.c.record_id, []))
        assert (await session.scalars(nothing)).all() == []


async def test_without_key_columns_a_row_that_exists_is_an_error(database: Database) -> None:
    rows = [event("a"), event("b")]
    async with database.write(NO_AGENCY) as session:
        await write_many(session, outbox, rows, [])
    with pytest.raises(IntegrityError):
        async with database.write(NO_AGENCY) as session:
            await write_many(session, outbox, [event("c"), event("b")], [])
    async with database.read(NO_AGENCY) as session:
        assert set(await session.scalars(select(outbox.c.event_id))) == {"a", "b"}


@pytest.mark.parametrize("alone", [True, False])
async def test_rows_are_found_by_one_key_beside_an_alternative_too(
    database: Database, *, alone: bool
) -> None:
    async with database.write(NO_AGENCY) as session:
        await write_many(session, outbox, [event(one) for one in "abcd"], ["event_id"])
    async with database.read(NO_AGENCY) as session:
        named = among(session, outbox.c.event_id, ["b", "x"], alone=alone)
        found = await session.scalars(
            select(outbox.c.event_id).where(or_(named, outbox.c.event_id == "d")).order_by(outbox.c.event_id)
        )
        assert list(found) == ["b", "d"]


async def test_pairs_are_looked_for_as_pairs(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await write_many(
            session,
            outbox,
            [event(f"{topic}{key}", topic=topic, key=key) for topic in "ab" for key in "cd"],
            ["event_id"],
        )
        columns = (outbox.c.topic, outbox.c.key)
        wanted = select(outbox.c.event_id).where(
            pairs_among(session, columns, {("a", "d"), ("b", "c"), ("d", "a")})
        )
        assert set(await session.scalars(wanted)) == {"ad", "bc"}
        nothing = select(outbox.c.event_id).where(pairs_among(session, columns, []))
        assert list(await session.scalars(nothing)) == []
