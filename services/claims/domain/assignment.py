"""May this partner speak of this claim, of this vehicle, and is it news? In the order in which a partner is answered."""

from __future__ import annotations

from shared import plates
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ClaimKind
from shared.contracts.policy import PartnerReference
from shared.errors import Conflict, NotAllowed


class StaleUpdate(Conflict):
    """The partner has already said something newer of this claim; `sequence` is the claim's version."""

    def __init__(self, sequence: int) -> None:
        """Keep the version that the receipt tells."""
        super().__init__("stale", "a newer update of this partner is already applied", "sequence")
        self.sequence = sequence


def require_assigned(party: PartnerReference | None, partner_id: str, role: str) -> None:
    """Refuse a partner that the claim is not assigned to (`not_assigned`)."""
    if party is None or party.partner_id != partner_id:
        raise NotAllowed("not_assigned", f"this partner is not the {role} of this claim")


def require_plate(claim: ClaimState, plate: str | None) -> None:
    """Refuse a report on another vehicle (`plate_mismatch`).

    A third-party claim may be about either vehicle. Without any plate on the claim there is nothing to compare with.
    """
    said = plates.normalise(plate or "")
    if not said:
        return
    known = {claim.plate_normalised, plates.normalise(claim.insured.plate)}
    if claim.kind is ClaimKind.THIRD_PARTY:
        known |= {plates.normalise(party.plate) for party in claim.third_parties}
    known.discard("")
    if known and said not in known:
        raise Conflict("plate_mismatch", "the plate is not that of this claim", "plate")


def require_news(claim: ClaimState, sequence: int, last: int | None) -> None:
    """Refuse what is not newer than the last accepted update of the same partner, kind and claim."""
    if last is not None and sequence <= last:
        raise StaleUpdate(claim.sequence)


def require_open(claim: ClaimState, field: str) -> None:
    """Nobody repairs or appraises a closed claim: it has to be reopened first (`illegal_transition`).

    `field` is the step in the partner's message that was not possible.
    """
    if not claim.status.is_open:
        raise Conflict("illegal_transition", f"the claim is {claim.status}; it must be reopened first", field)
