"""What happened to each claim of the demo, told in the partners' own messages, so that it goes the way real updates go."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from deploy.demo.agencies import PARTNERS, DemoAgency
from services.claims.domain.registration import RegisterClaim
from shared.contracts.claims import ThirdParty, ThirdPartyAgent
from shared.contracts.codes import (
    AppraisalStatus,
    CauseOfLoss,
    ChequeStatus,
    ClaimKind,
    ClaimStatus,
    DelayReason,
    DocumentType,
    PaymentKind,
    PaymentMethod,
    ProductLine,
    RepairPhase,
    RepairQuoteStatus,
)
from shared.contracts.money import Money
from shared.contracts.partners import (
    AppraisalUpdate,
    ClaimUpdate,
    RepairUpdate,
    RepairUpdateQuote,
    UpdateCheque,
    UpdatePayment,
)
from shared.contracts.policy import ContractState

_PHASES: Final = tuple(RepairPhase)[:16]
_STATUSES: Final = (
    ClaimStatus.REPORTED,
    ClaimStatus.REGISTERED,
    ClaimStatus.DOCUMENTS_PENDING,
    ClaimStatus.UNDER_ASSESSMENT,
    ClaimStatus.APPROVED,
    ClaimStatus.UNDER_ASSESSMENT,
    ClaimStatus.LIABILITY_DISPUTED,
    ClaimStatus.PAYMENT_PENDING,
    ClaimStatus.PART_PAID,
    ClaimStatus.SETTLED,
    ClaimStatus.CLOSED,
    ClaimStatus.REJECTED,
    ClaimStatus.WITHDRAWN,
    ClaimStatus.REOPENED,
)
_MOTOR: Final = (
    (ClaimKind.OWN_DAMAGE, CauseOfLoss.COLLISION),
    (ClaimKind.THIRD_PARTY, CauseOfLoss.COLLISION),
    (ClaimKind.GLASS, CauseOfLoss.GLASS),
    (ClaimKind.OWN_DAMAGE, CauseOfLoss.PARKED_UNIDENTIFIED),
    (ClaimKind.THEFT, CauseOfLoss.ATTEMPTED_THEFT),
    (ClaimKind.NATURAL_EVENT, CauseOfLoss.NATURAL_EVENT),
    (ClaimKind.BODILY_INJURY, CauseOfLoss.COLLISION),
)
_HOME: Final = (
    (ClaimKind.WATER, CauseOfLoss.WATER_LEAK),
    (ClaimKind.FIRE, CauseOfLoss.FIRE),
    (ClaimKind.THEFT, CauseOfLoss.THEFT),
)
_SILENT_DAYS: Final = 16
_GIVEN_UP: Final = {10: RepairPhase.TOTAL_LOSS, 18: RepairPhase.CANCELLED}
"""Claims whose repair ended without a repair."""

Update = RepairUpdate | ClaimUpdate | AppraisalUpdate


@dataclass(frozen=True)
class Happening:
    """A message of a partner and when it came."""

    at: datetime
    partner_id: str
    update: Update


@dataclass
class ClaimPlan:
    """A claim to be registered, and all that came after, oldest first. `{number}` stands for the claim's number."""

    contract: ContractState
    command: RegisterClaim
    at: datetime
    happenings: list[Happening] = field(default_factory=list)


class Storyteller:
    """Makes the claims of one agency. `now` is the instant of seeding; everything lies before it."""

    def __init__(self, random: Random, agency: DemoAgency, now: datetime, today: date) -> None:
        """Keep what all stories share."""
        self._random = random
        self._agency = agency
        self._now = now
        self._today = today

    def claims(self, contracts: list[ContractState], count: int) -> list[ClaimPlan]:
        """Plan `count` claims over motor and home contracts: health and pet have benefits instead."""
        motor = [one for one in contracts if one.line in {ProductLine.MOTOR_CAR, ProductLine.MOTOR_BIKE}]
        home = [one for one in contracts if one.line is ProductLine.HOME]
        return [self._claim(number, home if number % 8 == 7 else motor) for number in range(count)]  # noqa: PLR2004

    def _claim(self, number: int, contracts: list[ContractState]) -> ClaimPlan:
        contract = contracts[number % len(contracts)]
        motor = contract.risk.kind == "vehicle"
        kind, cause = _MOTOR[number % len(_MOTOR)] if motor else _HOME[number % len(_HOME)]
        # Who has just been assigned has nothing to report yet; who is at work has been for weeks.
        age = 24 + (number * 11) % 60 if _reached(number) > 2 else 6 + number % 5  # noqa: PLR2004
        repaired = motor and kind is not ClaimKind.BODILY_INJURY
        plan = ClaimPlan(
            contract,
            RegisterClaim(
                policy_number=contract.policy_number,
                kind=kind,
                cause=cause,
                event_date=self._today - timedelta(days=age + 2),
                insurer_reference=f"REF-{self._agency.country}-{5000 + number}",
                garage=PARTNERS[self._agency.garage].reference if repaired else None,
                appraiser=PARTNERS["appraiser-one"].reference if number % 3 != 1 else None,
                third_parties=(self._third_party(number),)
                if kind in {ClaimKind.THIRD_PARTY, ClaimKind.BODILY_INJURY}
                else (),
                third_party_agent=self._third_party_agent() if kind is ClaimKind.THIRD_PARTY else None,
            ),
            self._at(age),
        )
        if repaired:
            self._repair(plan, number, age)
        if plan.command.appraiser is not None:
            self._appraise(plan, number, age)
        self._settle(plan, number, age)
        plan.happenings = _in_order(plan.happenings)
        return plan

    def _at(self, days_ago: int, hour: int = 9) -> datetime:
        """A working hour so many days ago, never in the future."""
        moment = datetime.combine(
            self._today - timedelta(days=days_ago), time(hour, self._random.randrange(60)), UTC
        )
        return min(moment, self._now - timedelta(minutes=5))

    def _third_party(self, number: int) -> ThirdParty:
        if self._agency.country == "FR":
            return ThirdParty(
                policyholder="Sacha Montclar",
                mobile=f"06 39 98 77 {number:02}",
                driver="Lise Montclar",
                plate=f"GK-{100 + number}-LM",
                insurer="Gamma Mutuelle",
                policy_number=f"G-{77000 + number}",
            )
        return ThirdParty(
            policyholder="רננה שקמוני",
            mobile=f"054-555-77{number:02}",
            driver="עומר שקמוני",
            plate=f"37-{100 + number}-52",
            insurer="גמא ביטוח",
            policy_number=f"G-{77000 + number}",
        )

    def _third_party_agent(self) -> ThirdPartyAgent:
        if self._agency.country == "FR":
            return ThirdPartyAgent(
                name="Maud Serrande", agency="Cabinet Hautes Rives", phone="04 99 00 61 61"
            )
        return ThirdPartyAgent(name="אביב ורדי", agency="סוכנות הגליל הכחול", phone="04-555-6161")

    def _repair(self, plan: ClaimPlan, number: int, age: int) -> None:
        """The first claims stand early in the repair, later ones further on; every fifth garage slips, one is silent."""
        reached = _reached(number)
        slips = number % 5 == 2 and reached > 2  # noqa: PLR2004
        last = _SILENT_DAYS if number % 13 == 4 else 1 + number % 4  # noqa: PLR2004
        gap = max(1, (age - last) // (reached + 1))
        eta = self._today + timedelta(days=4 + number % 9)
        for place, phase in enumerate(_PHASES[1 : reached + 1], start=1):
            at = self._at(last + (reached - place) * gap, 10)
            slipped = slips and place == reached
            quote = None
            if phase is RepairPhase.AWAITING_AUTHORISATION:
                quote = RepairUpdateQuote(
                    status=RepairQuoteStatus.WAITING_FOR_APPROVAL,
                    amount=Decimal(900 + number * 35),
                    currency=self._agency.currency,
                )
            elif phase is RepairPhase.AUTHORISED:
                quote = RepairUpdateQuote(status=RepairQuoteStatus.APPROVED)
            given_up = _GIVEN_UP.get(number) if place == reached else None
            plan.happenings.append(
                Happening(
                    at,
                    self._agency.garage,
                    RepairUpdate(
                        claim_number="{number}",
                        sequence=place,
                        phase=given_up or phase,
                        percent=min(100, place * 100 // 15),
                        eta=None if place == 1 else eta + timedelta(days=5) if slipped else eta,
                        delay_reason=DelayReason.PARTS if slipped else None,
                        quote=quote,
                    ),
                )
            )

    def _appraise(self, plan: ClaimPlan, number: int, age: int) -> None:
        if number % 4 == 0:
            return
        visited = AppraisalUpdate(
            claim_number="{number}",
            sequence=1,
            status=AppraisalStatus.SCHEDULED,
            visit_on=self._today - timedelta(days=max(0, age - 6)),
        )
        plan.happenings.append(Happening(self._at(age - 2, 11), "appraiser-one", visited))
        if number % 4 != 1:
            report = AppraisalUpdate(
                claim_number="{number}",
                sequence=2,
                status=AppraisalStatus.REPORT_ISSUED,
                damage=Money(amount=Decimal(1200 + number * 40), currency=self._agency.currency),
                fee=Money(amount=Decimal(180), currency=self._agency.currency),
            )
            plan.happenings.append(Happening(self._at(age - 8, 11), "appraiser-one", report))

    def _settle(self, plan: ClaimPlan, number: int, age: int) -> None:
        wanted = _STATUSES[number % len(_STATUSES)]
        insurer = plan.contract.insurer.partner_id or self._agency.main_insurer
        path = {
            ClaimStatus.REPORTED: (),
            ClaimStatus.CLOSED: (ClaimStatus.REGISTERED, ClaimStatus.SETTLED, ClaimStatus.CLOSED),
            ClaimStatus.REOPENED: (ClaimStatus.REGISTERED, ClaimStatus.CLOSED, ClaimStatus.REOPENED),
        }.get(wanted, (ClaimStatus.REGISTERED, *((wanted,) if wanted is not ClaimStatus.REGISTERED else ())))
        for place, status in enumerate(path, start=1):
            last = place == len(path)
            update = ClaimUpdate(
                claim_number="{number}",
                sequence=place,
                status=status,
                reserve=Money(amount=Decimal(2500 + number * 60), currency=self._agency.currency)
                if last
                else None,
                payments=self._payments(number, wanted) if last else (),
                requested_documents=(DocumentType.REPAIR_INVOICE, DocumentType.DAMAGE_PHOTO)
                if status is ClaimStatus.DOCUMENTS_PENDING
                else None,
            )
            # The insurer closes after the garage has delivered: updates on a closed claim would be refused.
            days = 0 if not wanted.is_open and last else max(1, age - 4 * place)
            plan.happenings.append(Happening(self._at(days, 12 + place % 6), insurer, update))

    def _payments(self, number: int, wanted: ClaimStatus) -> tuple[UpdatePayment, ...]:
        if wanted not in {
            ClaimStatus.PAYMENT_PENDING,
            ClaimStatus.PART_PAID,
            ClaimStatus.SETTLED,
            ClaimStatus.CLOSED,
        }:
            return ()
        paid = wanted in {ClaimStatus.SETTLED, ClaimStatus.CLOSED}
        # One matures in exactly 14 days, others sooner and later.
        matures_on = self._today + timedelta(days=14 if number < len(_STATUSES) else 3 + number % 40)
        cheque = UpdateCheque(
            number=f"{7_000_100 + number}",
            bank="Banque des Deux Rives" if self._agency.country == "FR" else "בנק שתי הגדות",
            issued_on=self._today - timedelta(days=10),
            matures_on=self._today - timedelta(days=6) if paid else matures_on,
            status=ChequeStatus.CLEARED if paid else ChequeStatus.ANNOUNCED,
        )
        return (
            UpdatePayment(
                reference=f"P-{number:03}-1",
                kind=PaymentKind.INDEMNITY,
                payee="",
                amount=Decimal(1100 + number * 45),
                currency=self._agency.currency,
                method=PaymentMethod.CHEQUE,
                paid_on=self._today - timedelta(days=6) if paid else None,
                cheque=cheque,
            ),
        )


def _reached(number: int) -> int:
    """How far the repair has come: a place in the list of phases."""
    return (number * 5 // 2) % len(_PHASES)


def _in_order(happenings: list[Happening]) -> list[Happening]:
    """By day, the insurer last (it may close), each partner by its sequence; instants never go back."""
    ordered = sorted(
        happenings, key=lambda one: (one.at.date(), isinstance(one.update, ClaimUpdate), one.update.sequence)
    )
    for place, one in enumerate(ordered[1:], start=1):
        ordered[place] = replace(one, at=max(one.at, ordered[place - 1].at))
    return ordered
