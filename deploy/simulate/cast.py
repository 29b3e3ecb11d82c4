"""Who speaks of claims, in one table: one row per kind of update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from deploy.simulate import appraiser, garage, insurer
from deploy.simulate.known import ClaimSpeech, KnownClaim
from shared.contracts import topics

WEIGHTS: Final[Mapping[str, int]] = {
    topics.REPAIR_UPDATES: 58,
    topics.CLAIM_UPDATES: 20,
    topics.APPRAISAL_UPDATES: 12,
    topics.CONTRACT_UPDATES: 10,
}
"""How often each kind of update comes."""


@dataclass(frozen=True)
class Part:
    """A partner's part in a claim: who plays it, whether there is anything to say, what is said next."""

    partner: Callable[[KnownClaim], str | None]
    has_work: Callable[[KnownClaim], bool]
    report: Callable[[Random, KnownClaim, date, int], ClaimSpeech]


PARTS: Final[Mapping[str, Part]] = {
    topics.REPAIR_UPDATES: Part(lambda claim: claim.garage, lambda claim: claim.in_repair, garage.report),
    topics.CLAIM_UPDATES: Part(lambda claim: claim.insurer, insurer.has_work, insurer.report),
    topics.APPRAISAL_UPDATES: Part(lambda claim: claim.appraiser, appraiser.has_work, appraiser.report),
}
