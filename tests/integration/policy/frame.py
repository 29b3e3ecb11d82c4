"""The policy service without a bus: its API asked by people, its consumer fed by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import select

from services.policy.app import create_app
from services.policy.consumers import create_consumer
from services.policy.settings import PolicySettings
from shared.clock import ManualClock
from shared.contracts.envelope import Actor, ChangeData, CloudEvent, partner_source
from shared.contracts.identity import AgencyState, PartnerState
from shared.contracts.partners import UPDATE_TYPES
from shared.contracts.topics import CONTRACT_UPDATES, POLICY_EVENTS, partner_topic
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY, Scope
from shared.http.tokens import sign
from shared.identifiers import new_id
from shared.messaging.records import Record
from shared.messaging.tables import outbox
from tests.unit.policy.factories import NOW, car_contract

FRENCH, ISRAELI = "agency-fr", "agency-il"
AMELIE = Scope("user-1", "broker", (FRENCH,), "Claire Martin")
NOA = Scope("user-2", "broker", (ISRAELI,), "Noa Levi")
HANDLER = Scope("user-3", "handler", (FRENCH, ISRAELI), "Sami Both")
OPS = Scope("user-4", "ops", (), "Olga Ops")
PARTNER = Scope("insurer-alpha", "partner", (FRENCH,), "Alpha", partner_id="insurer-alpha")


@dataclass
class Desk:
    """One replica of the service and those who use it."""

    url: str
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    _offsets: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.settings = PolicySettings(policy_database_url=self.url)
        self.app: FastAPI = create_app(self.settings, self.clock)
        self.database: Database = self.app.state.database
        self.consumer = create_consumer(self.database, self.clock)
        self.http = AsyncClient(transport=ASGITransport(self.app), base_url="http://policy")

    async def close(self) -> None:
        await self.http.aclose()
        await self.database.dispose()

    async def ask(
        self, scope: Scope, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Response:
        token = sign(self.settings, scope, "policy")
        return await self.http.request(
            method, path, json=body, headers={"Authorization": f"Bearer {token}", **(headers or {})}
        )

    async def post(self, path: str, body: Any, scope: Scope = AMELIE, **headers: str) -> Response:
        return await self.ask(
            scope, "POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    async def get(self, path: str, scope: Scope = AMELIE) -> Response:
        return await self.ask(scope, "GET", path)

    async def client(self, scope: Scope = AMELIE, **given: Any) -> dict[str, Any]:
        """Register a client; gives his state."""
        body = {"kind": "person", "first_name": "Dana", "last_name": "Cohen", **given}
        state: dict[str, Any] = result(await self.post("/clients", body, scope), 201)
        return state

    async def contract(self, scope: Scope = AMELIE, **given: Any) -> dict[str, Any]:
        """Register a motor contract, and its client where none is named; gives its state."""
        if "client_id" not in given:
            given["client_id"] = (await self.client(scope))["id"]
        state: dict[str, Any] = result(await self.post("/contracts", car_contract(**given), scope), 201)
        return state

    async def knows(self, *states: AgencyState | PartnerState) -> None:
        """Let the events of agencies and partners arrive."""
        kinds = {AgencyState: "agency-changed", PartnerState: "partner-changed"}
        await self.consumer.take_events(
            [
                CloudEvent[Any](
                    id=new_id(),
                    source="urn:dossier:service:identity",
                    type=f"dossier.identity.{kinds[type(state)]}.v1",
                    subject=state.id,
                    time=NOW,
                    sequence=state.sequence,
                    data=ChangeData[Any](state=state, actor=Actor(kind="system", id="test")),
                ).model_dump(mode="json")
                for state in states
            ]
        )

    async def push(self, partner_id: str, *updates: dict[str, Any]) -> list[dict[str, Any]]:
        """Let an insurer push updates in one batch; gives their receipts in order."""
        before = len(await self.published())
        await self.consumer.take([self._record(partner_id, update) for update in updates])
        published: Sequence[tuple[str, dict[str, Any]]] = (await self.published())[before:]
        return [event["data"] for topic, event in published if topic.endswith("receipts.v1")]

    def _record(self, partner_id: str, data: dict[str, Any]) -> Record:
        offset = next(self._offsets)
        event = {
            "specversion": "1.0",
            "id": f"{partner_id}-{offset}",
            "source": partner_source(partner_id),
            "type": UPDATE_TYPES[CONTRACT_UPDATES],
            "time": NOW.isoformat(),
            "data": {"policy_number": "4501-889231", **data},
        }
        topic = partner_topic(partner_id, CONTRACT_UPDATES)
        return Record(topic, 0, offset, int(NOW.timestamp() * 1000), None, json.dumps(event).encode())

    async def published(self) -> list[tuple[str, dict[str, Any]]]:
        """The outbox in order: topic and event."""
        async with self.database.read(EVERY_AGENCY) as session:
            rows = await session.execute(select(outbox.c.topic, outbox.c.body).order_by(outbox.c.position))
            return [(topic, json.loads(body)) for topic, body in rows]

    async def happenings(self) -> list[str]:
        """The types of our own events in the outbox, shortened."""
        return [
            event["type"].removeprefix("dossier.policy.").removesuffix(".v1")
            for topic, event in await self.published()
            if topic == POLICY_EVENTS
        ]


def result(response: Response, status: int = 200) -> Any:
    """The result of an answer that must have this status."""
    assert response.status_code == status, response.text
    return response.json()["result"]


def problem(response: Response) -> tuple[int, str, str | None]:
    """Status, code and field of a problem document."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found = response.json()
    assert found["type"] == f"urn:dossier:problem:{found['code']}"
    return response.status_code, found["code"], found.get("field")


def agency(**given: Any) -> AgencyState:
    """The Israeli agency."""
    content: dict[str, Any] = {
        "id": ISRAELI,
        "name": "Haifa Desk",
        "country": "IL",
        "language": "he",
        "timezone": "Asia/Jerusalem",
        "currency": "ILS",
        "sequence": 1,
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return AgencyState.model_validate(content | given)


def partner(**given: Any) -> PartnerState:
    """An insurer."""
    content: dict[str, Any] = {
        "id": "insurer-alpha",
        "kind": "insurer",
        "name": "Alpha Assurances",
        "sequence": 1,
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return PartnerState.model_validate(content | given)
