"""What is done to the system, and what it is sent meanwhile: both follow from a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What can go wrong."""

    KILL_SERVICE = "kill -9 of a service"
    KILL_BROKER = "kill -9 of the Kafka broker"
    FREEZE = "SIGSTOP of a service beyond its session's timeout"
    RESTART_DATABASE = "restart of PostgreSQL"
    CRASH_DATABASE = "crash of PostgreSQL with recovery"
    CUT_KAFKA = "all connections to Kafka cut"
    CUT_DATABASE = "all connections to PostgreSQL cut"
    SHUT_KAFKA = "no connection to Kafka"
    SHUT_DATABASE = "no connection to PostgreSQL"
    SLOW_KAFKA = "slow connections to Kafka"
    SLOW_DATABASE = "slow connections to PostgreSQL"


WEIGHTS: Final[Mapping[Kind, int]] = {
    Kind.KILL_SERVICE: 6,
    Kind.KILL_BROKER: 2,
    Kind.FREEZE: 2,
    Kind.RESTART_DATABASE: 2,
    Kind.CRASH_DATABASE: 1,
    Kind.CUT_KAFKA: 2,
    Kind.CUT_DATABASE: 2,
    Kind.SHUT_KAFKA: 1,
    Kind.SHUT_DATABASE: 1,
    Kind.SLOW_KAFKA: 1,
    Kind.SLOW_DATABASE: 1,
}

SECONDS: Final[Mapping[Kind, tuple[float, float]]] = {
    Kind.KILL_BROKER: (0.5, 8.0),
    Kind.FREEZE: (17.0, 20.0),
    Kind.SHUT_KAFKA: (3.0, 15.0),
    Kind.SHUT_DATABASE: (2.0, 10.0),
    Kind.SLOW_KAFKA: (4.0, 10.0),
    Kind.SLOW_DATABASE: (4.0, 10.0),
}
"""How long each lasts; what is not named is over as soon as it is done."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. `target` is a process, for the kinds that need one."""

    kind: Kind
    target: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        """Read as a line of the campaign's log."""
        parts = [self.kind.value, self.target, f"{self.seconds:.1f} s" if self.seconds else ""]
        return ", ".join(part for part in parts if part)


def plan_faults(seed: int, count: int, targets: Sequence[str]) -> list[Fault]:
    """Draw so many faults. Every kind comes before any comes often: the deck is dealt to its end, then shuffled again."""
    random = Random(f"faults/{seed}")
    deck: list[Kind] = []
    found: list[Fault] = []
    while len(found) < count:
        if not deck:
            once, more = list(Kind), [kind for kind, weight in WEIGHTS.items() for _ in range(weight - 1)]
            random.shuffle(once)
            random.shuffle(more)
            deck = [*more, *once]  # taken from its end
        kind = deck.pop()
        target = random.choice(targets) if kind in {Kind.KILL_SERVICE, Kind.FREEZE} else ""
        found.append(
            Fault(kind, target, round(random.uniform(*SECONDS[kind]), 1) if kind in SECONDS else 0.0)
        )
    return found


class Content(StrEnum):
    """What is in a record that a garage sends."""

    GOOD = "a good update"
    MALFORMED = "bytes that are no JSON"
    SCHEMA = "an update with a phase that does not exist"
    FOREIGN = "an update of a claim that is another garage's"


class Car(NamedTuple):
    """A claim in repair, its garage and its agency."""

    garage: str
    claim_number: str
    phase: str
    agency: str


class Draft(NamedTuple):
    """A record to be sent; `repeats` is the index of an earlier one that it is a copy of."""

    content: Content
    car: Car
    note: str
    order: int
    """Place among the claim's updates as the garage counts them: its `sequence`."""
    repeats: int | None = None


DUPLICATED, REORDERED, POISONED = 0.03, 0.03, 0.02


def plan_updates(seed: int, count: int, cars: Sequence[Car]) -> list[Draft]:
    """Write so many updates, some of them copies of earlier ones, some out of order, and some that nobody can read."""
    random = Random(f"updates/{seed}")
    found: list[Draft] = []
    counters = dict.fromkeys((car.claim_number for car in cars), 0)
    while len(found) < count:
        draw = random.random()
        car = random.choice(cars)
        if draw < DUPLICATED and found:
            index = random.randrange(max(0, len(found) - 400), len(found))
            earlier = found[index]
            found.append(earlier._replace(repeats=index if earlier.repeats is None else earlier.repeats))
        elif draw < DUPLICATED + POISONED:
            found.append(_poison(random, car, cars, f"{seed}-{len(found):06}"))
        else:
            swapped = draw > 1 - REORDERED and len(found) + 1 < count
            orders = [counters[car.claim_number] + step for step in ((2, 1) if swapped else (1,))]
            counters[car.claim_number] += len(orders)
            found += [
                Draft(Content.GOOD, car, f"{seed}-{len(found) + step:06}", order)
                for step, order in enumerate(orders)
            ]
    return found


def _poison(random: Random, car: Car, cars: Sequence[Car], note: str) -> Draft:
    content = random.choice([Content.MALFORMED, Content.SCHEMA, Content.FOREIGN])
    others = sorted({one.garage for one in cars} - {car.garage})
    if content is Content.FOREIGN and others:
        return Draft(content, car._replace(garage=random.choice(others)), note, 0)
    return Draft(Content.MALFORMED if content is Content.FOREIGN else content, car, note, 0)
