"""A change of an aggregate becomes a row of its history and an event in the outbox, both or neither."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.policy import repository
from services.policy.settings import SERVICE
from shared.contracts.envelope import Actor
from shared.contracts.policy import ClientState, ContractState
from shared.messaging.publishing import publish_state


def client_changed(
    session: AsyncSession,
    happening: str,
    new: ClientState,
    old: ClientState | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Tell of a client."""
    changes = publish_state(
        session, service=SERVICE, happening=happening, state=new, old=old, actor=actor, at=at
    )
    repository.add_client_history(session, new, happening, changes, actor, at)


def contract_changed(
    session: AsyncSession,
    happening: str,
    new: ContractState,
    old: ContractState | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Tell of a contract."""
    changes = publish_state(
        session, service=SERVICE, happening=happening, state=new, old=old, actor=actor, at=at
    )
    repository.add_contract_history(session, new, happening, changes, actor, at)
