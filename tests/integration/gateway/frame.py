"""A gateway without a bus: events are handed to its consumer, other services are a recorder on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvicorn
from aiohttp import web
from fastapi import FastAPI

from services.gateway.app import create_app
from services.gateway.context import Gateway
from services.gateway.identity.registry import create_agency, create_partner, create_user
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock
from shared.contracts.changes import changes_between
from shared.contracts.claims import ClaimState, Insured, Repair, RepairPromise, RepairStep
from shared.contracts.codes import (
    ClaimKind,
    ClaimStatus,
    ContractStatus,
    DocumentType,
    PartnerKind,
    ProductLine,
    RepairPhase,
    Role,
)
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor, Change, service_source
from shared.contracts.events import aggregate_of_state
from shared.contracts.money import Money
from shared.contracts.notifications import AlertState
from shared.contracts.policy import (
    AddressDetail,
    ClientState,
    ContractState,
    EmailDetail,
    PartnerReference,
    PhoneDetail,
    PostalAddress,
    Risk,
)
from shared.db.tenancy import EVERY_AGENCY
from shared.identifiers import new_id

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough password"
GARAGE = Actor(kind="partner", id="garage-lyon")
IMPORT = Actor(kind="import", id="import")


@dataclass
class Recorder:
    """Stands for the other services: remembers what it was asked, and answers what it was told to."""

    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    url: str = ""

    def will_answer(self, method: str, path: str, body: Any, status: int = 200) -> None:
        self.answers[method, path] = (status, body)

    async def handle(self, request: web.Request) -> web.Response:
        if request.content_type == "multipart/form-data":
            form = await request.post()
            body: Any = {
                name: value.file.read() if isinstance(value, web.FileField) else value
                for name, value in form.items()
            }
        else:
            raw = await request.read()
            body = orjson.loads(raw) if raw else None
        self.asked.append((request.method, request.path, body))
        self.tokens.append(request.headers.get("authorization", "").removeprefix("Bearer "))
        status, answer = self.answers.get(
            (request.method, request.path), (404, {"code": "not_found", "detail": "?"})
        )
        if isinstance(answer, bytes):
            return web.Response(
                body=answer,
                status=status,
                content_type="image/png",
                headers={
                    "Content-Disposition": 'inline; filename="a.png"',
                    "X-Content-Type-Options": "nosniff",
                },
            )
        return web.json_response(answer, status=status)


@asynccontextmanager
async def recorder() -> AsyncIterator[Recorder]:
    found = Recorder()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}"
    try:
        yield found
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Person:
    """An account and a logged-in browser of it."""

    id: str
    email: str
    http: httpx.AsyncClient

    @property
    def actor(self) -> Actor:
        return Actor(kind="user", id=self.id, name=self.email)


class Desk:
    """The gateway, on a clock that is moved, with the events of other services at hand."""

    def __init__(self, url: str, services: Recorder, folder: Path, **settings: Any) -> None:
        self.clock = ManualClock(NOON)
        self.services = services
        self.settings = GatewaySettings(
            env="test",
            data_dir=folder,
            gateway_database_url=url,
            policy_url=services.url,
            claims_url=services.url,
            documents_url=services.url,
            notifications_url=services.url,
            **settings,
        )
        self.app: FastAPI = create_app(self.settings, self.clock)
        self.gateway: Gateway = self.app.state.gateway
        self.database = self.gateway.database
        self._clients: list[httpx.AsyncClient] = []
        self._positions = 0

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
        await self.gateway.close()
        await self.database.dispose()

    def browser(self, base_url: str = "http://127.0.0.1:8000", **options: Any) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base_url, **options)
        self._clients.append(client)
        return client

    async def agency(self, name: str = "Cabinet Martin", country: str = "FR") -> str:
        async with self.database.write(EVERY_AGENCY) as session:
            state = await create_agency(
                session,
                name=name,
                country=country,
                language="fr",
                timezone="Europe/Paris",
                currency="EUR",
                at=self.clock.now(),
            )
        return state.id

    async def user(self, *agencies: str, role: Role = Role.BROKER, email: str | None = None) -> str:
        address = email or f"{new_id()}@demo.example"
        async with self.database.write(EVERY_AGENCY) as session:
            await create_user(
                session,
                email=address,
                name=f"{role.value} {address[:8]}",
                password=PASSWORD,
                role=role,
                agency_ids=agencies,
                at=self.clock.now(),
            )
        return address

    async def person(self, *agencies: str, role: Role = Role.BROKER) -> Person:
        """Make an account, and log in as it. What happens from now on is news to it."""
        email = await self.user(*agencies, role=role)
        http = self.browser()
        answer = await http.post("/api/v1/session", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.clock.advance(timedelta(seconds=1))
        return Person(answer.json()["user_id"], email, http)

    async def partner(self, partner_id: str = "garage-lyon", kind: PartnerKind = PartnerKind.GARAGE) -> str:
        async with self.database.write(EVERY_AGENCY) as session:
            made = await create_partner(
                session, partner_id=partner_id, kind=kind, name=f"Firm {partner_id}", at=self.clock.now()
            )
        return made.api_key

    def event(
        self,
        happening: str,
        state: Any,
        *,
        old: Any = None,
        actor: Actor = GARAGE,
        changes: tuple[Change, ...] | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """An event as its service publishes it."""
        aggregate = aggregate_of_state(type(state))
        found = changes_between(old, state) if changes is None else changes
        return {
            "specversion": "1.0",
            "id": new_id(),
            "source": service_source(aggregate.service),
            "type": aggregate.event_type(happening),
            "subject": state.id,
            "time": (at or self.clock.now()).isoformat(),
            "agencyid": state.agency_id,
            "sequence": state.sequence,
            "data": {
                "state": state.model_dump(mode="json"),
                "changes": [one.model_dump(mode="json") for one in found],
                "actor": actor.model_dump(mode="json"),
            },
        }

    async def take(self, *events: dict[str, Any]) -> None:
        """Hand events to the consumer, as the topic and a command's answer do."""
        await self.gateway.project(events)

    async def add_claim(self, agency_id: str, actor: Actor = GARAGE, **fields: Any) -> ClaimState:
        self.clock.advance(timedelta(seconds=1))
        state = claim(agency_id, self.clock.now(), **fields)
        await self.take(self.event("claim-registered", state, actor=actor))
        return state

    async def progress(self, state: ClaimState, actor: Actor = GARAGE, **changes: Any) -> ClaimState:
        """The next version of a claim."""
        self.clock.advance(timedelta(seconds=1))
        new = state.model_copy(
            update={**changes, "sequence": state.sequence + 1, "updated_at": self.clock.now()}
        )
        await self.take(self.event("repair-progressed", new, old=state, actor=actor))
        return new

    async def add_document(self, agency_id: str, actor: Actor = GARAGE, **fields: Any) -> DocumentState:
        self.clock.advance(timedelta(seconds=1))
        state = document(agency_id, self.clock.now(), actor, **fields)
        await self.take(self.event("document-added", state, actor=actor))
        return state

    def alert(self, about: ClaimState | ContractState, actor: Actor = GARAGE, **fields: Any) -> AlertState:
        self._positions += 1
        of_claim = isinstance(about, ClaimState)
        values: dict[str, Any] = {
            "id": new_id(),
            "agency_id": about.agency_id,
            "position": self._positions,
            "kind": "repair-progressed" if of_claim else "contract-noted",
            "aggregate": "claim" if of_claim else "contract",
            "subject_id": about.id,
            "subject_sequence": about.sequence,
            "claim_number": about.claim_number if isinstance(about, ClaimState) else None,
            "policy_number": about.policy_number,
            "client_id": about.client_id,
            "client_name": about.client_name,
            "actor": actor,
            "at": self.clock.now(),
            "sequence": 1,
        }
        return AlertState(**{**values, **fields})

    async def raise_alert(
        self, about: ClaimState | ContractState, actor: Actor = GARAGE, **fields: Any
    ) -> AlertState:
        self.clock.advance(timedelta(seconds=1))
        state = self.alert(about, actor, **fields)
        await self.take(self.event("alert-raised", state, actor=actor, changes=()))
        return state


def claim(agency_id: str, at: datetime, **fields: Any) -> ClaimState:
    number = fields.get("claim_number", f"CL-2026-{new_id()[-6:]}")
    values: dict[str, Any] = {
        "id": new_id(),
        "agency_id": agency_id,
        "claim_number": number,
        "policy_number": "4501-889231",
        "client_id": new_id(),
        "client_name": "Hélène Dupont",
        "line": ProductLine.MOTOR_CAR,
        "kind": ClaimKind.OWN_DAMAGE,
        "status": ClaimStatus.REGISTERED,
        "event_date": date(2026, 10, 20),
        "plate": "AA-123-BB",
        "plate_normalised": "AA123BB",
        "insurer": PartnerReference(partner_id="insurer-alpha", name="Alpha Assurances"),
        "garage": PartnerReference(partner_id="garage-lyon", name="Garage de Lyon"),
        "insured": Insured(name="Hélène Dupont", mobile="06 12 34 56 78", plate="AA-123-BB"),
        "repair": Repair(phase=RepairPhase.ASSIGNED, updated_at=at),
        "sequence": 1,
        "reported_at": at,
        "updated_at": at,
    }
    return ClaimState(**{**values, **fields})


def repair(phase: RepairPhase, at: datetime, percent: int = 0, *etas: date) -> Repair:
    return Repair(
        phase=phase,
        percent=percent,
        eta=etas[-1] if etas else None,
        promises=tuple(RepairPromise(eta=eta, given_at=at) for eta in etas),
        steps=(RepairStep(phase=phase, at=at),),
        updated_at=at,
    )


def document(agency_id: str, at: datetime, actor: Actor, **fields: Any) -> DocumentState:
    values: dict[str, Any] = {
        "id": new_id(),
        "agency_id": agency_id,
        "name": "damage.jpg",
        "type": DocumentType.DAMAGE_PHOTO,
        "content_type": "image/jpeg",
        "size": 1234,
        "sha256": "0" * 64,
        "uploaded_by": actor,
        "uploaded_at": at,
        "sequence": 1,
        "updated_at": at,
    }
    return DocumentState(**{**values, **fields})


def client(agency_id: str, at: datetime, **fields: Any) -> ClientState:
    values: dict[str, Any] = {
        "id": new_id(),
        "agency_id": agency_id,
        "kind": "person",
        "name": "Hélène Dupont",
        "first_name": "Hélène",
        "last_name": "Dupont",
        "email": EmailDetail(value="helene@demo.example"),
        "phone": PhoneDetail(value="+33 6 12 34 56 78", e164="+33612345678"),
        "address": AddressDetail(value=PostalAddress(street="1 rue de la Paix", city="Lyon", country="FR")),
        "sequence": 1,
        "updated_at": at,
    }
    return ClientState(**{**values, **fields})


def contract(agency_id: str, at: datetime, owner: ClientState, **fields: Any) -> ContractState:
    values: dict[str, Any] = {
        "id": new_id(),
        "agency_id": agency_id,
        "policy_number": "4501-889231",
        "line": ProductLine.MOTOR_CAR,
        "insurer": PartnerReference(partner_id="insurer-alpha", name="Alpha Assurances"),
        "client_id": owner.id,
        "client_name": owner.name,
        "status": ContractStatus.IN_FORCE,
        "effective_on": date(2024, 1, 1),
        "term_start": date(2026, 1, 1),
        "term_end": date(2026, 12, 31),
        "annual_premium": Money.model_validate({"amount": "640.00", "currency": "EUR"}),
        "formula": "all_risks",
        "risk": Risk(kind="vehicle", plate="AA-123-BB", plate_normalised="AA123BB", make="Renault"),
        "sequence": 1,
        "updated_at": at,
    }
    return ContractState(**{**values, **fields})


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a port of its own, without its lifespan: streams need a real connection."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 5) -> None:
    """Wait for a condition, or fail."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if isinstance(found, Awaitable):
                found = await found
            if found:
                return
            await asyncio.sleep(0.005)
