"""Which version of an aggregate the read model has: what live streams wait for before they tell a browser."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import Final

REMEMBERED: Final = 10_000
"""Projections that are remembered, since an alert mostly comes after what it tells of was projected."""


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    """Somebody waits until an aggregate has at least this version."""

    aggregate: str
    subject_id: str
    sequence: int
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Versions:
    """Tells waiters in this process as soon as a projection has committed.

    Another replica may be the one that projects; who waits must look at the database now and then as well.
    """

    def __init__(self) -> None:
        """Nobody waits yet, and nothing was projected."""
        self._waits: dict[tuple[str, str], list[Wait]] = defaultdict(list)
        self._reached: OrderedDict[tuple[str, str], int] = OrderedDict()

    def wait_for(self, aggregate: str, subject_id: str, sequence: int) -> Wait:
        """Begin to wait (it may be over at once); end it with `release`."""
        wait = Wait(aggregate, subject_id, sequence)
        if self._reached.get((aggregate, subject_id), -1) >= sequence:
            wait.done.set()
        else:
            self._waits[aggregate, subject_id].append(wait)
        return wait

    def release(self, wait: Wait) -> None:
        """Stop waiting, whether it was reached or not."""
        key = (wait.aggregate, wait.subject_id)
        waits = self._waits.get(key)
        if waits is None:
            return
        if wait in waits:
            waits.remove(wait)
        if not waits:
            del self._waits[key]

    def reached(self, aggregate: str, subject_id: str, sequence: int) -> None:
        """Tell those who wait for this version or an older one."""
        key = (aggregate, subject_id)
        self._reached[key] = max(sequence, self._reached.get(key, -1))
        self._reached.move_to_end(key)
        if len(self._reached) > REMEMBERED:
            self._reached.popitem(last=False)
        for wait in self._waits.get(key, ()):
            if wait.sequence <= sequence:
                wait.done.set()
