"""A claims service without a bus: its database as the migrations make it, and its consumer fed by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlalchemy import select

from services.claims import handlers
from services.claims.consumers import build_consumer
from services.claims.models import Claim
from services.claims.repository import keep_clients, keep_contracts
from shared.clock import ManualClock
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import partner_source
from shared.contracts.partners import UPDATE_TYPES
from shared.contracts.policy import ClientState, ContractState
from shared.contracts.topics import CLAIMS_EVENTS, partner_topic
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY
from shared.messaging.records import Record
from shared.messaging.tables import outbox
from tests.unit.claims.factories import APPRAISER, BROKER, GARAGE, NOW, contract, register


@dataclass
class Service:
    database: Database
    clock: ManualClock
    _offsets: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.consumer = build_consumer(self.database, self.clock)

    async def registered(self, *, of: ContractState | None = None, **given: Any) -> ClaimState:
        """Register a claim with garage and appraiser."""
        command = register(**({"garage": GARAGE, "appraiser": APPRAISER} | given))
        async with self.database.write(EVERY_AGENCY) as session:
            return await handlers.register_claim(
                session, command, contract=of or contract(), actor=BROKER, at=self.clock.now()
            )

    async def knows(self, *states: ContractState | ClientState) -> None:
        """Keep replicas as if their events had come."""
        async with self.database.write(EVERY_AGENCY) as session:
            for state in states:
                if isinstance(state, ContractState):
                    await keep_contracts(session, [state])
                else:
                    await keep_clients(session, [state])

    def record(
        self, partner_id: str, kind: str, data: dict[str, Any], message_id: str | None = None
    ) -> Record:
        """A partner's message as it stands on its topic."""
        offset = next(self._offsets)
        event = {
            "specversion": "1.0",
            "id": message_id or f"{partner_id}-{offset}",
            "source": partner_source(partner_id),
            "type": UPDATE_TYPES[kind],
            "time": self.clock.now().isoformat(),
            "data": data,
        }
        return self.raw(partner_id, kind, json.dumps(event).encode(), offset)

    def raw(self, partner_id: str, kind: str, body: bytes, offset: int | None = None) -> Record:
        """Any bytes on a partner's topic."""
        place = next(self._offsets) if offset is None else offset
        return Record(partner_topic(partner_id, kind), 0, place, int(NOW.timestamp() * 1000), None, body)

    async def push(self, partner_id: str, kind: str, *updates: dict[str, Any]) -> list[dict[str, Any]]:
        """Let a partner push updates in one batch; gives their receipts in order."""
        return await self.take([self.record(partner_id, kind, update) for update in updates])

    async def take(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """Take a batch; gives the receipts that it caused."""
        before = len(await self.published())
        await self.consumer.take(records)
        return [
            event["data"]
            for topic, event in (await self.published())[before:]
            if topic.endswith("receipts.v1")
        ]

    async def published(self) -> list[tuple[str, dict[str, Any]]]:
        """Everything in the outbox but dead letters, in order: topic and event."""
        async with self.database.read(EVERY_AGENCY) as session:
            rows = await session.execute(select(outbox.c.topic, outbox.c.body).order_by(outbox.c.position))
            return [(topic, json.loads(body)) for topic, body in rows if not topic.endswith(".dlq")]

    async def happenings(self) -> list[str]:
        """The types of claim events in the outbox, shortened."""
        prefix, suffix = "dossier.claims.", ".v1"
        return [
            event["type"].removeprefix(prefix).removesuffix(suffix)
            for topic, event in await self.published()
            if topic == CLAIMS_EVENTS
        ]

    async def claim(self, claim_number: str = "CL-2026-000001") -> ClaimState:
        """The claim as it is stored."""
        async with self.database.read(EVERY_AGENCY) as session:
            state = await session.scalar(select(Claim.state).where(Claim.claim_number == claim_number))
            return ClaimState.model_validate(state)
