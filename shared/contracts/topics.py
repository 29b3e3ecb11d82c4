"""Topic names: who is speaking is decided by the topic, so the names are built and read in one place."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from shared.contracts.codes import PartnerKind

POLICY_EVENTS: Final = "policy.events.v1"
CLAIMS_EVENTS: Final = "claims.events.v1"
DOCUMENTS_EVENTS: Final = "documents.events.v1"
NOTIFICATIONS_EVENTS: Final = "notifications.events.v1"
IDENTITY_EVENTS: Final = "identity.events.v1"
INTERNAL_TOPICS: Final = (
    POLICY_EVENTS,
    CLAIMS_EVENTS,
    DOCUMENTS_EVENTS,
    NOTIFICATIONS_EVENTS,
    IDENTITY_EVENTS,
)

REPAIR_UPDATES: Final = "repair-updates"
CLAIM_UPDATES: Final = "claim-updates"
APPRAISAL_UPDATES: Final = "appraisal-updates"
CONTRACT_UPDATES: Final = "contract-updates"
RECEIPTS: Final = "receipts"

UPDATE_KINDS_OF: Final[dict[PartnerKind, tuple[str, ...]]] = {
    PartnerKind.GARAGE: (REPAIR_UPDATES,),
    PartnerKind.INSURER: (CLAIM_UPDATES, CONTRACT_UPDATES),
    PartnerKind.APPRAISER: (APPRAISAL_UPDATES,),
}
"""What each kind of partner may push."""

PARTNER_ID_PATTERN: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_PARTNER_TOPIC: Final = re.compile(rf"^partners\.({PARTNER_ID_PATTERN})\.([a-z-]+)\.v1$")
DEAD_LETTER_SUFFIX: Final = ".dlq"


class PartnerTopic(NamedTuple):
    """A partner's topic, taken apart."""

    partner_id: str
    kind: str


def partner_topic(partner_id: str, kind: str) -> str:
    """`partners.<partner>.<kind>.v1`."""
    return f"partners.{partner_id}.{kind}.v1"


def receipts_topic(partner_id: str) -> str:
    """Where a partner reads what became of its messages."""
    return partner_topic(partner_id, RECEIPTS)


def parse_partner_topic(topic: str) -> PartnerTopic | None:
    """The partner and kind of a topic, or None when it is not a partner's."""
    match = _PARTNER_TOPIC.match(topic)
    return PartnerTopic(match[1], match[2]) if match else None


def partner_pattern(kinds: tuple[str, ...]) -> str:
    """An anchored regular expression over the topics of these kinds, of every partner known or to come."""
    alternatives = "|".join(re.escape(kind) for kind in kinds)
    return rf"partners\.[a-z0-9-]+\.(?:{alternatives})\.v1"


def dead_letter_topic(topic: str) -> str:
    """Where the original bytes of a record go that nobody could take."""
    return topic + DEAD_LETTER_SUFFIX
