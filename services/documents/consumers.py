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
    consumer.on_state(ClaimState, replicas.keep_claim)
    consumer.on_state(ContractState, replicas.keep_contract)
    consumer.on_state(ClientState, replicas.keep_client)
    return consumer
