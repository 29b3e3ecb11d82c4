"""What to call a change: the registered event that says most of it."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Final

from shared.contracts.claims import Cheque, ClaimState

_parties = attrgetter(
    "insurer", "insurer_reference", "garage", "appraiser", "third_parties", "third_party_agent"
)


def happening_between(old: ClaimState | None, new: ClaimState) -> str:
    """Name the change for readers that only look at the type; the list of changes has all of it.

    One message of an insurer may move the status and announce a cheque: one event, named by the weightier. A new garage
    begins a new repair: the parties changed. A change of nothing in the state is a note.
    """
    if old is None:
        return "claim-registered"
    return next((name for name, changed in _BY_WEIGHT if changed(old, new)), "claim-noted")


def _cheques(claim: ClaimState) -> dict[str, Cheque]:
    return {
        payment.reference: payment.cheque
        for payment in claim.settlement.payments
        if payment.cheque is not None
    }


def _differ(old: object, new: object) -> bool:
    """Compare parts: what a change did not touch is the very same object."""
    return old is not new and old != new


_BY_WEIGHT: Final[tuple[tuple[str, Callable[[ClaimState, ClaimState], bool]], ...]] = (
    (
        "cheque-changed",
        lambda old, new: old.settlement is not new.settlement and _cheques(old) != _cheques(new),
    ),
    ("claim-status-changed", lambda old, new: old.status is not new.status),
    ("settlement-changed", lambda old, new: _differ(old.settlement, new.settlement)),
    (
        "claim-parties-changed",
        lambda old, new: any(
            _differ(before, after) for before, after in zip(_parties(old), _parties(new), strict=True)
        ),
    ),
    ("repair-progressed", lambda old, new: _differ(old.repair, new.repair)),
    ("appraisal-progressed", lambda old, new: _differ(old.appraisal, new.appraisal)),
)
