"""Statements that are asked again and again, with a text that is made once.

Putting a statement together, finding its text by what it is made of, and wrapping what comes back took five times as long as
PostgreSQL and its driver take for the asking. A `Lookup` is put together once for each engine, and on PostgreSQL it goes to the
driver at once, in the transaction of the session and with its reach. On SQLite it goes the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import asyncpg
from sqlalchemy import ColumnElement, String, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.db.failures import driver_error
from shared.db.held import HeldSession
from shared.db.sessions import DIALECT, uninterrupted, whole
from shared.db.tenancy import Scope

Statement = Any
_DRIVER: Final = "dossier.driver"
_DIALECT: Final = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]


class Row(Protocol):
    """What is found: values by the names of their columns, whichever driver gave it."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a statement is put together for: the engine, and whether it is asked for one agency alone.

    An index that leads with the agency gives the rows of one agency in order; a list of agencies it gives in none.
    """

    dialect: str
    alone: bool

    def within(self, column: Any) -> ColumnElement[bool]:
        """Limit to the agencies of the scope that the lookup is asked with."""
        if self.alone:
            return _is(column, bindparam("agency", type_=String()))
        return self.among(column, "agencies")

    def among(self, column: Any, name: str, of: Any = String) -> ColumnElement[bool]:
        """Limit to the values that are given under a name, as a list of this type."""
        if self.dialect == "postgresql":
            return _is(column, any_(bindparam(name, type_=ARRAY(of))))
        found: ColumnElement[bool] = column.in_(bindparam(name, expanding=True))
        return found


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as the driver takes it."""

    sql: str
    names: tuple[str, ...]
    given: Mapping[str, Any]

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        return [values[one] if one in values else self.given[one] for one in self.names]


@dataclass(slots=True)
class Lookup:
    """A statement whose values are named parameters; `build` puts it together, once for each engine and kind of scope."""

    build: Callable[[Terms], Statement]
    _built: dict[Terms, Statement] = field(default_factory=dict)
    _texts: dict[bool, _Text] = field(default_factory=dict)
    """As PostgreSQL gets it, for one agency alone and for several."""

    async def rows(self, session: AsyncSession, scope: Scope, **values: Any) -> Sequence[Row]:
        """Give what is found, by the names of its columns; without an agency nothing is asked, and nothing found."""
        if not scope.agency_ids:
            return ()
        alone = len(scope.agency_ids) == 1
        agencies = {"agency": scope.agency_ids[0]} if alone else {"agencies": list(scope.agency_ids)}
        return await self._asked(session, {**values, **agencies}, alone=alone)

    async def all(self, session: AsyncSession, **values: Any) -> Sequence[Row]:
        """Give what is found in tables that belong to no agency, or under an agency that is a parameter like others."""
        return await self._asked(session, values, alone=True)

    async def first(self, session: AsyncSession, scope: Scope, **values: Any) -> Row | None:
        """Give the first of what is found."""
        return next(iter(await self.rows(session, scope, **values)), None)

    async def through(self, connection: AsyncConnection, **values: Any) -> Sequence[Row]:
        """Give what is found through a connection of its own, on PostgreSQL."""
        text = self._text(Terms("postgresql", alone=True))
        adapted: Any = (await connection.get_raw_connection()).dbapi_connection
        return await uninterrupted(
            _ask(connection.sync_connection, adapted, text.sql, text.parameters(values))
        )

    async def _asked(self, session: AsyncSession, values: dict[str, Any], *, alone: bool) -> Sequence[Row]:
        dialect = session.info[DIALECT]
        if dialect == "postgresql":
            text = self._texts.get(alone) or self._text(Terms(dialect, alone))
            return await fetch(session, text.sql, text.parameters(values))
        found: Sequence[Row] = (
            (await session.execute(self._statement(Terms(dialect, alone)), values)).mappings().all()
        )
        return found

    def _statement(self, terms: Terms) -> Statement:
        if terms not in self._built:
            self._built[terms] = self.build(terms)
        return self._built[terms]

    def _text(self, terms: Terms) -> _Text:
        if terms.alone not in self._texts:
            compiled = self._statement(terms).compile(dialect=_DIALECT)
            if compiled.post_compile_params or compiled.literal_execute_params:
                message = "a list in a lookup is a parameter: `Terms.among`"
                raise TypeError(message)
            names = tuple(compiled.positiontup)
            processors = compiled._bind_processors  # noqa: SLF001 - what the engine itself would do with a constant
            given = {
                name: processors[name](value) if name in processors else value
                for name, value in compiled.params.items()
                if not compiled.binds[name].required
            }
            self._texts[terms.alone] = _Text(str(compiled), names, given)
        return self._texts[terms.alone]


def _is(column: Any, value: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column == value
    return found


async def fetch(session: AsyncSession, sql: str, parameters: Sequence[Any]) -> Sequence[Row]:
    """Have the driver run a text in the session's transaction, whole, on PostgreSQL. Errors are those that the engine would raise."""
    if isinstance(session, HeldSession) and session.light:
        return await session.fetch(sql, parameters)
    return await whole(_fetch(session, sql, parameters))


async def _fetch(session: AsyncSession, sql: str, parameters: Sequence[Any]) -> Sequence[Row]:
    connection, adapted = await _connected(session)
    try:
        return await _ask(connection, adapted, sql, parameters)
    except DBAPIError as error:
        if error.connection_invalidated:
            await (await session.connection()).invalidate(error)
        raise


async def _ask(connection: Any, adapted: Any, sql: str, parameters: Sequence[Any]) -> Sequence[Row]:
    driver = adapted.driver_connection
    if connection.engine._has_events:  # noqa: SLF001 - whoever hears the engine's statements hears these too
        for hear in connection.dispatch.before_cursor_execute:
            hear(connection, None, sql, tuple(parameters), None, False)  # noqa: FBT003 - the event's own signature
    try:
        if adapted._transaction is None:  # noqa: SLF001 - it begins with its first statement, which this may be
            await adapted._start_transaction()  # noqa: SLF001
        found: Sequence[Row] = await driver.fetch(sql, *parameters)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, adapted.dbapi.Error) as error:
        raise driver_error(adapted.dbapi, error, closed=driver.is_closed()) from error
    return found


async def _connected(session: AsyncSession) -> tuple[Any, Any]:
    """The connection of the session's transaction, and the driver's within it; looked for once in each transaction.

    Once in each savepoint, too: looking for it is what begins the savepoint.
    """
    transaction = _innermost(session)
    known = session.info.get(_DRIVER)
    if known is not None and known[0] is transaction:
        return known[1:]  # type: ignore[no-any-return]
    connection: Any = (await session.connection()).sync_connection
    adapted = connection.connection.dbapi_connection
    session.info[_DRIVER] = (_innermost(session), connection, adapted)
    return connection, adapted


def _innermost(session: AsyncSession) -> Any:
    return session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()
