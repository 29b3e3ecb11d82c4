"""Claims and contracts as the desk would show them, and a demo that answers as it is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from deploy.simulate.accounts import Demo
from deploy.simulate.known import KnownClaim, KnownContract, Office
from deploy.simulate.play import Play
from shared.contracts.claims import Settlement
from shared.contracts.codes import ClaimKind, ClaimStatus, ContractStatus, PartnerKind, ProductLine
from shared.contracts.money import Money
from shared.contracts.partners import Receipt
from shared.contracts.policy import ContractState, PartnerReference, Risk

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TODAY = date(2026, 11, 23)
OFFICE = Office("agency-fr", "fr", "EUR")
DEMO = Demo(
    users=(),
    partners={
        "garage-lyon": PartnerKind.GARAGE,
        "insurer-alpha": PartnerKind.INSURER,
        "appraiser-one": PartnerKind.APPRAISER,
    },
    policy_numbers={"insurer-alpha": ("4501-100001",)},
)


def claim(number: int = 1, **fields: Any) -> KnownClaim:
    """A claim that was reported just now."""
    given: dict[str, Any] = {
        "garage": "garage-lyon",
        "appraiser": "appraiser-one",
        "status": ClaimStatus.REPORTED,
        "repair": None,
        "appraisal": None,
        "settlement": Settlement(),
        **fields,
    }
    return KnownClaim(
        claim_number=f"CL-2026-{number:06}",
        policy_number="4501-100001",
        office=OFFICE,
        kind=ClaimKind.OWN_DAMAGE,
        plate="AB-123-CD",
        insurer="insurer-alpha",
        **given,
    )


def contract(**fields: Any) -> KnownContract:
    """A car's contract in force."""
    state = ContractState(
        id="k",
        agency_id="agency-fr",
        policy_number="4501-100001",
        version=1,
        client_id="c",
        client_name="Agathe Fontbrune",
        line=ProductLine.MOTOR_CAR,
        insurer=PartnerReference(partner_id="insurer-alpha", name="Alpha Assurances"),
        status=ContractStatus.IN_FORCE,
        effective_on=TODAY,
        term_start=TODAY,
        annual_premium=Money(amount=Decimal(600), currency="EUR"),
        formula="Tous risques",
        risk=Risk(kind="vehicle", plate="AB-123-CD"),
        sequence=1,
        updated_at=NOW,
    )
    return KnownContract(state.model_copy(update=fields), "fr")


class Clock:
    """Stands still, so that what must grow has to grow by itself."""

    def now(self) -> datetime:
        return NOW


class Wire:
    """In place of the bus: keeps what is sent; the test says what is answered."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.lost = False
        self.connections = 0
        self.spoken = asyncio.Event()

    async def connect(self) -> None:
        self.connections += 1
        self.lost = False

    async def send(self, topic: str, key: str, body: bytes) -> None:
        self.spoken.set()
        self.sent.append((topic, key, orjson.loads(body)))

    async def receipts(self) -> list[Receipt]:
        await asyncio.sleep(0.01)
        return []


class Counter:
    """In place of the desk: shows what the test put there, and counts what is asked."""

    def __init__(self, *claims: KnownClaim) -> None:
        self.shown = {one.claim_number: one for one in claims}
        self.read: list[str] = []
        self.reported = 0

    async def claims(self) -> list[KnownClaim]:
        return list(self.shown.values())

    async def claim(self, number: str) -> KnownClaim:
        self.read.append(number)
        return self.shown[number]

    async def contracts(self, numbers: list[str]) -> list[KnownContract]:
        return [contract(policy_number=number) for number in numbers]

    async def contract(self, number: str) -> KnownContract:
        self.read.append(number)
        return contract(policy_number=number)

    async def report_claim(self, random: object, state: ContractState, today: date) -> KnownClaim:
        self.reported += 1
        return claim(100 + self.reported)


def answer(play: Play, outcome: str = "accepted", **fields: Any) -> None:
    """Answer everything that waits."""
    for message_id in list(play.waiting):
        play.take(Receipt.model_validate({"message_id": message_id, "outcome": outcome, **fields}))
