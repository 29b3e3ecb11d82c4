"""The ledger: what was sent, what the broker kept of it, and what has to follow from that. No I/O.

The broker's log is the order in which a garage's records came to be, so everything that must have happened follows from
it: which update is the first of its kind, which a repetition, which came too late, and how each record is answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.faults.plan import Content


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """As dead letters and nameless receipts write it."""
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True)
class Message:
    """What a garage sends; `id` is empty for what nobody can read."""

    id: str
    garage: str
    topic: str
    content: Content
    claim_number: str
    agency: str
    sequence: int
    note: str


@dataclass
class Ledger:
    """Messages by their name in the log, and the places that the broker acknowledged for each."""

    messages: dict[str, Message] = field(default_factory=dict)
    acknowledged: dict[Place, str] = field(default_factory=dict)
    unknown: int = 0
    """Sends without an acknowledgement: the record may be there or not. Each was sent again."""

    def acknowledge(self, name: str, place: Place) -> None:
        """Write down that the broker has it."""
        self.acknowledged[place] = name


class Logged(NamedTuple):
    """A record of a garage's topic as the broker has it; `name` is what the ledger knows its message by."""

    place: Place
    name: str


@dataclass
class Due:
    """What must have come of the log."""

    answers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Message id (or `record:` and its place) -> the outcome of each of its records, in order."""
    applied: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Claim number -> notes of the updates that change it, in order."""
    put_aside: set[Place] = field(default_factory=set)
    """Records that nobody can attribute: operations gets their bytes."""


def due(ledger: Ledger, log: Iterable[Logged]) -> Due:
    """Follow the log by the rules of interface.md. Records of a partition are expected in its order."""
    found = Due()
    taken: set[str] = set()
    positions: dict[str, int] = {}
    for place, name in log:
        message = ledger.messages[name]
        if not message.id:
            found.answers[f"record:{place}"].append("rejected")
            found.put_aside.add(place)
        elif message.content is not Content.GOOD:
            found.answers[message.id].append("rejected")
        elif message.id in taken:
            found.answers[message.id].append("duplicate")
        elif message.sequence <= positions.get(message.claim_number, -1):
            found.answers[message.id].append("stale")
        else:
            taken.add(message.id)
            positions[message.claim_number] = message.sequence
            found.answers[message.id].append("accepted")
            found.applied[message.claim_number].append(message.note)
    return found


class Receipt(NamedTuple):
    """An answer as it stands in a garage's topic of receipts."""

    garage: str
    id: str
    message_id: str
    outcome: str
    body: bytes


class Change(NamedTuple):
    """A row of a claim's history."""

    sequence: int
    note: str


class Alert(NamedTuple):
    """An alert about a repair, as one of the services keeps it."""

    position: int
    agency: str
    claim_number: str
    claim_sequence: int


class Told(NamedTuple):
    """An event of a live feed as a browser got it."""

    id: int
    name: str
    claim_number: str


class Recovery(NamedTuple):
    """How long after a fault was over everything worked again."""

    fault: str
    seconds: float


def agencies(ledger: Ledger) -> Mapping[str, str]:
    """Claim number -> agency."""
    return {one.claim_number: one.agency for one in ledger.messages.values() if one.content is Content.GOOD}
