"""What the documents service listens to."""

from __future__ import annotations

from services.documents import replicas
from services.documents.settings import SERVICE
from shared.clock import Clock
from shared.contracts.claims import ClaimState
from shared.contracts.policy import ClientState, ContractState
from shared.db.database import Database
from shared.messaging.consumer import Consumer


def create_consumer(database: Database, clock: Clock) -> Consumer:
    """Subscribe the handlers."""
    consumer = Consumer(service=SERVICE, database=database, clock=clock)
    consumer.on_states([ClaimState], replicas.keep_claims)
    consumer.on_states([ContractState], replicas.keep_contracts)
    consumer.on_states([ClientState], replicas.keep_clients)
    return consumer
