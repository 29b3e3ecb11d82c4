"""What the gateway listens to: everything that its pages show, and the receipts of partners."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.live.feed import Feed
from services.gateway.projections import Projector
from services.gateway.projections.projector import VIEWED
from services.gateway.projections.receipts import record_receipts
from shared.clock import Clock
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.notifications import AlertState
from shared.db.database import Database, on_after_commit
from shared.messaging.consumer import Consumer
from shared.messaging.events import StatesHandler


def build_consumer(database: Database, clock: Clock, projector: Projector, feed: Feed) -> Consumer:
    """Wire every state that has a view, the tail of alerts for the live feed, and receipts."""
    consumer = Consumer(service="gateway", database=database, clock=clock)
    consumer.on_states(VIEWED, projector.project)
    consumer.on_states([AlertState], _telling(feed))
    consumer.on_receipts(record_receipts)
    consumer.tail(AlertState, feed.take)
    return consumer


def _telling(feed: Feed) -> StatesHandler:
    """Tell the feed of alerts that were projected here: the tail can miss one while the broker is away."""

    async def tell(session: AsyncSession, events: Sequence[CloudEvent[ChangeData[Any]]]) -> None:
        for event in events:
            on_after_commit(session, partial(feed.take_projected, event.data.state))

    return tell
