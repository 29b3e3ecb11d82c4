"""Which statements of a migration stop the users of a table that is there already (PostgreSQL)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

_TABLE: Final = r'(?:ONLY )?"?(?P<table>\w+)"?'
_RULES: Final = (
    (
        re.compile(rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*? ON {_TABLE}", re.IGNORECASE | re.DOTALL),
        "makes an index without CONCURRENTLY: nobody writes until it is done",
    ),
    (
        re.compile(
            rf"ALTER TABLE {_TABLE} ADD (?:COLUMN )?(?!CONSTRAINT)(?!.*DEFAULT).*NOT NULL",
            re.IGNORECASE | re.DOTALL,
        ),
        "adds a NOT NULL column without a default: rows that are there, and replicas of the version before, have none",
    ),
    (
        re.compile(rf"ALTER TABLE {_TABLE} ALTER (?:COLUMN )?\S+ (?:SET DATA )?TYPE", re.IGNORECASE),
        "changes a column's type: the table is written anew",
    ),
    (
        re.compile(rf"ALTER TABLE {_TABLE} ALTER (?:COLUMN )?\S+ SET NOT NULL", re.IGNORECASE),
        "reads the whole table to see that no value is missing",
    ),
    (
        re.compile(
            rf"ALTER TABLE {_TABLE} ADD CONSTRAINT (?!.*(?:NOT VALID|USING INDEX))", re.IGNORECASE | re.DOTALL
        ),
        "adds a constraint that is checked at once: NOT VALID first, VALIDATE afterwards",
    ),
)


def stops_others(statements: Iterable[str], existing: Collection[str]) -> list[str]:
    """Say what is wrong with the statements of one script; tables that it makes itself have no users yet."""
    found = []
    for statement in statements:
        for rule, why in _RULES:
            match = rule.match(statement.strip())
            if match and match["table"] in existing:
                found.append(f"{match['table']}: {why}")
    return found
