"""Which failures of a database pass, by what the drivers raise for them."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.db.failures import is_passing


class OfPostgreSQL(Exception):  # noqa: N818 - stands for the driver's
    """An error as the driver's adapter raises it."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def wrapped(sqlstate: str | None, *, invalidated: bool = False) -> DBAPIError:
    return DBAPIError("SELECT 1", None, OfPostgreSQL(sqlstate), connection_invalidated=invalidated)


@pytest.mark.parametrize(
    "sqlstate",
    ["08003", "08006", "40001", "40P01", "53300", "55P03", "57014", "57P01", "57P03", "58030"],
)
def test_what_the_server_says_when_it_is_away_or_busy_passes(sqlstate: str) -> None:
    assert is_passing(wrapped(sqlstate))


@pytest.mark.parametrize("sqlstate", ["22001", "23505", "42P01", "22P02", "55000", "XX000"])
def test_what_it_says_about_the_data_or_the_statement_does_not(sqlstate: str) -> None:
    assert not is_passing(wrapped(sqlstate))
    assert not is_passing(IntegrityError("INSERT", None, OfPostgreSQL(sqlstate)))


def test_a_connection_that_is_gone_passes_whatever_was_said() -> None:
    assert is_passing(wrapped("XX000", invalidated=True))
    assert is_passing(wrapped(None, invalidated=True))


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("INSERT", None, Exception("database is locked")),
        PoolTimeoutError(),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_so_do_a_locked_file_a_full_pool_and_a_network_that_is_away(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error", [ValueError(), KeyError("x"), wrapped(None)], ids=["value", "key", "unnamed"]
)
def test_a_mistake_of_ours_does_not(error: Exception) -> None:
    assert not is_passing(error)
