"""A garage at work: forward most of the time, back where the trade knows it, with dates that slip and reasons why."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from deploy.simulate.known import KnownClaim
from deploy.simulate.words import note
from services.claims.domain.repair import BACK, ORDER
from shared.contracts.codes import DelayReason, RepairPhase, RepairQuoteStatus
from shared.contracts.partners import RepairUpdate, RepairUpdateQuote

_FORWARD: Final = 0.4
_BACK: Final = 0.43
_SLIP: Final = 0.52
_PROGRESS: Final = 0.85
"""Shares of what a garage reports, one upon the other; the rest are notes."""

_GIVEN_UP: Final = 0.01
_SUPPLEMENT: Final = 0.25
_NAMES_PLATE: Final = 0.3
_QUOTE_SENT: Final = frozenset({RepairPhase.AWAITING_AUTHORISATION, RepairPhase.SUPPLEMENT_SENT})
_QUOTE_APPROVED: Final = frozenset({RepairPhase.AUTHORISED, RepairPhase.SUPPLEMENT_APPROVED})
_REASONS: Final = {
    RepairPhase.AWAITING_AUTHORISATION: DelayReason.AUTHORISATION,
    RepairPhase.SUPPLEMENT_SENT: DelayReason.SUPPLEMENT,
    RepairPhase.PARTS_ORDERED: DelayReason.PARTS,
    RepairPhase.BOOKED: DelayReason.CUSTOMER,
    RepairPhase.ARRIVED: DelayReason.CAPACITY,
}


def report(random: Random, claim: KnownClaim, today: date, sequence: int) -> RepairUpdate:
    """Make the garage's next report on a claim that is in repair."""
    current = claim.repair.phase if claim.repair is not None else RepairPhase.ASSIGNED
    said: dict[str, Any] = {"claim_number": claim.claim_number, "sequence": sequence, "phase": current}
    if claim.plate and random.random() < _NAMES_PLATE:
        said["plate"] = claim.plate
    roll = random.random()
    if claim.repair is None or roll < _FORWARD:
        said |= _entered(random, claim, _next(random, claim, current), today)
    elif roll < _BACK and BACK.get(current):
        said |= _entered(random, claim, random.choice(sorted(BACK[current])), today)
        said |= _slipped(random, claim, said["phase"], today)
    elif roll < _SLIP:
        said |= _slipped(random, claim, current, today)
    elif roll < _PROGRESS:
        said["percent"] = min(99, max(claim.repair.percent, _usual_percent(current)) + random.randrange(1, 4))
    else:
        said["note"] = note(random, claim.office.language, "repair")
    return RepairUpdate(**said)


def _next(random: Random, claim: KnownClaim, current: RepairPhase) -> RepairPhase:
    """Give the phase that usually follows; a supplement only where opening the car showed more damage."""
    if claim.repair is None:
        return RepairPhase.BOOKED
    if current in {RepairPhase.BOOKED, RepairPhase.ESTIMATING} and random.random() < _GIVEN_UP:
        return RepairPhase.CANCELLED if current is RepairPhase.BOOKED else RepairPhase.TOTAL_LOSS
    if current is RepairPhase.TEARDOWN and random.random() > _SUPPLEMENT:
        return RepairPhase.PARTS_ORDERED
    return ORDER[ORDER.index(current) + 1]


def _entered(random: Random, claim: KnownClaim, phase: RepairPhase, today: date) -> dict[str, Any]:
    said: dict[str, Any] = {"phase": phase}
    if phase in ORDER:
        said["percent"] = 100 if phase is RepairPhase.DELIVERED else _usual_percent(phase)
    known = claim.repair
    if phase is RepairPhase.DELIVERED:
        said["eta"] = today
    elif phase in ORDER[1:] and (known is None or known.eta is None):
        said["eta"] = today + timedelta(days=len(ORDER) - ORDER.index(phase) + random.randrange(4))
    quote = known.quote if known is not None else None
    if phase is RepairPhase.ESTIMATING and quote is None:
        said["quote"] = RepairUpdateQuote(status=RepairQuoteStatus.WAITING_FOR_QUOTE)
    elif phase in _QUOTE_SENT:
        base = quote.amount if quote is not None and quote.amount else Decimal(random.randrange(600, 3200))
        amount = base + Decimal(random.randrange(0, 300))
        said["quote"] = RepairUpdateQuote(
            status=RepairQuoteStatus.WAITING_FOR_APPROVAL, amount=amount, currency=claim.office.currency
        )
    elif phase in _QUOTE_APPROVED:
        said["quote"] = RepairUpdateQuote(status=RepairQuoteStatus.APPROVED)
    return said


def _slipped(random: Random, claim: KnownClaim, phase: RepairPhase, today: date) -> dict[str, Any]:
    """Promise a later date than before, and not one that has passed."""
    known = claim.repair.eta if claim.repair is not None else None
    later = max(known or today, today) + timedelta(days=random.randrange(1, 6))
    return {"eta": later, "delay_reason": _REASONS.get(phase, DelayReason.PARTS)}


def _usual_percent(phase: RepairPhase) -> int:
    return ORDER.index(phase) * 100 // (len(ORDER) - 1)
