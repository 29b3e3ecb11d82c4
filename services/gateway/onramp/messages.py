"""Taking a partner's message in by HTTP: the same checks as on a topic, then the partner's own topic.

What is wrong with the message itself is answered at once; what it means for a claim or contract is decided by the
service that listens to the topic, and told in the receipt.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import OnrampMessage, PartnerReceipt
from services.gateway.onramp.identity import PartnerCaller
from shared.contracts.partners import MAX_MESSAGE_BYTES
from shared.contracts.topics import UPDATE_KINDS_OF, partner_topic
from shared.db.upsert import insert_ignore
from shared.errors import Conflict
from shared.http.problems import Problem
from shared.messaging.outbox import enqueue_bytes
from shared.messaging.partners import read_message

_STATUS: Final = {"malformed": 400, "too_large": 413}
_LONGEST_KEY: Final = 200


def check_kind(partner: PartnerCaller, kind: str) -> None:
    """Refuse (403) an endpoint that is not for this kind of partner."""
    if kind not in UPDATE_KINDS_OF[partner.kind]:
        raise Problem(403, "not_allowed", f"A partner of kind {partner.kind.value} does not send {kind}.")


def check_message(partner: PartnerCaller, kind: str, body: bytes, at: datetime) -> tuple[str, str]:
    """Give the message's id and the key of its record, or refuse it with the reason a receipt would have."""
    reading = read_message(partner.id, kind, body, at)
    if reading.message is None:
        reason = reading.verdict.reason if reading.verdict else None
        if reason is None:
            raise Problem(400, "malformed", "The message cannot be read.")
        raise Problem(
            _STATUS.get(reason.code, 422), reason.code, reason.detail, field=_field(reason.field, body)
        )
    data = reading.message.data
    names = ("claim_number", "policy_number", "insurer_reference")
    key = next((value for name in names if (value := getattr(data, name, None))), reading.message.message_id)
    return reading.message.message_id, str(key)[:_LONGEST_KEY]


async def accept_message(
    session: AsyncSession,
    partner: PartnerCaller,
    kind: str,
    message_id: str,
    key: str,
    body: bytes,
    at: datetime,
) -> None:
    """Put the message on its way, durably, once; raises `Conflict` for the same id with another content."""
    digest = hashlib.sha256(body).hexdigest()
    row = {
        "partner_id": partner.id,
        "message_id": message_id,
        "kind": kind,
        "body_hash": digest,
        "received_at": at,
    }
    dialect = session.get_bind().dialect.name
    statement = insert_ignore(dialect, OnrampMessage, [row], ["partner_id", "message_id"])
    new = (await session.execute(statement.returning(OnrampMessage.message_id))).first()
    if new is None:
        known = await session.scalar(
            select(OnrampMessage.body_hash).where(
                OnrampMessage.partner_id == partner.id, OnrampMessage.message_id == message_id
            )
        )
        if known != digest:
            raise Conflict("message_id_reused", "Another message with this id was accepted before.", "id")
        return
    enqueue_bytes(
        session,
        topic=partner_topic(partner.id, kind),
        key=key,
        event_id=f"partner:{partner.id}:{hashlib.sha256(message_id.encode()).hexdigest()}",
        body=body,
    )


async def find_receipt(
    session: AsyncSession, partner: PartnerCaller, message_id: str
) -> dict[str, Any] | None:
    """Give the receipt of a message, None while it waits for one; 404 for a message that never came."""
    receipt: dict[str, Any] | None = await session.scalar(
        select(PartnerReceipt.receipt).where(
            PartnerReceipt.partner_id == partner.id, PartnerReceipt.message_id == message_id
        )
    )
    if receipt is not None:
        return receipt
    known = await session.scalar(
        select(OnrampMessage.message_id).where(
            OnrampMessage.partner_id == partner.id, OnrampMessage.message_id == message_id
        )
    )
    if known is None:
        raise Problem(404, "unknown_message", "No message with this id was accepted from this partner.")
    return None


def too_large() -> Problem:
    """Refuse a message that is larger than any may be."""
    return Problem(413, "too_large", f"A message has at most {MAX_MESSAGE_BYTES} bytes.")


def _field(field: str | None, body: bytes) -> str | None:
    """Say where the field stands in what was sent: a receipt names fields of `data` alone."""
    if field is None:
        return None
    content = orjson.loads(body)
    inside = isinstance(content, dict) and field.split(".")[0] not in _ENVELOPE
    return f"data.{field}" if inside else field


_ENVELOPE: Final = frozenset(
    {"specversion", "id", "source", "type", "time", "datacontenttype", "subject", "traceparent", "data"}
)
