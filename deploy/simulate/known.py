"""What the players know of a claim and a contract: enough to say only what may be said next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.claims.domain import appraisal as appraisals
from services.claims.domain import repair as repairs
from services.claims.domain import settlement as settlements
from services.claims.domain.status import moved
from services.policy.domain import insurer_updates
from shared.contracts.claims import Appraisal, Repair, Settlement
from shared.contracts.codes import ClaimKind, ClaimStatus
from shared.contracts.partners import AppraisalUpdate, ClaimUpdate, ContractUpdate, RepairUpdate
from shared.contracts.policy import ContractState

ClaimSpeech = RepairUpdate | ClaimUpdate | AppraisalUpdate


@dataclass(frozen=True)
class Office:
    """What follows from a claim's agency: the language that its partners write, the currency that they pay."""

    id: str
    language: str
    currency: str


@dataclass
class KnownClaim:
    """A claim as the desk shows it, moved on by every message that is sent.

    `waiting` counts messages that have no receipt yet. `doubtful` is set when one was refused: what is known is wrong
    then, and the claim is read again before anybody speaks of it.
    """

    claim_number: str
    policy_number: str
    office: Office
    kind: ClaimKind
    plate: str
    insurer: str
    garage: str | None
    appraiser: str | None
    status: ClaimStatus
    repair: Repair | None
    appraisal: Appraisal | None
    settlement: Settlement
    waiting: int = 0
    doubtful: bool = False

    @classmethod
    def of(cls, shown: Mapping[str, Any], office: Office) -> KnownClaim:
        """Read what /api/v1/claims/{number} answers."""
        return cls(
            claim_number=shown["claim_number"],
            policy_number=shown["policy_number"],
            office=office,
            kind=ClaimKind(shown["kind"]),
            plate=shown["plate"],
            insurer=shown["insurer"],
            garage=shown["garage"],
            appraiser=shown["appraiser"],
            status=ClaimStatus(shown["status"]),
            repair=Repair.model_validate(shown["repair"]) if shown["repair"] else None,
            appraisal=Appraisal.model_validate(shown["appraisal"]) if shown["appraisal"] else None,
            settlement=Settlement.model_validate(shown["settlement"]),
        )

    @property
    def in_repair(self) -> bool:
        """Whether the garage still has something to tell."""
        return (
            self.garage is not None
            and self.status.is_open
            and (self.repair is None or self.repair.phase not in repairs.ENDED)
        )

    def follow(self, update: ClaimSpeech, at: datetime) -> None:
        """Move on as the claims service will; raises its `DomainError` for what it would refuse."""
        if isinstance(update, RepairUpdate):
            self.repair = repairs.progressed(self.repair, update, at=at, occurred_at=at)
        elif isinstance(update, AppraisalUpdate):
            self.appraisal = appraisals.progressed(self.appraisal, update, at=at)
        else:
            self.settlement = settlements.updated(self.settlement, update, at=at)
            self.status = moved(self.status, update.status or self.status)


@dataclass
class KnownContract:
    """A contract as the desk shows it, moved on by every message that is sent."""

    state: ContractState
    language: str
    waiting: int = 0
    doubtful: bool = False

    def follow(self, update: ContractUpdate, at: datetime) -> None:
        """Move on as the policy service will; raises its `DomainError` for what it would refuse."""
        self.state = insurer_updates.updated(self.state, update, at)
