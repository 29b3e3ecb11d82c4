"""Where the claim stands with the insurer: which status may follow which.

Insurers skip steps, ask again and dispute again, so statuses of a claim that is being worked on follow each other
freely, with these limits:

- nothing goes back to `reported` or `registered` (but a reopened claim may be registered anew);
- a part-paid claim is neither rejected nor withdrawn: money has gone out;
- from `settled` only a payment that failed goes back (`payment_pending`, `part_paid`); else it is closed or reopened;
- `rejected` and `withdrawn` may be closed; `closed`, `rejected`, `withdrawn` and `settled` may be reopened, and
  nothing else follows them: who wants to go on says so by reopening.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.claims.domain.transitions import illegal
from shared.contracts.codes import ClaimStatus

_WORK: Final = frozenset(
    {
        ClaimStatus.DOCUMENTS_PENDING,
        ClaimStatus.UNDER_ASSESSMENT,
        ClaimStatus.LIABILITY_DISPUTED,
        ClaimStatus.APPROVED,
        ClaimStatus.PAYMENT_PENDING,
        ClaimStatus.PART_PAID,
        ClaimStatus.SETTLED,
        ClaimStatus.CLOSED,
    }
)
_REFUSED: Final = frozenset({ClaimStatus.REJECTED, ClaimStatus.WITHDRAWN})
_REOPEN: Final = frozenset({ClaimStatus.REOPENED})

FOLLOWING: Final[Mapping[ClaimStatus, frozenset[ClaimStatus]]] = {
    ClaimStatus.REPORTED: frozenset({ClaimStatus.REGISTERED}) | _WORK | _REFUSED,
    ClaimStatus.REGISTERED: _WORK | _REFUSED,
    ClaimStatus.DOCUMENTS_PENDING: _WORK | _REFUSED,
    ClaimStatus.UNDER_ASSESSMENT: _WORK | _REFUSED,
    ClaimStatus.LIABILITY_DISPUTED: _WORK | _REFUSED,
    ClaimStatus.APPROVED: _WORK | _REFUSED,
    ClaimStatus.PAYMENT_PENDING: _WORK | _REFUSED,
    ClaimStatus.PART_PAID: _WORK,
    ClaimStatus.SETTLED: frozenset({ClaimStatus.PAYMENT_PENDING, ClaimStatus.PART_PAID, ClaimStatus.CLOSED})
    | _REOPEN,
    ClaimStatus.CLOSED: _REOPEN,
    ClaimStatus.REJECTED: frozenset({ClaimStatus.CLOSED}) | _REOPEN,
    ClaimStatus.WITHDRAWN: frozenset({ClaimStatus.CLOSED}) | _REOPEN,
    ClaimStatus.REOPENED: frozenset({ClaimStatus.REGISTERED}) | _WORK | _REFUSED,
}
"""What may follow what; the same status again is always legal and says nothing."""


def may_follow(current: ClaimStatus, following: ClaimStatus) -> bool:
    """Say whether a claim in `current` may go to `following`."""
    return current is following or following in FOLLOWING[current]


def moved(current: ClaimStatus, following: ClaimStatus) -> ClaimStatus:
    """Give the next status; raises `illegal_transition`."""
    if not may_follow(current, following):
        raise illegal("the claim", current, following, "status")
    return following
