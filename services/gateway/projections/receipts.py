"""Answers to partners, kept for those who ask by HTTP."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import PartnerReceipt
from shared.contracts.envelope import CloudEvent
from shared.contracts.partners import Receipt
from shared.db.upsert import insert_ignore, upsert


async def record_receipt(session: AsyncSession, partner_id: str, event: CloudEvent[Receipt]) -> None:
    """Keep the first answer that is not `duplicate`: it tells what became of the message, the later ones do not."""
    receipt = event.data
    row = {
        "partner_id": partner_id,
        "message_id": receipt.message_id,
        "outcome": receipt.outcome,
        "receipt": receipt.model_dump(mode="json"),
        "at": event.time,
    }
    keys = ["partner_id", "message_id"]
    dialect = session.get_bind().dialect.name
    known = await session.scalar(
        select(PartnerReceipt.outcome).where(
            PartnerReceipt.partner_id == partner_id, PartnerReceipt.message_id == receipt.message_id
        )
    )
    if known == "duplicate" and receipt.outcome != "duplicate":
        await session.execute(upsert(dialect, PartnerReceipt, [row], keys))
    elif known is None:
        await session.execute(insert_ignore(dialect, PartnerReceipt, [row], keys))
