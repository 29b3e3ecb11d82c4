"""The appraisal: assigned, scheduled, visited, report issued, contested.

Steps forward may skip. Going back is what appraisers do: a second visit, a supplementary report after teardown, a new
visit because the report is contested, a visit that is called off. Only one thing cannot be: that an appraiser who
has seen the vehicle is as if merely assigned.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from services.claims.domain.transitions import illegal
from shared.contracts.claims import Appraisal
from shared.contracts.codes import AppraisalStatus
from shared.contracts.money import Money
from shared.contracts.partners import AppraisalUpdate
from shared.errors import Invalid

_SEEN: Final = frozenset({AppraisalStatus.VISITED, AppraisalStatus.REPORT_ISSUED, AppraisalStatus.CONTESTED})


def may_follow(current: AppraisalStatus | None, following: AppraisalStatus) -> bool:
    """Say whether an appraisal in `current` (None: nothing is known yet) may go to `following`."""
    return not (current in _SEEN and following is AppraisalStatus.ASSIGNED)


def begun(at: datetime) -> Appraisal:
    """Give the appraisal as it stands when the desk assigns an appraiser who has not spoken yet."""
    return Appraisal(status=AppraisalStatus.ASSIGNED, updated_at=at)


def progressed(appraisal: Appraisal | None, update: AppraisalUpdate, *, at: datetime) -> Appraisal:
    """Apply an appraiser's report; gives the same object when it says nothing new.

    What the report leaves out stays as it was. Raises `illegal_transition`, and `schema` for an amount whose
    currency nobody ever named.
    """
    current = appraisal.status if appraisal is not None else None
    if current is not None and not may_follow(current, update.status):
        raise illegal("the appraisal", current, update.status, "status")
    known = appraisal if appraisal is not None else Appraisal(status=update.status, updated_at=at)
    damage = update.damage or known.damage
    following = known.model_copy(
        update={
            "status": update.status,
            "visit_on": update.visit_on or known.visit_on,
            "damage": damage,
            "loss_of_value": _money("loss_of_value", update.loss_of_value, damage) or known.loss_of_value,
            "total_loss": update.total_loss or known.total_loss,
            "fee": _money("fee", update.fee, damage) or known.fee,
            "note": update.note if update.note is not None else known.note,
        }
    )
    if appraisal is not None and following == appraisal:
        return appraisal
    return following.model_copy(update={"updated_at": at})


def _money(field: str, said: Money | Decimal | None, damage: Money | None) -> Money | None:
    """A bare amount is in the currency of the damage (interface.md gives no currency of its own)."""
    if said is None or isinstance(said, Money):
        return said
    if damage is None:
        raise Invalid(
            "schema", "an amount without a currency needs the damage, whose currency it shares", field
        )
    return Money(amount=said, currency=damage.currency)
