"""What a database's error means: to the caller, who may try again, and to the operator, who must know which setting it is about."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class DatabaseAway(ConnectionError):  # noqa: N818 - it is a state, told in one sentence
    """No connection could be had. `__cause__` is what the driver said."""


class Failure(StrEnum):
    """What may pass by itself. The value is the code of the problem that callers get."""

    AWAY = "database_unavailable"
    BUSY = "database_busy"
    SLOW = "database_timeout"


_SLOW: Final = {"57014"}  # query_canceled: beyond the statement timeout
_BUSY: Final = {
    "55P03",
    "40P01",
    "40001",
    "53300",
}  # lock timeout, deadlock, serialisation, too many connections
_AWAY_CLASSES: Final = (
    "08",
    "57P",
    "25P03",
    "28",
    "3D",
)  # connection, shutdown, idle too long, login, no such database
_PASSING_CLASSES: Final = ("08", "40", "53", "55P03", "57", "58")
"""Connection, rolled back for another (deadlock), no resources, lock not to be had, operator (shutdown, cancelled, starting),
system. https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_WRONG_LOGIN: Final = ("28",)
_NO_DATABASE: Final = ("3D",)


def failure_of(error: BaseException) -> Failure | None:
    """Say whether an error is the database's state rather than the statement's fault, and which."""
    if isinstance(error, DatabaseAway):
        return Failure.AWAY
    if isinstance(error, PoolTimeout):
        return Failure.BUSY
    if not isinstance(error, DBAPIError):
        return None
    code = _sqlstate(error)
    busy = code in _BUSY or (isinstance(error, OperationalError) and "locked" in str(error.orig))
    away = error.connection_invalidated or code.startswith(_AWAY_CLASSES)
    if code in _SLOW:
        return Failure.SLOW
    if busy:
        return Failure.BUSY
    return Failure.AWAY if away else None


def is_passing(error: BaseException) -> bool:
    """Whether trying again can help: the database was away or busy, and what was being written is not at fault.

    The driver for PostgreSQL calls most of that plain errors, not operational ones: their SQLSTATE tells.
    """
    if failure_of(error) is not None:
        return True
    state = _sqlstate(error) if isinstance(error, DBAPIError) else ""
    return state.startswith(_PASSING_CLASSES) if state else isinstance(error, OperationalError | OSError)


def refuses_connections(error: BaseException) -> bool:
    """Whether this came from connecting: the driver's own error, which nobody has wrapped."""
    return isinstance(error, OSError) or (
        not isinstance(error, DBAPIError) and _sqlstate(error).startswith((*_AWAY_CLASSES, "53300"))
    )


def sentence_of(error: BaseException, setting: str, url: URL) -> str:
    """Tell the operator what is wrong and which setting it is about, without the password and without a trace."""
    code = _sqlstate(error) or _sqlstate(error.__cause__)
    if code.startswith(_WRONG_LOGIN):
        return f"{setting}: the database refuses the user {url.username or ''!r} or the password."
    if code.startswith(_NO_DATABASE):
        return f"{setting}: the server has no database {url.database or ''!r}."
    where = f"{url.host}:{url.port or 5432}" if url.host else str(url.database)
    if isinstance(error, OSError):
        return f"{setting}: no database answers at {where}."
    return f"{setting}: the database at {where} cannot be used ({type(error).__name__})."


def _sqlstate(error: BaseException | None) -> str:
    original = getattr(error, "orig", None) or error
    return str(getattr(original, "sqlstate", None) or "")


_DIALECT: Final = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]


def driver_error(dbapi: Any, error: Exception, *, closed: bool) -> Exception:
    """Give an error of PostgreSQL's driver the class that it has when a statement goes the usual way, parameters hidden."""
    told = error
    for kind in type(error).__mro__:
        if kind in dbapi._asyncpg_error_translate:  # noqa: SLF001 - the dialect's own table
            told = dbapi._asyncpg_error_translate[kind](str(error), error)  # noqa: SLF001
            break
    found: Exception = DBAPIError.instance(
        None, None, told, dbapi.Error, hide_parameters=True, connection_invalidated=closed, dialect=_DIALECT
    )
    return found
