"""What all state machines of a claim have in common: a step is legal, or it is an `illegal_transition`."""

from __future__ import annotations

from enum import StrEnum

from shared.errors import Conflict

ILLEGAL_TRANSITION = "illegal_transition"


def illegal(what: str, current: StrEnum, following: StrEnum, field: str) -> Conflict:
    """Say which step was refused, in codes that the sender knows."""
    return Conflict(ILLEGAL_TRANSITION, f"{what} cannot go from {current} to {following}", field)
