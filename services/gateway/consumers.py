"""What the gateway listens to: everything that its pages show, and the receipts of partners."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.live.feed import Feed
from services.gateway.projections import Projector
from services.gateway.projections.projector import PROJECTIONS
from services.gateway.projections.receipts import record_receipt
from shared.clock import Clock
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.notifications import AlertState
from shared.db.database import Database, on_after_commit
from shared.messaging.consumer import Consumer


def build_consumer(database: Database, clock: Clock, projector: Projector, feed: Feed) -> Consumer:
    """Wire every state that has a view, the tail of alerts for the live feed, and receipts."""
    consumer = Consumer(service="gateway", database=database, clock=clock)
    for state in PROJECTIONS:
        consumer.on_state(state, projector.project)
    consumer.on_state(AlertState, _telling(feed))
    consumer.on_receipt(record_receipt)
    consumer.tail(AlertState, feed.take)
    return consumer


def _telling(feed: Feed) -> Callable[[AsyncSession, CloudEvent[ChangeData[Any]]], Awaitable[None]]:
    """Tell the feed of alerts that were projected here: the tail can miss one while the broker is away."""

    async def tell(session: AsyncSession, event: CloudEvent[ChangeData[Any]]) -> None:
        on_after_commit(session, partial(feed.take_projected, event.data.state))

    return tell
