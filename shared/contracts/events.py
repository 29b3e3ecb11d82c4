"""The registry of internal events: which type travels on which topic and carries which state.

A consumer looks a type up here; an unknown type is a newer sender's and is passed over.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pydantic import BaseModel

from shared.contracts import topics
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.identity import AgencyState, PartnerState, UserState
from shared.contracts.notifications import AlertState
from shared.contracts.policy import ClientState, ContractState


class Aggregate(NamedTuple):
    """One kind of aggregate: who owns it, where its events go, what they carry and what may happen to it."""

    name: str
    service: str
    topic: str
    state: type[BaseModel]
    happenings: tuple[str, ...]

    def event_type(self, happening: str) -> str:
        """`dossier.<service>.<happening>.v1`."""
        if happening not in self.happenings:
            raise ValueError(f"{happening} is not among the registered events of {self.name}")
        return f"dossier.{self.service}.{happening}.v1"


AGGREGATES: Final[tuple[Aggregate, ...]] = (
    Aggregate(
        "client",
        "policy",
        topics.POLICY_EVENTS,
        ClientState,
        ("client-registered", "client-corrected", "client-contact-confirmed", "client-contact-corrected"),
    ),
    Aggregate(
        "contract",
        "policy",
        topics.POLICY_EVENTS,
        ContractState,
        (
            "contract-registered",
            "contract-amended",
            "contract-status-changed",
            "contract-receipts-changed",
            "contract-noted",
        ),
    ),
    Aggregate(
        "claim",
        "claims",
        topics.CLAIMS_EVENTS,
        ClaimState,
        (
            "claim-registered",
            "claim-status-changed",
            "claim-parties-changed",
            "claim-noted",
            "repair-progressed",
            "appraisal-progressed",
            "settlement-changed",
            "cheque-changed",
        ),
    ),
    Aggregate(
        "document",
        "documents",
        topics.DOCUMENTS_EVENTS,
        DocumentState,
        ("document-added", "document-changed", "document-removed"),
    ),
    Aggregate("alert", "notifications", topics.NOTIFICATIONS_EVENTS, AlertState, ("alert-raised",)),
    Aggregate(
        "agency", "identity", topics.IDENTITY_EVENTS, AgencyState, ("agency-registered", "agency-changed")
    ),
    Aggregate("user", "identity", topics.IDENTITY_EVENTS, UserState, ("user-registered", "user-changed")),
    Aggregate(
        "partner", "identity", topics.IDENTITY_EVENTS, PartnerState, ("partner-registered", "partner-changed")
    ),
)
"""Every aggregate that services announce. A sixth service adds its rows here."""

_BY_TYPE: Final = {
    aggregate.event_type(name): aggregate for aggregate in AGGREGATES for name in aggregate.happenings
}
_BY_STATE: Final = {aggregate.state: aggregate for aggregate in AGGREGATES}
_TYPE = re.compile(r"^dossier\.[a-z]+\.([a-z-]+)\.v\d+$")


def aggregate_of_type(event_type: str) -> Aggregate | None:
    """The aggregate an event type belongs to, or None for a type we do not know."""
    return _BY_TYPE.get(event_type)


def aggregate_of_state(state: type[BaseModel]) -> Aggregate:
    """The aggregate whose events carry this state."""
    return _BY_STATE[state]


def happening_of(event_type: str) -> str:
    """`repair-progressed` of `dossier.claims.repair-progressed.v1`."""
    match = _TYPE.match(event_type)
    return match[1] if match else event_type
