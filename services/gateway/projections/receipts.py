"""Answers to partners, kept for those who ask by HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import PartnerReceipt
from shared.contracts.envelope import CloudEvent
from shared.contracts.partners import Receipt
from shared.db.among import given_pairs, named_pairs_among
from shared.db.lookup import Lookup, Terms
from shared.db.together import write_at_commit

_KEYS: Final = ["partner_id", "message_id"]
_REPEATED: Final = "duplicate"


async def record_receipts(session: AsyncSession, receipts: Sequence[tuple[str, CloudEvent[Receipt]]]) -> None:
    """Keep the first answer that is not `duplicate`: it tells what became of the message, the later ones do not."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for partner_id, event in receipts:
        key = (partner_id, event.data.message_id)
        if key not in first or (first[key]["outcome"] == _REPEATED and event.data.outcome != _REPEATED):
            first[key] = _row(partner_id, event)
    found = await _KNOWN.all(session, **given_pairs(session, "keys", first))
    known = {(row["partner_id"], row["message_id"]): row["outcome"] for row in found}
    told = [
        row
        for key, row in sorted(first.items())
        if known.get(key) == _REPEATED and row["outcome"] != _REPEATED
    ]
    new = [row for key, row in sorted(first.items()) if key not in known]
    await write_at_commit(session, PartnerReceipt, told, _KEYS, replace=True)
    await write_at_commit(session, PartnerReceipt, new, _KEYS)


def _row(partner_id: str, event: CloudEvent[Receipt]) -> dict[str, Any]:
    receipt = event.data
    return {
        "partner_id": partner_id,
        "message_id": receipt.message_id,
        "outcome": receipt.outcome,
        "receipt": receipt.model_dump(mode="json"),
        "at": event.time,
    }


def _known(terms: Terms) -> Any:
    key = (PartnerReceipt.partner_id, PartnerReceipt.message_id)
    return select(*key, PartnerReceipt.outcome).where(named_pairs_among(terms.dialect, key, "keys"))


_KNOWN: Final = Lookup(_known)
