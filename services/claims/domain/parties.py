"""Who works on a claim: garage, appraiser, third parties and their agent, as the desk assigns them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.claims.domain import appraisal, repair
from services.claims.domain.registration import Command, ThirdParties
from shared.contracts.claims import ClaimState, ThirdPartyAgent
from shared.contracts.policy import PartnerReference


class ChangeParties(Command):
    """What changes; a field that is left out stays, an explicit null takes the party off the claim."""

    garage: PartnerReference | None = None
    appraiser: PartnerReference | None = None
    third_parties: ThirdParties | None = None
    third_party_agent: ThirdPartyAgent | None = None
    insurer_reference: str | None = None


def changed(claim: ClaimState, command: ChangeParties, *, at: datetime) -> ClaimState:
    """Apply the change; gives the same object when it changes nothing.

    Another garage begins another repair, and another appraiser another appraisal: what the one before reported stays
    in the history. Taking the garage off ends its repair, so that the same garage can be assigned again later (a
    claim that is reopened after delivery).
    """
    given = command.model_fields_set
    update: dict[str, Any] = {}
    if "garage" in given:
        update["garage"] = command.garage
        if not _same(claim.garage, command.garage):
            update["repair"] = repair.begun(at) if command.garage is not None else None
    if "appraiser" in given:
        update["appraiser"] = command.appraiser
        if not _same(claim.appraiser, command.appraiser):
            update["appraisal"] = appraisal.begun(at) if command.appraiser is not None else None
    if "third_parties" in given:
        update["third_parties"] = command.third_parties or ()
    if "third_party_agent" in given:
        update["third_party_agent"] = command.third_party_agent
    if command.insurer_reference is not None:
        update["insurer_reference"] = command.insurer_reference.strip()
    following = claim.model_copy(update=update)
    return claim if following == claim else following


def _same(one: PartnerReference | None, other: PartnerReference | None) -> bool:
    """A partner is the same by its id; a firm that pushes nothing, by its name."""
    if one is None or other is None:
        return one is other
    return (one.partner_id, one.partner_id or one.name) == (other.partner_id, other.partner_id or other.name)
