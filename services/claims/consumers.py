"""What the claims service listens to."""

from __future__ import annotations

from services.claims import replicas
from services.claims.partner_updates import PartnerUpdates
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.policy import ClientState, ContractState
from shared.db.database import Database
from shared.messaging.consumer import Consumer


def build_consumer(database: Database, clock: Clock) -> Consumer:
    """Bind every topic to its one handler."""
    consumer = Consumer(service="claims", database=database, clock=clock)
    consumer.on_states([ContractState], replicas.keep_contracts)
    consumer.on_states([ClientState], replicas.keep_clients)
    updates = PartnerUpdates(clock)
    consumer.on_partner(topics.REPAIR_UPDATES, updates.repair, updates.preload)
    consumer.on_partner(topics.CLAIM_UPDATES, updates.claim, updates.preload)
    consumer.on_partner(topics.APPRAISAL_UPDATES, updates.appraisal, updates.preload)
    return consumer
