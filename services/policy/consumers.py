"""What the policy service listens to."""

from __future__ import annotations

from services.policy import replicas
from services.policy.partner_updates import record_contract_update
from services.policy.settings import SERVICE
from shared.clock import Clock
from shared.contracts.identity import AgencyState, PartnerState
from shared.contracts.topics import CONTRACT_UPDATES
from shared.db.database import Database
from shared.messaging.consumer import Consumer


def create_consumer(database: Database, clock: Clock) -> Consumer:
    """Subscribe the handlers."""
    consumer = Consumer(service=SERVICE, database=database, clock=clock)
    consumer.on_states([AgencyState], replicas.keep_agencies)
    consumer.on_states([PartnerState], replicas.keep_partners)
    consumer.on_partner(CONTRACT_UPDATES, record_contract_update)
    return consumer
