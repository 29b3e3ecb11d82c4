"""The documents service without a bus: its API asked by people and partners, its consumer fed by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import select

from services.documents.app import create_app
from services.documents.consumers import create_consumer
from services.documents.settings import DocumentsSettings
from shared.clock import ManualClock
from shared.contracts.claims import ClaimState, Insured
from shared.contracts.codes import ClaimKind, ClaimStatus, ProductLine
from shared.contracts.envelope import Actor, ChangeData, CloudEvent
from shared.contracts.policy import ClientState, PartnerReference
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY, Scope
from shared.http.tokens import sign
from shared.identifiers import new_id
from shared.messaging.tables import outbox
from shared.storage.disk import LocalDisk
from shared.storage.port import Content, StorageUnavailable

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FRENCH, ISRAELI = "agency-fr", "agency-il"
CLAIRE = Scope("user-1", "broker", (FRENCH,), "Claire Martin")
NOA = Scope("user-2", "broker", (ISRAELI,), "Noa Levi")
OPS = Scope("user-4", "ops", (), "Olga Ops")
GARAGE = Scope("garage-lyon", "partner", (FRENCH,), "Garage de Lyon", partner_id="garage-lyon")
OTHER_GARAGE = Scope("garage-haifa", "partner", (FRENCH,), "Haifa", partner_id="garage-haifa")

CLAIM = {"agency_id": FRENCH, "claim_number": "CL-2026-000001"}


class Shelf(LocalDisk):
    """A disk that can be made to fail."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.away = False
        self.delete_fails = False

    async def put(self, key: str, content: Content, size: int, content_type: str) -> None:
        if self.away:
            message = "away"
            raise StorageUnavailable(message)
        await super().put(key, content, size, content_type)

    async def get(self, key: str) -> AsyncIterator[bytes]:
        if self.away:
            message = "away"
            raise StorageUnavailable(message)
        async for piece in super().get(key):
            yield piece

    async def delete(self, key: str) -> None:
        if self.away or self.delete_fails:
            message = "away"
            raise StorageUnavailable(message)
        await super().delete(key)

    async def check(self) -> None:
        if self.away:
            message = "away"
            raise StorageUnavailable(message)

    @property
    def objects(self) -> list[Path]:
        """What is stored."""
        return sorted(path for path in self.root.rglob("*") if path.is_file())


@dataclass
class Desk:
    """One replica of the service and those who use it."""

    url: str
    folder: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))

    def __post_init__(self) -> None:
        self.settings = DocumentsSettings(
            documents_database_url=self.url,
            documents_max_file_bytes=300_000,
            documents_max_image_pixels=1_000_000,
            documents_max_files_per_subject=3,
        )
        self.store = Shelf(self.folder / "files")
        self.app: FastAPI = create_app(self.settings, self.clock, self.store)
        self.database: Database = self.app.state.database
        self.consumer = create_consumer(self.database, self.clock)
        self.http = AsyncClient(transport=ASGITransport(self.app), base_url="http://documents")

    async def close(self) -> None:
        await self.http.aclose()
        await self.database.dispose()

    def headers(self, scope: Scope) -> dict[str, str]:
        return {"Authorization": f"Bearer {sign(self.settings, scope, 'documents')}"}

    async def ask(
        self,
        method: str,
        path: str,
        scope: Scope = CLAIRE,
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        return await self.http.request(method, path, json=json, headers=self.headers(scope) | (headers or {}))

    async def get(self, path: str, scope: Scope = CLAIRE, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("GET", path, scope, headers=named)

    async def upload(
        self,
        content: bytes,
        name: str = "photo.jpg",
        scope: Scope = CLAIRE,
        binding: Any = None,
        headers: dict[str, str] | None = None,
        **fields: str,
    ) -> Response:
        form = {"binding": json.dumps(CLAIM if binding is None else binding), **fields}
        return await self.http.post(
            "/files",
            files={"file": (name, content, "application/octet-stream")},
            data=form,
            headers=self.headers(scope) | (headers or {}),
        )

    async def added(self, content: bytes, name: str = "photo.jpg", **given: Any) -> dict[str, Any]:
        """Upload a file that must be accepted; gives its state."""
        state: dict[str, Any] = result(await self.upload(content, name, **given), 201)
        return state

    async def knows(self, *states: ClaimState | ClientState | Any) -> None:
        """Let the events of other services arrive."""
        kinds = {"ClaimState": "claims.claim-registered", "ClientState": "policy.client-registered"}
        kinds["ContractState"] = "policy.contract-registered"
        await self.consumer.take_events(
            [
                CloudEvent[Any](
                    id=new_id(),
                    source="urn:dossier:service:test",
                    type=f"dossier.{kinds[type(state).__name__]}.v1",
                    subject=state.id,
                    time=NOW,
                    sequence=state.sequence,
                    data=ChangeData[Any](state=state, actor=Actor(kind="system", id="test")),
                ).model_dump(mode="json")
                for state in states
            ]
        )

    async def happenings(self) -> list[str]:
        """The types of our events in the outbox, shortened."""
        async with self.database.read(EVERY_AGENCY) as session:
            rows = await session.execute(select(outbox.c.body).order_by(outbox.c.position))
            return [
                json.loads(body)["type"].removeprefix("dossier.documents.").removesuffix(".v1")
                for (body,) in rows
            ]


def result(response: Response, status: int = 200) -> Any:
    """The result of an answer that must have this status."""
    assert response.status_code == status, response.text
    return response.json()["result"]


def problem(response: Response) -> tuple[int, str, str | None]:
    """Status, code and field of a problem document."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found = response.json()
    return response.status_code, found["code"], found.get("field")


def claim(**given: Any) -> ClaimState:
    """A claim of the French agency, with garage-lyon on it."""
    content: dict[str, Any] = {
        "id": "claim-1",
        "agency_id": FRENCH,
        "claim_number": "CL-2026-000001",
        "policy_number": "P-1",
        "client_id": "client-1",
        "client_name": "Dana Cohen",
        "line": ProductLine.MOTOR_CAR,
        "kind": ClaimKind.OWN_DAMAGE,
        "status": ClaimStatus.REPORTED,
        "event_date": date(2026, 11, 1),
        "insurer": PartnerReference(partner_id="insurer-alpha", name="Alpha"),
        "garage": PartnerReference(partner_id="garage-lyon", name="Garage"),
        "insured": Insured(name="Dana Cohen"),
        "sequence": 1,
        "reported_at": NOW,
        "updated_at": NOW,
    }
    return ClaimState.model_validate(content | given)


def client(**given: Any) -> ClientState:
    """A client of the French agency."""
    content: dict[str, Any] = {"id": "client-1", "agency_id": FRENCH, "kind": "person", "name": "Dana Cohen"}
    return ClientState.model_validate(content | {"sequence": 1, "updated_at": NOW} | given)
