"""The one way in which the agency filter gets into a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

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

    def may_see(self, agency_id: str | None) -> bool:
        """Say whether a row of this agency is within the scope."""
        return agency_id is not None and agency_id in self.agency_ids


def within(column: ColumnElement[Any] | InstrumentedAttribute[Any], scope: Scope) -> ColumnElement[bool]:
    """Limit a query to the agencies of the scope; with none, no row ever matches."""
    if not scope.agency_ids:
        return false()
    if len(scope.agency_ids) == 1:
        return column == scope.agency_ids[0]
    return column.in_(scope.agency_ids)
