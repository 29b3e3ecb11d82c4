"""The repair as pages show it: stages for the small stepper, steps and promises for the tall one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from shared.contracts.claims import Repair

STAGES: Final = ("intake", "estimate", "parts", "works", "ready")
"""The five stages of the small stepper."""

_STAGE_OF: Final = {
    "assigned": 0,
    "booked": 0,
    "arrived": 0,
    "estimating": 1,
    "awaiting_authorisation": 1,
    "authorised": 2,
    "teardown": 2,
    "supplement_sent": 2,
    "supplement_approved": 2,
    "parts_ordered": 2,
    "body": 3,
    "paint": 3,
    "reassembly": 3,
    "quality_control": 3,
    "ready": 4,
    "delivered": 4,
}
_WAY: Final = (
    "assigned",
    "booked",
    "arrived",
    "estimating",
    "awaiting_authorisation",
    "authorised",
    "parts_ordered",
    "body",
    "paint",
    "reassembly",
    "quality_control",
    "ready",
    "delivered",
)
"""The usual way of a repair; teardown and supplements are detours that come back to it."""

_BACK_AT: Final = {
    "teardown": "authorised",
    "supplement_sent": "authorised",
    "supplement_approved": "authorised",
}


def repair_stage(phase: str) -> int | None:
    """Which of the five stages a phase belongs to; None for a repair that ended otherwise."""
    return _STAGE_OF.get(phase)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the tall stepper: done, current or to come."""

    phase: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """A delivery date as it was given; `slipped` is how many days later than the one before (negative: earlier)."""

    eta: date
    given_at: datetime
    reason: str | None
    slipped: int
    last: bool


@dataclass(frozen=True, slots=True)
class Stepper:
    """What the tall stepper shows."""

    steps: tuple[Step, ...]
    to_come: tuple[str, ...]
    promises: tuple[Promise, ...]
    slipped: int


def stepper(repair: Repair) -> Stepper:
    """Lay a repair out: the steps it took (detours too), where it stands, what the usual way still holds."""
    phase = repair.phase.value
    done = [Step(step.phase.value, "done", step.at, step.note) for step in repair.steps]
    if done and done[-1].phase == phase:
        last = done.pop()
        current = Step(phase, "current", last.at, last.note)
    else:
        current = Step(phase, "current", repair.updated_at)
    if phase == "delivered":
        current = Step(phase, "done", current.at, current.note)
    return Stepper((*done, current), _to_come(phase), _promises(repair), _slipped(repair))


def _to_come(phase: str) -> tuple[str, ...]:
    phase = _BACK_AT.get(phase, phase)
    return _WAY[_WAY.index(phase) + 1 :] if phase in _WAY else ()


def _promises(repair: Repair) -> tuple[Promise, ...]:
    found: list[Promise] = []
    for place, promise in enumerate(repair.promises):
        before = repair.promises[place - 1].eta if place else promise.eta
        found.append(
            Promise(
                promise.eta,
                promise.given_at,
                promise.delay_reason.value if promise.delay_reason else None,
                (promise.eta - before).days,
                place == len(repair.promises) - 1,
            )
        )
    return tuple(found)


def _slipped(repair: Repair) -> int:
    return (repair.promises[-1].eta - repair.promises[0].eta).days if repair.promises else 0
