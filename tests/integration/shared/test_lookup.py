"""Statements whose text is made once give what the same statement gives, on both engines."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import QueuePool, bindparam, event, select
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.base import ServiceBase, new_metadata
from shared.db.database import Database
from shared.db.lookup import Lookup, Terms
from shared.db.tenancy import EVERY_AGENCY, Scope
from shared.db.types import Identifier, JsonDocument, UtcDateTime

AT = datetime(2026, 11, 26, 2, 30, tzinfo=UTC)


class Base(ServiceBase):
    metadata = new_metadata()


class Thing(Base):
    __tablename__ = "things"
    agency_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    open: Mapped[bool]
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())
    at: Mapped[datetime] = mapped_column(UtcDateTime())


def _things(terms: Terms) -> Any:
    return (
        select(Thing.id, Thing.open, Thing.state, Thing.at)
        .where(terms.within(Thing.agency_id), Thing.open.is_(True), Thing.at <= bindparam("until"))
        .order_by(Thing.id)
        .limit(10)
    )


THINGS = Lookup(_things)
NAMED = Lookup(lambda terms: select(Thing.id).where(terms.among(Thing.id, "ids")).order_by(Thing.id))


def scope(*agencies: str) -> Scope:
    return Scope("paul", "broker", agencies)


@pytest.fixture
async def things(database: Database) -> Database:
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)  # the kit has no migrations of its own
    async with database.write(EVERY_AGENCY) as session:
        for agency, name, is_open in (
            ("a", "1", True),
            ("a", "2", False),
            ("b", "3", True),
            ("c", "4", True),
        ):
            session.add(Thing(agency_id=agency, id=name, open=is_open, state={"n": [1, "é"]}, at=AT))
    return database


async def test_it_gives_values_as_the_columns_types_say(things: Database) -> None:
    async with things.read(scope("a")) as session:
        [row] = await THINGS.rows(session, scope("a"), until=AT)
    assert (row["id"], row["open"], row["state"], row["at"]) == ("1", True, {"n": [1, "é"]}, AT)


@pytest.mark.parametrize(("agencies", "found"), [((), []), (("a",), ["1"]), (("a", "b"), ["1", "3"])])
async def test_it_is_limited_to_the_agencies_of_who_asks(
    things: Database, agencies: tuple[str, ...], found: list[str]
) -> None:
    who = scope(*agencies)
    async with things.read(EVERY_AGENCY) as session:
        assert [row["id"] for row in await THINGS.rows(session, who, until=AT)] == found
        first = await THINGS.first(session, who, until=AT)
    assert (first["id"] if first else None) == (found[0] if found else None)


async def test_a_list_is_one_parameter_however_long_it_is(things: Database) -> None:
    async with things.read(EVERY_AGENCY) as session:
        for ids in ([], ["1"], ["4", "1", "none"], [str(number) for number in range(200)]):
            found = [row["id"] for row in await NAMED.all(session, ids=ids)]
            assert found == sorted({"1", "2", "3", "4"} & set(ids))


async def test_a_value_that_is_not_given_is_an_error(things: Database) -> None:
    async with things.read(EVERY_AGENCY) as session:
        with pytest.raises(Exception, match="until"):
            await THINGS.rows(session, scope("a"))


def test_a_list_of_constants_is_refused_where_it_could_not_be_sent() -> None:
    listed = Lookup(lambda _terms: select(Thing.id).where(Thing.id.in_(["1", "2"])))
    with pytest.raises(TypeError, match="among"):
        listed._text(Terms("postgresql", alone=True))


async def test_whoever_hears_the_engines_statements_hears_these(things: Database) -> None:
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    async with things.read(EVERY_AGENCY) as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", hear)
        try:
            await NAMED.all(session, ids=["1"])
        finally:
            event.remove(engine, "before_cursor_execute", hear)
    assert any("FROM things" in one for one in heard)


async def test_who_is_cancelled_while_he_asks_leaves_no_connection_behind(things: Database) -> None:
    begun = asyncio.Event()

    async def ask() -> None:
        async with things.read(EVERY_AGENCY) as session:
            begun.set()
            await NAMED.all(session, ids=["1"])

    tasks = [asyncio.create_task(ask()) for _ in range(8)]
    await begun.wait()
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert any(isinstance(one, asyncio.CancelledError) for one in ended)
    async with things.read(EVERY_AGENCY) as session:
        assert [row["id"] for row in await NAMED.all(session, ids=["1"])] == ["1"]
    await things.settled()
    assert cast("QueuePool", things.engine.pool).checkedout() == 0
