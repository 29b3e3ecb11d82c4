"""Row-level security, the second wall between agencies, on PostgreSQL.

Every table with an `agency_id` has one policy, forced on the table's owner too: a row is there when its agency is in
`dossier.agencies`, which each transaction sets for itself (`Database.read` and `write` do). Unset or empty, nothing is.
A role that is a superuser or has BYPASSRLS is not held by it: the services need neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

SETTING: Final = "dossier.agencies"
POLICY: Final = "agency_wall"
SET_REACH: Final = f"SELECT set_config('{SETTING}', $1, true)"


def set_reach(reach: str) -> str:
    """Give `SET_REACH` as text that may follow a BEGIN at once, where no parameter can be sent along."""
    return SET_REACH.replace("$1", "'" + reach.replace("'", "''") + "'")


_READ: Final = f"(SELECT current_setting('{SETTING}', true))"
CONDITION: Final = (
    f"CASE WHEN {_READ} = '*' THEN true"
    f" ELSE coalesce(agency_id = ANY ((SELECT string_to_array(current_setting('{SETTING}', true), ','))::text[]), false)"
    " END"
)
"""The sub-selects are evaluated once a statement. The CASE hides the comparison from the planner on purpose: seen beside the
query's own agency filter it would count twice, make 20,000 rows look like 200, and win plans that read all of them."""


def secure(operations: Any, tables: Iterable[str]) -> None:
    """Put tables behind the wall, in a migration; `operations` is Alembic's `op`. Does nothing on SQLite."""
    if operations.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        operations.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        operations.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        operations.execute(
            f'CREATE POLICY {POLICY} ON "{table}" USING ({CONDITION}) WITH CHECK ({CONDITION})'
        )


def unsecure(operations: Any, tables: Iterable[str]) -> None:
    """Undo `secure`."""
    if operations.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        operations.execute(f'DROP POLICY {POLICY} ON "{table}"')
        operations.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
        operations.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
