"""Which version of an aggregate the read model has: what live streams wait for before they tell a browser."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field


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
        """Nobody waits yet."""
        self._waits: dict[tuple[str, str], list[Wait]] = defaultdict(list)

    def wait_for(self, aggregate: str, subject_id: str, sequence: int) -> Wait:
        """Begin to wait; end it with `release`."""
        wait = Wait(aggregate, subject_id, sequence)
        self._waits[aggregate, subject_id].append(wait)
        return wait

    def release(self, wait: Wait) -> None:
        """Stop waiting, whether it was reached or not."""
        key = (wait.aggregate, wait.subject_id)
        waits = self._waits.get(key, [])
        if wait in waits:
            waits.remove(wait)
        if not waits:
            self._waits.pop(key, None)

    def reached(self, aggregate: str, subject_id: str, sequence: int) -> None:
        """Tell those who wait for this version or an older one."""
        for wait in self._waits.get((aggregate, subject_id), ()):
            if wait.sequence <= sequence:
                wait.done.set()

    def pending(self) -> list[Wait]:
        """Give the waits that are not over."""
        return [wait for waits in self._waits.values() for wait in waits if not wait.done.is_set()]

    def signal(self, aggregate: str, subject_id: str, sequence: int) -> Callable[[], None]:
        """Make the hook that tells once a transaction is durable."""
        return lambda: self.reached(aggregate, subject_id, sequence)
