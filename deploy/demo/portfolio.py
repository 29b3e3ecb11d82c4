"""Clients and contracts of an agency: every product line, every status, premiums with their receipts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from deploy.demo.agencies import PARTNERS, DemoAgency
from deploy.demo.people import Person, french_plate, israeli_plate
from services.policy.domain.contracts import ContractRegistration
from shared.contracts.codes import ContractStatus, ProductLine, ReceiptStatus
from shared.contracts.money import Money
from shared.contracts.policy import Guarantee, PremiumReceipt, Risk

_LINES: Final = (
    *[ProductLine.MOTOR_CAR] * 8,
    ProductLine.MOTOR_BIKE,
    ProductLine.MOTOR_BIKE,
    *[ProductLine.HOME] * 3,
    ProductLine.HEALTH,
    ProductLine.PET,
)
_STATUSES: Final = (
    *[ContractStatus.IN_FORCE] * 9,
    ContractStatus.PENDING,
    ContractStatus.SUSPENDED,
    ContractStatus.CANCELLED,
    ContractStatus.EXPIRED,
    ContractStatus.QUOTED,
)
_FORMULAS: Final = {
    ProductLine.MOTOR_CAR: (
        "comprehensive",
        ("liability", "own_damage", "theft", "fire", "glass", "assistance"),
    ),
    ProductLine.MOTOR_BIKE: ("third_party_plus", ("liability", "theft", "fire", "assistance")),
    ProductLine.HOME: ("comfort", ("liability", "fire", "water", "theft", "natural_event")),
    ProductLine.HEALTH: ("standard", ("hospital", "dental", "optical")),
    ProductLine.PET: ("standard", ("accident", "illness", "surgery")),
}
_CARS: Final = (
    ("Renault", "Clio"),
    ("Peugeot", "308"),
    ("Hyundai", "i20"),
    ("Skoda", "Octavia"),
    ("Toyota", "Corolla"),
)
_BIKES: Final = (("Yamaha", "MT-07"), ("Honda", "SH 125"), ("Piaggio", "Medley"))


@dataclass(frozen=True)
class Plan:
    """A contract to be registered, and for whom."""

    client: int
    registration: ContractRegistration


def contracts(
    random: Random, agency: DemoAgency, clients: list[tuple[str, Person]], count: int, today: date
) -> list[Plan]:
    """Plan `count` contracts over the clients; the first of each client is in force, so that everybody has something."""
    plans = []
    for number in range(count):
        index = number % len(clients)
        client_id, person = clients[index]
        line = _LINES[number % len(_LINES)]
        status = ContractStatus.IN_FORCE if number < len(clients) else random.choice(_STATUSES)
        insurer = PARTNERS[agency.main_insurer if random.random() < 0.8 else agency.other_insurer]  # noqa: PLR2004
        start = today - timedelta(days=random.randrange(40, 700))
        term = start + timedelta(days=365 * ((today - start).days // 365))
        premium = Decimal(random.randrange(180, 1900)) + Decimal("0.50")
        formula, covers = _FORMULAS[line]
        plans.append(
            Plan(
                index,
                ContractRegistration(
                    policy_number=f"{_office(agency, line)}-{880_000 + number * 7 + (0 if agency.country == 'FR' else 50_000)}",
                    client_id=client_id,
                    line=line,
                    insurer=insurer.reference,
                    status=status,
                    effective_on=start,
                    term_start=term,
                    term_end=term + timedelta(days=364),
                    annual_premium=Money(amount=premium, currency=agency.currency),
                    formula=formula,
                    guarantees=_guarantees(random, agency, covers),
                    payment_method=random.choice(("direct_debit", "card", "transfer")),
                    payment_frequency="quarterly",
                    risk=_risk(random, agency, line, person, start),
                    receipts=_receipts(agency, number, premium, term, today, status),
                ),
            )
        )
    return plans


def _office(agency: DemoAgency, line: ProductLine) -> str:
    return str((4500 if agency.country == "FR" else 7200) + list(ProductLine).index(line) + 1)


def _guarantees(random: Random, agency: DemoAgency, covers: tuple[str, ...]) -> tuple[Guarantee, ...]:
    found = []
    for place, code in enumerate(covers):
        deductible = (
            None
            if place == 0
            else Money(amount=Decimal(random.choice((150, 300, 450))), currency=agency.currency)
        )
        limit = Money(amount=Decimal(random.choice((10_000, 50_000, 150_000))), currency=agency.currency)
        found.append(Guarantee(code=code, limit=limit, deductible=deductible))
    return tuple(found)


def _risk(random: Random, agency: DemoAgency, line: ProductLine, person: Person, start: date) -> Risk:
    if line in {ProductLine.MOTOR_CAR, ProductLine.MOTOR_BIKE}:
        make, model = random.choice(_CARS if line is ProductLine.MOTOR_CAR else _BIKES)
        return Risk(
            kind="vehicle",
            plate=french_plate(random) if agency.country == "FR" else israeli_plate(random),
            make=make,
            model=model,
            first_registered_on=start - timedelta(days=random.randrange(30, 3000)),
        )
    if line is ProductLine.HOME:
        return Risk(kind="home", address=person.address, area_m2=random.randrange(30, 160))
    if line is ProductLine.HEALTH:
        return Risk(kind="person", name=person.name, born_on=date(random.randrange(1950, 2004), 5, 17))
    return Risk(kind="animal", name=random.choice(("Filou", "Luna", "Nala")), species="dog", breed="beagle")


def _receipts(
    agency: DemoAgency, number: int, premium: Decimal, term: date, today: date, status: ContractStatus
) -> tuple[PremiumReceipt, ...]:
    """Four quarters: past ones paid but for the latest of a suspended contract, the next one issued."""
    if status in {ContractStatus.QUOTED, ContractStatus.PENDING}:
        return ()
    quarter = (premium / 4).quantize(Decimal("0.01"))
    found = []
    for place in range(4):
        due = term + timedelta(days=91 * place)
        paid = due < today and not (status is ContractStatus.SUSPENDED and due > today - timedelta(days=120))
        found.append(
            PremiumReceipt(
                number=f"Q{number:03}-{place + 1}",
                status=ReceiptStatus.PAID
                if paid
                else ReceiptStatus.FORMAL_NOTICE
                if due < today
                else ReceiptStatus.ISSUED,
                amount=quarter,
                currency=agency.currency,
                due_on=due,
                paid_on=due + timedelta(days=3) if paid else None,
            )
        )
    return tuple(found)
