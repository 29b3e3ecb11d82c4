import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.pool import QueuePool

from shared.db.base import ServiceBase, new_metadata
from shared.db.database import Database, leaves_something_to_publish, on_after_commit, on_before_commit
from shared.db.sessions import uninterrupted
from shared.db.tenancy import EVERY_AGENCY
from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.db.upsert import insert_ignore, upsert


class Base(ServiceBase):
    metadata = new_metadata()


class View(Base):
    __tablename__ = "views"
    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    sequence: Mapped[int]
    state: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@pytest.fixture
async def views(database: Database) -> Database:
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)  # the kit has no migrations of its own
    return database


async def count(database: Database) -> int:
    async with database.read(EVERY_AGENCY) as session:
        found = len((await session.scalars(select(View.id))).all())
    await database.settled()
    return found


def checked_out(database: Database) -> int:
    return cast("QueuePool", database.engine.pool).checkedout()


async def test_a_block_that_ends_well_is_committed(views: Database) -> None:
    async with views.write(EVERY_AGENCY) as session:
        session.add(View(id="a", sequence=1))
    assert await count(views) == 1


async def test_a_block_that_fails_leaves_nothing(views: Database) -> None:
    with pytest.raises(KeyError):  # noqa: PT012 - the block is the transaction under test
        async with views.write(EVERY_AGENCY) as session:
            session.add(View(id="a", sequence=1))
            await session.flush()
            raise KeyError
    assert await count(views) == 0
    assert checked_out(views) == 0


async def test_a_commit_that_fails_leaves_nothing(views: Database) -> None:
    async with views.write(EVERY_AGENCY) as session:
        session.add(View(id="a", sequence=1))
    with pytest.raises(IntegrityError) as caught:  # noqa: PT012 - the block is the transaction under test
        async with views.write(EVERY_AGENCY) as session:
            session.add(View(id="b", sequence=1))
            await session.flush()
            session.add(View(id="a", sequence=1))
    assert await count(views) == 1
    assert "[SQL parameters hidden" in str(caught.value)


async def test_a_savepoint_undoes_its_own_part_only(views: Database) -> None:
    async with views.write(EVERY_AGENCY) as session:
        session.add(View(id="a", sequence=1))
        with pytest.raises(KeyError):  # noqa: PT012
            async with session.begin_nested():
                session.add(View(id="b", sequence=1))
                await session.flush()
                raise KeyError
        async with session.begin_nested():
            session.add(View(id="c", sequence=1))
    async with views.read(EVERY_AGENCY) as session:
        assert set(await session.scalars(select(View.id))) == {"a", "c"}


async def test_a_reader_sees_the_last_commit_while_a_writer_writes(views: Database) -> None:
    async with asyncio.timeout(5), views.write(EVERY_AGENCY) as session:
        session.add(View(id="a", sequence=1))
        await session.flush()
        assert await count(views) == 0
    assert await count(views) == 1


async def test_a_read_session_cannot_write(views: Database) -> None:
    async with views.read(EVERY_AGENCY) as session:
        with pytest.raises(DBAPIError):
            await session.execute(text("INSERT INTO views (id, sequence) VALUES ('a', 1)"))
    assert await count(views) == 0
    async with views.write(EVERY_AGENCY) as session:  # the connection that refused serves writes again
        session.add(View(id="a", sequence=1))


async def test_a_read_session_does_not_hold_up_a_writer(views: Database) -> None:
    async with views.read(EVERY_AGENCY) as reader:
        await reader.execute(select(View))
        async with asyncio.timeout(5), views.write(EVERY_AGENCY) as session:
            session.add(View(id="a", sequence=1))
        assert (await reader.scalars(select(View.id))).all() in ([], ["a"])  # PostgreSQL reads committed


async def test_values_come_back_as_they_were(views: Database) -> None:
    at = datetime(2026, 7, 1, 12, 30, 0, 123456, tzinfo=UTC)
    async with views.write(EVERY_AGENCY) as session:
        session.add(View(id="a", sequence=1, state={"é": [1, None]}, at=at))
        session.add(View(id="b", sequence=1))
    async with views.read(EVERY_AGENCY) as session:
        row, empty = (await session.scalars(select(View).order_by(View.id))).all()
        assert (row.state, row.at) == ({"é": [1, None]}, at)
        assert (empty.state, empty.at) == (None, None)
        assert (await session.scalars(select(View.id).where(View.state.is_(None)))).all() == ["b"]
        assert (await session.scalars(select(View.id).where(View.at >= at))).all() == ["a"]


async def test_an_upsert_replaces(views: Database) -> None:
    for sequence in (5, 1):
        async with views.write(EVERY_AGENCY) as session:
            await session.execute(upsert(views.dialect, View, [{"id": "a", "sequence": sequence}], ["id"]))
    async with views.read(EVERY_AGENCY) as session:
        assert await session.scalar(select(View.sequence)) == 1


async def test_ignoring_what_exists_tells_what_was_new(views: Database) -> None:
    async with views.write(EVERY_AGENCY) as session:
        first = insert_ignore(views.dialect, View, [{"id": "a", "sequence": 1}], ["id"])
        assert set(await session.scalars(first.returning(View.id))) == {"a"}
        rows = [{"id": "a", "sequence": 2}, {"id": "b", "sequence": 2}]
        second = insert_ignore(views.dialect, View, rows, ["id"])
        assert set(await session.scalars(second.returning(View.id))) == {"b"}


async def test_hooks_run_before_and_after_the_commit(views: Database) -> None:
    ran: list[str] = []

    async def late(session: AsyncSession) -> None:
        session.add(View(id="late", sequence=1))
        ran.append("late")

    async def early(session: AsyncSession) -> None:
        on_before_commit(session, late)
        ran.append("early")

    async with views.write(EVERY_AGENCY) as session:
        on_before_commit(session, early)
        on_after_commit(session, lambda: ran.append("after"))
        assert ran == []
    assert ran == ["early", "late", "after"]
    assert await count(views) == 1


async def test_a_hook_that_fails_before_the_commit_undoes_it_and_nothing_runs_after(views: Database) -> None:
    ran: list[str] = []

    async def failing(_session: AsyncSession) -> None:
        raise KeyError

    with pytest.raises(KeyError):  # noqa: PT012 - the block is the transaction under test
        async with views.write(EVERY_AGENCY) as session:
            session.add(View(id="a", sequence=1))
            on_before_commit(session, failing)
            on_after_commit(session, lambda: ran.append("after"))
    assert (await count(views), ran) == (0, [])


async def test_a_hook_that_fails_after_the_commit_hurts_neither_it_nor_the_next_hook(views: Database) -> None:
    ran: list[str] = []

    def failing() -> None:
        raise KeyError

    async with views.write(EVERY_AGENCY) as session:
        session.add(View(id="a", sequence=1))
        on_after_commit(session, failing)
        on_after_commit(session, lambda: ran.append("after"))
    assert (await count(views), ran) == (1, ["after"])


async def test_a_commit_that_leaves_something_to_publish_is_told_and_no_other_and_no_rollback(
    views: Database,
) -> None:
    told: list[int] = []
    views.on_publication(lambda: told.append(1))
    async with views.write(EVERY_AGENCY) as session:
        session.add(View(id="a", sequence=1))

    async def fail() -> None:
        async with views.write(EVERY_AGENCY) as session:
            leaves_something_to_publish(session)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert told == []
    async with views.write(EVERY_AGENCY) as session:
        leaves_something_to_publish(session)
        assert told == []
    assert told == [1]


async def test_cancelled_writers_leave_neither_rows_nor_connections_nor_the_lock(views: Database) -> None:
    inside = asyncio.Event()

    async def write(number: int) -> None:
        async with views.write(EVERY_AGENCY) as session:
            session.add(View(id=str(number), sequence=1))
            await session.flush()
            inside.set()
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(write(number)) for number in range(5)]
    await inside.wait()
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
    assert (await count(views), checked_out(views)) == (0, 0)
    async with asyncio.timeout(5), views.write(EVERY_AGENCY) as session:
        session.add(View(id="next", sequence=1))
    assert await count(views) == 1


async def test_a_cancellation_during_the_commit_lets_it_stand_and_run_its_hooks(views: Database) -> None:
    ran: list[str] = []

    async def cancel_soon(_session: AsyncSession) -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)

    async def write() -> None:
        async with views.write(EVERY_AGENCY) as session:
            session.add(View(id="a", sequence=1))
            await session.flush()
            on_before_commit(session, cancel_soon)
            on_after_commit(session, lambda: ran.append("after"))

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(write())
    assert (await count(views), ran, checked_out(views)) == (1, ["after"], 0)


async def test_work_that_must_not_be_interrupted_passes_its_result_and_errors_on() -> None:
    async def seven() -> int:
        return 7

    async def failing() -> None:
        raise KeyError

    assert await uninterrupted(seven()) == 7
    with pytest.raises(KeyError):
        await uninterrupted(failing())


async def test_work_that_fails_while_its_caller_is_cancelled_ends_in_the_cancellation() -> None:
    go, begun = asyncio.Event(), asyncio.Event()

    async def failing() -> None:
        begun.set()
        await go.wait()
        raise KeyError

    task = asyncio.create_task(uninterrupted(failing()))
    await begun.wait()
    task.cancel()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_ping_answers_or_raises(tmp_path: Path) -> None:
    good = Database(f"sqlite:///{tmp_path}/good.db")
    await good.ping()
    await good.dispose()
    (tmp_path / "bad.db").write_bytes(b"this is no database, and long enough to be looked at" * 100)
    bad = Database(f"sqlite:///{tmp_path}/bad.db")
    with pytest.raises(DBAPIError):
        await bad.ping()
    await bad.dispose()


# What only SQLite has to show.


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/lite.db")
    yield made
    await made.dispose()


async def test_sqlite_holds_the_write_lock_from_the_beginning(sqlite: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "lite.db", timeout=0, isolation_level=None)
    async with sqlite.write(EVERY_AGENCY):
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_sqlite_is_set_up_to_lose_nothing(sqlite: Database) -> None:
    async with sqlite.write(EVERY_AGENCY) as session:
        found = {
            name: await session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


async def test_sqlite_refuses_a_write_inside_a_write_of_the_same_task(sqlite: Database) -> None:
    with pytest.raises(RuntimeError, match="pass that session on"):
        async with asyncio.timeout(5), sqlite.write(EVERY_AGENCY), sqlite.write(EVERY_AGENCY):
            pass
    async with asyncio.timeout(5), sqlite.write(EVERY_AGENCY):
        pass


async def test_sqlite_writers_take_turns(sqlite: Database) -> None:
    async with sqlite.write(EVERY_AGENCY) as session:
        await session.execute(text("CREATE TABLE counter (n INTEGER)"))
        await session.execute(text("INSERT INTO counter VALUES (0)"))

    async def add() -> None:
        async with sqlite.write(EVERY_AGENCY) as session:
            n = await session.scalar(text("SELECT n FROM counter"))
            await session.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    await asyncio.gather(*(add() for _ in range(20)))
    async with sqlite.read(EVERY_AGENCY) as session:
        assert await session.scalar(text("SELECT n FROM counter")) == 20


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
async def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"name a file|PostgreSQL or SQLite"):
        Database(url)


async def test_readers_that_leave_in_the_middle_of_a_statement_cost_no_connection(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'readers.db'}")
    slow = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
    )

    async def read() -> None:
        async with database.read(EVERY_AGENCY) as session:
            await session.execute(slow)

    await read()
    threads = threading.active_count()
    for _ in range(12):
        task = asyncio.create_task(read())
        await asyncio.sleep(0)  # let it begin
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert threading.active_count() == threads
    await database.dispose()
