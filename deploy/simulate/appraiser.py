"""An appraiser at work: an appointment, a visit, a report; now and then it is contested and begins again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from deploy.simulate.known import KnownClaim
from deploy.simulate.words import note
from shared.contracts.codes import AppraisalStatus, TotalLoss
from shared.contracts.money import Money
from shared.contracts.partners import AppraisalUpdate

_STEP: Final = 0.6
_CONTESTED: Final = 0.1
_FOLLOWING: Final = {
    None: AppraisalStatus.SCHEDULED,
    AppraisalStatus.ASSIGNED: AppraisalStatus.SCHEDULED,
    AppraisalStatus.SCHEDULED: AppraisalStatus.VISITED,
    AppraisalStatus.VISITED: AppraisalStatus.REPORT_ISSUED,
    AppraisalStatus.CONTESTED: AppraisalStatus.SCHEDULED,
}


def has_work(claim: KnownClaim) -> bool:
    """Whether there is anything left to say: a report that nobody contests is the end."""
    known = claim.appraisal
    return (
        claim.appraiser is not None
        and claim.status.is_open
        and (known is None or known.status is not AppraisalStatus.REPORT_ISSUED)
    )


def report(random: Random, claim: KnownClaim, today: date, sequence: int) -> AppraisalUpdate:
    """Make the appraiser's next report on a claim that he has work on."""
    current = claim.appraisal.status if claim.appraisal is not None else None
    said: dict[str, Any] = {"claim_number": claim.claim_number, "sequence": sequence}
    if current is not None and random.random() > _STEP:
        text = note(random, claim.office.language, "appraisal")
        return AppraisalUpdate(**said, status=current, note=text)
    status = _FOLLOWING[current]
    if status is AppraisalStatus.REPORT_ISSUED and random.random() < _CONTESTED:
        status = AppraisalStatus.CONTESTED
    if status is AppraisalStatus.SCHEDULED:
        said["visit_on"] = today + timedelta(days=random.randrange(1, 8))
    elif status is AppraisalStatus.VISITED:
        said["visit_on"] = today
    elif status is AppraisalStatus.REPORT_ISSUED:
        said |= _findings(random, claim.office.currency)
    return AppraisalUpdate(**said, status=status)


def _findings(random: Random, currency: str) -> dict[str, Any]:
    return {
        "damage": Money(amount=Decimal(random.randrange(800, 6000)), currency=currency),
        "loss_of_value": Money(amount=Decimal(random.randrange(0, 500)), currency=currency),
        "fee": Money(amount=Decimal(random.choice((150, 180, 220))), currency=currency),
        "total_loss": TotalLoss.NONE,
    }
