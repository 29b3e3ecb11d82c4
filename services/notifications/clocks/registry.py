"""The kinds of clocks. A new one is a row here and a pure module in domain/: nothing else knows of kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from services.notifications.domain.alerts import AlertDraft
from services.notifications.domain.cheques import CHEQUE_MATURING, wanted_warnings, warning_alert
from services.notifications.domain.clocks import AgencyRules, Firing, WantedClock
from shared.contracts.claims import ClaimState
from shared.contracts.events import aggregate_of_state


@dataclass(frozen=True, slots=True)
class ClockKind:
    """One kind of clock: the state it derives from, which clocks that state wants, and the alert of firing.

    `wanted` is pure; it may return a subject once only. Raise `version` when its rules change: clocks of states that
    are known already are then derived again at the next start.
    """

    name: str
    state: type[BaseModel]
    wanted: Callable[[Any, AgencyRules], list[WantedClock]]
    alert: Callable[[Firing], AlertDraft]
    version: int = 1

    @property
    def aggregate(self) -> str:
        """Name of the aggregate that it derives from."""
        return aggregate_of_state(self.state).name


class ClockKinds:
    """The kinds that a service runs."""

    def __init__(self, kinds: Iterable[ClockKind]) -> None:
        """Take the kinds; two of one name are a mistake."""
        self._kinds: dict[str, ClockKind] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                message = f"two kinds of clocks are named {kind.name}"
                raise ValueError(message)
            self._kinds[kind.name] = kind

    def __getitem__(self, name: str) -> ClockKind:
        return self._kinds[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all kinds."""
        return tuple(self._kinds)

    @property
    def states(self) -> tuple[type[BaseModel], ...]:
        """States that some kind derives from, each once."""
        return tuple({kind.state: None for kind in self._kinds.values()})

    def of(self, aggregate: str) -> tuple[ClockKind, ...]:
        """The kinds that derive from this aggregate."""
        return tuple(kind for kind in self._kinds.values() if kind.aggregate == aggregate)

    def fingerprint(self, aggregate: str) -> str:
        """Names and versions of those kinds: what a source was derived by."""
        return " ".join(sorted(f"{kind.name}:{kind.version}" for kind in self.of(aggregate)))


KINDS: Final = ClockKinds([ClockKind(CHEQUE_MATURING, ClaimState, wanted_warnings, warning_alert)])
"""Every kind of the product."""
