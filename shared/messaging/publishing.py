"""A change of an aggregate becomes a contract event in the outbox: the one way in which services publish."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.changes import changes_between
from shared.contracts.envelope import Actor, Change, ChangeData, CloudEvent, service_source
from shared.contracts.events import aggregate_of_state
from shared.identifiers import new_id
from shared.messaging.outbox import enqueue_bytes
from shared.observability.tracing import current_traceparent


def publish_state(
    session: AsyncSession,
    *,
    service: str,
    happening: str,
    state: BaseModel,
    old: BaseModel | None,
    actor: Actor,
    at: datetime,
    key: str | None = None,
    changes: tuple[Change, ...] | None = None,
) -> CloudEvent[ChangeData[Any]]:
    """Enqueue the event of one change; `state` is the aggregate after it, its `sequence` already raised.

    `key` defaults to the aggregate's id, since order holds per key. `changes` are computed from `old` unless given.
    """
    aggregate = aggregate_of_state(type(state))
    identity: str = state.id  # type: ignore[attr-defined]  # every registered state has an id
    event_of, data_of = _models(aggregate.state)
    event = event_of(
        id=new_id(),
        source=service_source(service),
        type=aggregate.event_type(happening),
        subject=identity,
        time=at,
        agencyid=getattr(state, "agency_id", None),
        sequence=getattr(state, "sequence", 0),
        traceparent=current_traceparent(),
        data=data_of(
            state=state, changes=changes_between(old, state) if changes is None else changes, actor=actor
        ),
    )
    enqueue_bytes(
        session,
        topic=aggregate.topic,
        key=key or identity,
        event_id=event.id,
        body=event.to_json(),
        internal=True,
    )
    return event


@cache
def _models(
    state: type[BaseModel],
) -> tuple[type[CloudEvent[ChangeData[Any]]], type[ChangeData[Any]]]:
    """The event and data of one kind of state, kept: Pydantic forgets them between uses, and making them anew took a tenth of a batch."""
    return CloudEvent[ChangeData[state]], ChangeData[state]  # type: ignore[valid-type]
