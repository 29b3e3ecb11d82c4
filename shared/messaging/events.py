"""Our own events inside a batch: read one by one, handed on together.

A handler gets all events of its aggregates that a batch has, in their order, so that it can do with a handful of statements
whatever their number. Order holds per aggregate alone: between two of them nothing may depend on it, as topics promise none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts import topics
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import aggregate_of_state, aggregate_of_type
from shared.contracts.partners import Receipt
from shared.messaging.records import Record
from shared.observability.tracing import is_traceparent

StatesHandler = Callable[[AsyncSession, Sequence[CloudEvent[ChangeData[Any]]]], Awaitable[None]]
ReceiptsHandler = Callable[[AsyncSession, Sequence[tuple[str, CloudEvent[Receipt]]]], Awaitable[None]]

StateT = TypeVar("StateT", bound=BaseModel)
_RECEIPT = TypeAdapter(CloudEvent[Receipt])


class Unprocessable(Exception):  # noqa: N818 - said of a record, not of a program
    """A record that cannot be read, however often it is tried."""


@dataclass(frozen=True, slots=True)
class Told:
    """A record that was read. `what` is what handlers of `kind` get: an event, or a receipt with its partner's id."""

    record: Record
    kind: type[BaseModel]
    what: Any


class Events:
    """The aggregates that one service listens to, and the receipts."""

    def __init__(self) -> None:
        """Start with nothing to listen to."""
        self._adapters: dict[type[BaseModel], TypeAdapter[Any]] = {}
        self._handlers: list[tuple[frozenset[type[BaseModel]], Callable[..., Awaitable[None]]]] = []

    @property
    def topics(self) -> tuple[str, ...]:
        """Our own topics that are listened to."""
        return tuple(sorted({aggregate_of_state(state).topic for state in self._adapters}))

    @property
    def wants_receipts(self) -> bool:
        """Whether receipts are listened to."""
        return any(Receipt in kinds for kinds, _ in self._handlers)

    def add(self, states: Iterable[type[BaseModel]], handler: StatesHandler) -> None:
        """Hand on the events of these aggregates; handlers are called in the order in which they were added."""
        kinds = frozenset(states)
        self._adapters |= {state: event_adapter(state) for state in kinds}
        self._handlers.append((kinds, handler))

    def add_receipts(self, handler: ReceiptsHandler) -> None:
        """Hand on the receipts of all partners."""
        self._handlers.append((frozenset({Receipt}), handler))

    def read(self, record: Record) -> Told | None:
        """Read a record; None for one that nobody here listens to, or that a newer sender's program wrote."""
        partner = topics.parse_partner_topic(record.topic)
        if partner is not None:
            if partner.kind != topics.RECEIPTS or not self.wants_receipts:
                return None
            return Told(record, Receipt, (partner.partner_id, _validated(_RECEIPT, record)))
        aggregate = aggregate_of_type(_type_of(record))
        adapter = self._adapters.get(aggregate.state) if aggregate else None
        if aggregate is None or adapter is None:
            return None
        event = _validated(adapter, record)
        traceparent = record.headers.get("traceparent")
        if not is_traceparent(event.traceparent) and is_traceparent(traceparent):
            event = event.model_copy(update={"traceparent": traceparent})
        return Told(record, aggregate.state, event)

    async def hand_on(self, session: AsyncSession, told: Sequence[Told], moved: Callable[[], None]) -> None:
        """Call each handler with what it listens to, if there is any."""
        for kinds, handler in self._handlers:
            chosen = [one.what for one in told if one.kind in kinds]
            if chosen:
                await handler(session, chosen)
                moved()


def newest(events: Iterable[CloudEvent[ChangeData[StateT]]]) -> list[CloudEvent[ChangeData[StateT]]]:
    """Of each aggregate the event with the highest sequence.

    By agency and id: who locks rows in that order waits for another replica's batch instead of failing with it.
    """
    found: dict[tuple[str, str], CloudEvent[ChangeData[StateT]]] = {}
    for event in events:
        key = (event.agencyid or "", event.subject)
        kept = found.get(key)
        if kept is None or event.sequence > kept.sequence:
            found[key] = event
    return [found[key] for key in sorted(found)]


def event_adapter(state: type[BaseModel]) -> TypeAdapter[Any]:
    """Reads the events of one aggregate."""
    return TypeAdapter(CloudEvent[ChangeData[state]])  # type: ignore[valid-type]


def _validated(adapter: TypeAdapter[Any], record: Record) -> Any:
    try:
        return adapter.validate_json(record.value)
    except ValueError as error:
        raise Unprocessable(record.topic) from error


class _Typed(BaseModel):
    type: str


def _type_of(record: Record) -> str:
    try:
        return _Typed.model_validate_json(record.value).type
    except ValueError as error:
        raise Unprocessable("envelope") from error
