"""The two walls between agencies: the filter that every query has, and the reach that every session has.

The filter is `within`. The reach is what PostgreSQL itself holds a transaction to, by row-level security (see
`row_security.py`), should a query ever lack the filter. SQLite has no second wall.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import InstrumentedAttribute

Role = Literal["broker", "manager", "handler", "ops", "partner", "system"]
ROLES: tuple[Role, ...] = ("broker", "manager", "handler", "ops", "partner", "system")


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is asking, and whose data they may see.

    `agency_ids` empty means none, never all. `name` is shown beside what the person did. A partner has its
    `partner_id`; what it may touch is decided by assignment, not by agency.
    """

    user_id: str
    role: Role
    agency_ids: tuple[str, ...] = ()
    name: str = ""
    partner_id: str | None = None

    def of_agency(self, agency_id: str) -> Scope:
        """Give the same reader in one of his agencies: an index gives its rows in order, those of a list of agencies it does not."""
        return replace(self, agency_ids=(agency_id,) if agency_id in self.agency_ids else ())

    def may_see(self, agency_id: str | None) -> bool:
        """Say whether a row of this agency is within the scope."""
        return agency_id is not None and agency_id in self.agency_ids


class Reach(Enum):
    """How far a session sees that no person stands behind."""

    EVERY_AGENCY = "*"
    """Consumers, clocks, the operator's commands, and finding out who asks. Each use is named in a test, with its reason."""

    NO_AGENCY = ""
    """Tables that belong to no agency, alone: the outbox, positions, a user's own settings."""


EVERY_AGENCY: Final = Reach.EVERY_AGENCY
NO_AGENCY: Final = Reach.NO_AGENCY

Reader = Scope | Reach
"""Who a session reads and writes for."""


def reach_of(reader: Reader) -> str:
    """Give the value of the session setting that the policies compare with: agency ids with commas between, or `*`."""
    if isinstance(reader, Reach):
        return reader.value
    if any("," in one or one == Reach.EVERY_AGENCY.value for one in reader.agency_ids):
        message = "an agency id is a UUID"
        raise ValueError(message)
    return ",".join(reader.agency_ids)


def within(column: ColumnElement[Any] | InstrumentedAttribute[Any], scope: Scope) -> ColumnElement[bool]:
    """Limit a query to the agencies of the scope; with none, no row ever matches."""
    if not scope.agency_ids:
        return false()
    if len(scope.agency_ids) == 1:
        return column == scope.agency_ids[0]
    return column.in_(scope.agency_ids)
