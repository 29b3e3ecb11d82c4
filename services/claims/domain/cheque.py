"""A cheque's life: announced -> received -> deposited -> cleared or bounced -> replaced; or cancelled.

Steps forward may skip, since nobody reports them all. What goes back in real life is legal too: a post-dated cheque is
drawn from the bank again (deposited -> received), a bounced one is presented again, a credited one is returned
(cleared -> bounced). A replaced or cancelled cheque is paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.claims.domain.transitions import illegal
from shared.contracts.claims import Cheque
from shared.contracts.codes import ChequeStatus
from shared.contracts.partners import UpdateCheque

FOLLOWING: Final[Mapping[ChequeStatus, frozenset[ChequeStatus]]] = {
    ChequeStatus.ANNOUNCED: frozenset(set(ChequeStatus) - {ChequeStatus.ANNOUNCED}),
    ChequeStatus.RECEIVED: frozenset(set(ChequeStatus) - {ChequeStatus.ANNOUNCED, ChequeStatus.RECEIVED}),
    ChequeStatus.DEPOSITED: frozenset({ChequeStatus.RECEIVED, ChequeStatus.CLEARED, ChequeStatus.BOUNCED}),
    ChequeStatus.CLEARED: frozenset({ChequeStatus.BOUNCED}),
    ChequeStatus.BOUNCED: frozenset(
        {ChequeStatus.DEPOSITED, ChequeStatus.CLEARED, ChequeStatus.REPLACED, ChequeStatus.CANCELLED}
    ),
    ChequeStatus.REPLACED: frozenset(),
    ChequeStatus.CANCELLED: frozenset(),
}
"""What may follow what; the same status again is always legal."""


def may_follow(current: ChequeStatus, following: ChequeStatus) -> bool:
    """Say whether a cheque in `current` may become `following`."""
    return current is following or following in FOLLOWING[current]


def moved(cheque: Cheque, status: ChequeStatus, field: str = "status") -> Cheque:
    """Give the cheque in its next status; raises `illegal_transition`."""
    if not may_follow(cheque.status, status):
        raise illegal("the cheque", cheque.status, status, field)
    return cheque if cheque.status is status else cheque.model_copy(update={"status": status})


def said(known: Cheque | None, update: UpdateCheque, field: str) -> Cheque:
    """Take what an insurer says of a cheque.

    Another number is another piece of paper and begins anew. Of the same cheque, what is left out stays as it was:
    an insurer that only corrects a date must not put a received cheque back to announced.
    """
    if known is None or known.number != update.number:
        return Cheque(**{name: getattr(update, name) for name in Cheque.model_fields})
    given = {
        name: getattr(update, name)
        for name in update.model_fields_set & {"bank", "issued_on", "matures_on"}
        if getattr(update, name)
    }
    corrected = known.model_copy(update=given)
    return moved(corrected, update.status, field) if "status" in update.model_fields_set else corrected
