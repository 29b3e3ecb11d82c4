"""Failures of the database that pass: trying again can help, and whatever was being written is not at fault."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_PASSING_STATES: Final = ("08", "40", "53", "55P03", "57", "58")
"""SQLSTATE classes: connection, rolled back for another (deadlock), no resources, lock not to be had, operator (shutdown,
cancelled, starting), system. https://www.postgresql.org/docs/current/errcodes-appendix.html"""


def is_passing(error: BaseException) -> bool:
    """Whether the database was away or busy.

    The driver for PostgreSQL calls most of that plain errors, not operational ones: their SQLSTATE tells.
    """
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        state = getattr(error.orig, "sqlstate", None)
        if isinstance(state, str):
            return state.startswith(_PASSING_STATES)
    return isinstance(error, OperationalError | PoolTimeoutError | OSError)
