"""The intake of partner messages that claims and policy share: everything about a message but its meaning.

The kit checks size, JSON, envelope, sender, repetition and schema, keeps the answer, and never lets a message disturb its
neighbours. A service adds what a valid message means for its aggregate, as a handler that returns a `Verdict`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

import orjson
from pydantic import ValidationError

from shared.contracts.envelope import Actor, PartnerEnvelope, partner_source
from shared.contracts.partners import (
    MAX_MESSAGE_BYTES,
    UPDATE_MODELS,
    UPDATE_TYPES,
    Outcome,
    Reason,
    ReasonCode,
)

DataT = TypeVar("DataT")


@dataclass(frozen=True)
class PartnerMessage(Generic[DataT]):
    """A well-formed message: who speaks (by topic), what it says, when it happened and when we took it."""

    partner_id: str
    message_id: str
    kind: str
    data: DataT
    occurred_at: datetime
    received_at: datetime

    def actor(self, name: str = "") -> Actor:
        """The partner as the author of a change, under the name that people know."""
        return Actor(kind="partner", id=self.partner_id, name=name)


@dataclass(frozen=True)
class Verdict:
    """What became of a message; the kit turns it into the receipt."""

    outcome: Outcome
    sequence: int | None = None
    claim_number: str | None = None
    policy_number: str | None = None
    reason: Reason | None = None

    @classmethod
    def accepted(
        cls, sequence: int, *, claim_number: str | None = None, policy_number: str | None = None
    ) -> Self:
        """Applied; `sequence` is the aggregate's version afterwards."""
        return cls("accepted", sequence, claim_number, policy_number)

    @classmethod
    def stale(
        cls, sequence: int, *, claim_number: str | None = None, policy_number: str | None = None
    ) -> Self:
        """Not newer than what is known; nothing was changed."""
        return cls("stale", sequence, claim_number, policy_number)

    @classmethod
    def rejected(
        cls,
        code: ReasonCode,
        detail: str,
        field: str | None = None,
        *,
        sequence: int | None = None,
        claim_number: str | None = None,
        policy_number: str | None = None,
    ) -> Self:
        """Refused; nothing was changed, and the partner's sequence is not used up."""
        return cls(
            "rejected", sequence, claim_number, policy_number, Reason(code=code, detail=detail, field=field)
        )

    def receipt(self, message_id: str) -> dict[str, Any]:
        """The answer on the receipts topic, as `Receipt` has it: each update has one, so that it is not made as a model first."""
        return {
            "message_id": message_id,
            "outcome": self.outcome,
            "reason": self.reason.model_dump() if self.reason is not None else None,
            "claim_number": self.claim_number,
            "policy_number": self.policy_number,
            "sequence": self.sequence,
        }


@dataclass(frozen=True)
class Reading:
    """What could be read of a record: a message, or the verdict that refuses it, with whatever names it."""

    message_id: str | None
    message: PartnerMessage[Any] | None = None
    verdict: Verdict | None = None


def read_message(  # noqa: PLR0911 - one return per reason to refuse
    partner_id: str, kind: str, body: bytes, received_at: datetime
) -> Reading:
    """Read one record of a partner's topic; the topic decides who is speaking."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        code: ReasonCode = "too_large" if len(body) > MAX_MESSAGE_BYTES else "malformed"
        return Reading(None, verdict=Verdict.rejected(code, f"The message is not JSON: {error}."[:300]))
    if not isinstance(content, dict):
        return Reading(None, verdict=Verdict.rejected("malformed", "The message is not a JSON object."))
    message_id = _message_id(content)
    named = _named(content)
    if len(body) > MAX_MESSAGE_BYTES:
        detail = f"The message has {len(body)} bytes; {MAX_MESSAGE_BYTES} are allowed."
        return Reading(message_id, verdict=Verdict.rejected("too_large", detail, **named))
    if b"\\u0000" in body:
        # PostgreSQL cannot keep it; a message id that has one names nothing.
        message_id = None if message_id and "\0" in message_id else message_id
        return Reading(
            message_id, verdict=Verdict.rejected("malformed", "Text must not contain the null character.")
        )
    try:
        envelope = PartnerEnvelope.model_validate(content)
    except ValidationError as error:
        return Reading(message_id, verdict=_refusal("malformed", error, named))
    if envelope.source != partner_source(partner_id):
        detail = f"This topic belongs to {partner_source(partner_id)}."
        return Reading(message_id, verdict=Verdict.rejected("schema", detail, "source", **named))
    if envelope.type != UPDATE_TYPES[kind]:
        detail = f"This topic carries {UPDATE_TYPES[kind]}."
        return Reading(message_id, verdict=Verdict.rejected("schema", detail, "type", **named))
    try:
        data: Any = UPDATE_MODELS[kind].model_validate(envelope.data)
    except ValidationError as error:
        return Reading(message_id, verdict=_refusal("schema", error, named))
    occurred_at = data.occurred_at or envelope.time or received_at
    return Reading(message_id, PartnerMessage(partner_id, envelope.id, kind, data, occurred_at, received_at))


def _message_id(content: dict[str, Any]) -> str | None:
    found = content.get("id")
    return found if isinstance(found, str) and 0 < len(found) <= _LONGEST_ID else None


_LONGEST_ID = 200
_LONGEST_NUMBER = 100


def _named(content: dict[str, Any]) -> dict[str, Any]:
    """Claim or policy number as far as one can be read, so that a refusal still says what it is about."""
    data = content.get("data")
    found: dict[str, Any] = {}
    if isinstance(data, dict):
        for name in ("claim_number", "policy_number"):
            value = data.get(name)
            if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
                found[name] = value
    return found


def _refusal(code: ReasonCode, error: ValidationError, named: dict[str, Any]) -> Verdict:
    """Name the first offending field; its value is not repeated, since it may be personal data."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"] if not _is_union_tag(part)) or None
    return Verdict.rejected(code, first["msg"], path, **named)


def _is_union_tag(part: int | str) -> bool:
    """Pydantic names the branch of a union in the path; a partner knows nothing of branches."""
    return isinstance(part, str) and (part[:1].isupper() or "[" in part)
