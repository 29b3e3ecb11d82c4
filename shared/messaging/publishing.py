"""A change of an aggregate becomes a contract event in the outbox: the one way in which services publish."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import orjson
from pydantic import BaseModel, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.changes import changes_between
from shared.contracts.envelope import Actor, Change, service_source, written_event
from shared.contracts.events import aggregate_of_state
from shared.identifiers import new_id
from shared.messaging.outbox import enqueue_bytes
from shared.observability.tracing import current_traceparent

_CHANGES: Final = TypeAdapter(tuple[Change, ...])


class Written(NamedTuple):
    """The three parts of an event's data as JSON: what a service keeps of them in tables of its own need not be written again."""

    state: orjson.Fragment
    changes: orjson.Fragment
    actor: orjson.Fragment


def write_change(state: BaseModel, changes: Sequence[Change], actor: Actor) -> Written:
    """Write a change of an aggregate; `state` is the aggregate after it."""
    return Written(
        orjson.Fragment(state.model_dump_json()),
        orjson.Fragment(_CHANGES.dump_json(tuple(changes))),
        orjson.Fragment(actor.model_dump_json()),
    )


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
    written: Written | None = None,
) -> tuple[Change, ...]:
    """Enqueue the event of one change, and give what changed; `state` is the aggregate after it, its `sequence` already raised.

    `key` defaults to the aggregate's id, since order holds per key. `changes` are computed from `old` unless given, and
    written (`write_change`) unless they are already.
    """
    aggregate = aggregate_of_state(type(state))
    identity: str = state.id  # type: ignore[attr-defined]  # every registered state has an id
    if changes is None:
        changes = changes_between(old, state)
    data: Written = written or write_change(state, changes, actor)
    event_id = new_id()
    body = written_event(
        event_id=event_id,
        source=service_source(service),
        event_type=aggregate.event_type(happening),
        subject=identity,
        time=at,
        agency_id=getattr(state, "agency_id", None),
        sequence=getattr(state, "sequence", 0),
        traceparent=current_traceparent(),
        data=data._asdict(),
    )
    enqueue_bytes(
        session, topic=aggregate.topic, key=key or identity, event_id=event_id, body=body, internal=True
    )
    return changes
