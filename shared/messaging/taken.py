"""What was taken before: records by their names, and partners' messages by theirs, in one question."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Select, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.among import given_pairs, named_among, named_pairs_among
from shared.db.lookup import Lookup, Row, Terms
from shared.messaging.tables import inbox, partner_message

MessageKey = tuple[str, str]
"""A partner's id, and its own id of a message."""

_MESSAGE: Final = ("partner_id", "message_id", "sequence", "claim_number", "policy_number")


@dataclass(frozen=True, slots=True)
class Taken:
    """Names of records, and messages with what they were answered."""

    records: frozenset[str] = frozenset()
    messages: dict[MessageKey, Row] = field(default_factory=dict)


async def taken_before(
    session: AsyncSession, records: Collection[str], messages: Collection[MessageKey] = ()
) -> Taken:
    """Find which of these were taken before. A service without partners has no messages, nor a table of them."""
    if not messages:
        found = await _RECORDS.all(session, records=list(records))
        return Taken(frozenset(row["record_id"] for row in found))
    given = given_pairs(session, "messages", messages)
    rows = await _BOTH.all(session, records=list(records), **given)
    return Taken(
        frozenset(row["record_id"] for row in rows if row["record_id"] is not None),
        {(row["partner_id"], row["message_id"]): row for row in rows if row["record_id"] is None},
    )


def _records(terms: Terms, *beside: Any) -> Select[Any]:
    return select(inbox.c.record_id, *beside).where(named_among(terms.dialect, inbox.c.record_id, "records"))


def _both(terms: Terms) -> Any:
    columns = [partner_message.c[name] for name in _MESSAGE]
    nothing = [null().cast(column.type).label(column.name) for column in columns]
    key = (partner_message.c.partner_id, partner_message.c.message_id)
    messages = select(null().cast(inbox.c.record_id.type).label("record_id"), *columns).where(
        named_pairs_among(terms.dialect, key, "messages")
    )
    return union_all(_records(terms, *nothing), messages)


_RECORDS: Final = Lookup(_records)
_BOTH: Final = Lookup(_both)
