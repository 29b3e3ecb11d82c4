"""Writes that wait for their commit: the same rows, errors and savepoints as if each went out at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as hearing
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.database import Database, on_before_commit
from shared.db.tenancy import NO_AGENCY
from shared.db.together import write_at_commit
from shared.db.upsert import write_many, write_new
from shared.errors import Conflict
from shared.messaging.tables import consumer_position, inbox, outbox
from tests.fixtures.databases import ENGINES, migrated_database

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
PLACE = ["topic", "partition"]


class RolledBackError(Exception):
    pass


@pytest.fixture(params=ENGINES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with migrated_database("claims", request.param, tmp_path) as url:
        one = Database(url)
        yield one
        await one.dispose()


def taken(*names: str) -> list[dict[str, object]]:
    return [{"record_id": name, "received_at": NOW} for name in names]


def position(partition: int, offset: int) -> dict[str, object]:
    return {"topic": "t", "partition": partition, "broker_epoch": "e", "next_offset": offset}


def message(event_id: str) -> dict[str, object]:
    return {
        "event_id": event_id,
        "topic": "claims.events.v1",
        "key": "k",
        "body": b"\x00\xff",
        "headers": {"à": [1, None]},
        "created_at": NOW,
    }


async def remember(session: AsyncSession, *names: str) -> None:
    await write_at_commit(session, inbox, taken(*names), ["record_id"])


async def records(session: AsyncSession) -> set[str]:
    return set(await session.scalars(select(inbox.c.record_id)))


async def kept(database: Database) -> tuple[set[str], dict[int, int], list[str]]:
    """Records, positions by partition, and events in their order."""
    async with database.read(NO_AGENCY) as session:
        places = await session.execute(select(consumer_position.c.partition, consumer_position.c.next_offset))
        events = await session.scalars(select(outbox.c.event_id).order_by(outbox.c.position))
        return await records(session), dict(tuple(place) for place in places), list(events)


@contextmanager
def heard(database: Database) -> Iterator[list[str]]:
    """The inserts that the database is sent inside the block."""
    found: list[str] = []

    def hear(_1: Any, _2: Any, statement: str, *_: Any) -> None:
        if "INSERT" in statement:
            found.append(statement)

    hearing.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    yield found
    hearing.remove(database.engine.sync_engine, "before_cursor_execute", hear)


async def test_several_tables_are_written_at_the_commit_and_on_postgresql_in_one_statement(
    database: Database,
) -> None:
    with heard(database) as inserts:
        async with database.write(NO_AGENCY) as session:
            await remember(session, "a", "b")
            await write_at_commit(session, consumer_position, [position(1, 5)], PLACE, replace=True)
            await write_at_commit(
                session, outbox, [message(f"e-{number}") for number in range(50)], ["event_id"]
            )
            assert await records(session) == set()
            assert inserts == []
    assert len(inserts) == (1 if database.dialect == "postgresql" else 3)
    assert await kept(database) == ({"a", "b"}, {1: 5}, [f"e-{number}" for number in range(50)])


async def test_what_hooks_write_goes_along_whoever_registered_first(database: Database) -> None:
    async def late(session: AsyncSession) -> None:
        await write_at_commit(session, outbox, [message("late")], ["event_id"])

    async def early(session: AsyncSession) -> None:
        await write_at_commit(session, consumer_position, [position(1, 5)], PLACE, replace=True)
        on_before_commit(session, late)

    with heard(database) as inserts:
        async with database.write(NO_AGENCY) as session:
            await remember(session, "a")
            on_before_commit(session, early)
    assert len(inserts) == (1 if database.dialect == "postgresql" else 3)
    assert await kept(database) == ({"a"}, {1: 5}, ["late"])


async def test_in_a_savepoint_it_is_written_at_once_and_rolled_back_with_it(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await remember(session, "before")
        async with session.begin_nested():
            await remember(session, "kept")
            assert await records(session) == {"kept"}
        with suppress(RolledBackError):
            async with session.begin_nested():
                await remember(session, "lost")
                assert await records(session) == {"kept", "lost"}
                raise RolledBackError
        await remember(session, "after")
    assert (await kept(database))[0] == {"before", "kept", "after"}


async def test_a_write_that_fails_in_a_savepoint_leaves_the_transaction_good(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await write_many(session, outbox, [message("known")], [])
        await remember(session, "before")
        with suppress(IntegrityError):
            async with session.begin_nested():
                await remember(session, "lost")
                await write_at_commit(session, outbox, [message("known")], [])
        await remember(session, "after")
    assert await kept(database) == ({"before", "after"}, {}, ["known"])


async def test_who_is_rolled_back_writes_nothing(database: Database) -> None:
    with suppress(RolledBackError):
        async with database.write(NO_AGENCY) as session:
            await remember(session, "a")
            raise RolledBackError
    assert await kept(database) == (set(), {}, [])


async def test_a_table_that_is_written_twice_ends_as_if_one_after_the_other(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await remember(session, "a", "b")
        await write_at_commit(
            session, consumer_position, [position(1, 5), position(2, 5)], PLACE, replace=True
        )
        await write_at_commit(session, consumer_position, [position(2, 9)], PLACE, replace=True)
        await remember(session, "b", "c")
        await write_at_commit(session, outbox, [message("e")], ["event_id"])
    assert await kept(database) == ({"a", "b", "c"}, {1: 5, 2: 9}, ["e"])


async def test_known_rows_are_left_alone_replaced_or_kept_when_newer(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await write_many(session, inbox, taken("a"), ["record_id"])
        await write_many(session, consumer_position, [position(1, 5), position(2, 5)], PLACE)
    async with database.write(NO_AGENCY) as session:
        await remember(session, "a", "b")
        rows = [position(1, 4), position(2, 6)]
        await write_at_commit(session, consumer_position, rows, PLACE, replace=True, guard="next_offset")
    assert await kept(database) == ({"a", "b"}, {1: 5, 2: 6}, [])


@pytest.mark.parametrize("alone", [True, False])
async def test_a_row_that_must_not_exist_means_what_its_writer_says_and_nothing_is_written(
    database: Database, *, alone: bool
) -> None:
    async with database.write(NO_AGENCY) as session:
        await write_many(session, outbox, [message("known")], [])

    def others(error: IntegrityError) -> Exception | None:
        return Conflict("other", "not mine") if "inbox" in str(error.orig) else None

    def mine(error: IntegrityError) -> Exception | None:
        return Conflict("known", "there already") if "event_id" in str(error.orig) else None

    async def write(session: AsyncSession) -> None:
        if not alone:
            await write_at_commit(session, inbox, taken("a"), ["record_id"], refusal=others)
        await write_at_commit(session, outbox, [message("new"), message("known")], [], refusal=mine)

    with pytest.raises(Conflict) as refusal:
        async with database.write(NO_AGENCY) as session:
            await write(session)
    assert refusal.value.code == "known"
    assert isinstance(refusal.value.__cause__, IntegrityError)
    with pytest.raises(Conflict):
        async with database.write(NO_AGENCY) as session, session.begin_nested():
            await write(session)
    assert await kept(database) == (set(), {}, ["known"])


async def test_a_constraint_that_means_nothing_to_anybody_is_told_as_it_is(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await write_many(session, outbox, [message("known")], [])
    with pytest.raises(IntegrityError):  # noqa: PT012 - the block is the session under test
        async with database.write(NO_AGENCY) as session:
            await write_at_commit(session, inbox, taken("a"), ["record_id"], refusal=lambda _error: None)
            await write_at_commit(session, outbox, [message("known")], [])
    assert await kept(database) == (set(), {}, ["known"])


async def test_a_text_that_is_too_long_takes_all_with_it(database: Database) -> None:
    """PostgreSQL refuses it; SQLite bounds no texts."""
    postgresql = database.dialect == "postgresql"
    with pytest.raises(DBAPIError) if postgresql else nullcontext():
        async with database.write(NO_AGENCY) as session:
            await write_at_commit(session, outbox, [message("e")], ["event_id"])
            await remember(session, "r" * 401)
    assert await kept(database) == ((set(), {}, []) if postgresql else ({"r" * 401}, {}, ["e"]))


async def test_two_that_write_the_same_keys_of_two_tables_both_come_through(database: Database) -> None:
    """One writes a third table, too: the order of the two stays the same."""
    both_begun = asyncio.Barrier(2)
    postgresql = database.dialect == "postgresql"

    async def write(turn: int, *, third: bool) -> None:
        async with database.write(NO_AGENCY) as session:
            if postgresql:  # SQLite has one writer at a time
                await session.execute(text("SELECT 1"))
                await both_begun.wait()
            names = [f"{turn}-{number}" for number in range(200)]
            await remember(session, *names)
            await write_at_commit(session, outbox, [message(name) for name in names], ["event_id"])
            if third:
                await write_at_commit(session, consumer_position, [position(turn, 1)], PLACE, replace=True)

    for turn in range(10):
        await asyncio.gather(write(turn, third=False), write(turn, third=True))
    found, places, events = await kept(database)
    assert (len(found), len(places), len(events)) == (2000, 10, 2000)


async def test_only_what_was_not_there_before_is_given(database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        first = await write_new(session, inbox, taken("a", "b"), ["record_id"], giving="record_id")
        again = await write_new(session, inbox, taken("b", "c", "c"), ["record_id"], giving="record_id")
        none = await write_new(session, inbox, [], ["record_id"], giving="record_id")
    assert (first, again, none) == ({"a", "b"}, {"c"}, set())
    assert (await kept(database))[0] == {"a", "b", "c"}
