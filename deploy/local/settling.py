"""Waiting until the bus is quiet, so that "ready" means that the pages show what the databases hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from deploy.local.health import ask

QUIET_ROUNDS: Final = 2
"""An event may be between a relay and a consumer while both are asked: twice quiet is quiet."""

_PAUSE_SECONDS: Final = 0.15
_ASK_SECONDS: Final = 2.0


async def settle(addresses: Sequence[tuple[str, int]], seconds: float) -> bool:
    """Wait until no outbox has anything to publish and no consumer anything to take, at most `seconds`."""
    quiet = 0
    try:
        async with asyncio.timeout(seconds):
            while quiet < QUIET_ROUNDS:
                answers = await asyncio.gather(
                    *(ask(host, port, "/health/ready", _ASK_SECONDS) for host, port in addresses)
                )
                quiet = quiet + 1 if all(is_quiet(answer.body) for answer in answers) else 0
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        return False
    return True


def is_quiet(body: str) -> bool:
    """Say whether a readiness document tells of nothing under way; one without messaging has nothing, no answer is no quiet."""
    try:
        messaging: Any = json.loads(body).get("checks", {}).get("messaging", {})
    except (ValueError, AttributeError):
        return bool(body)
    waiting = (messaging.get("relay", {}).get("pending", 0), messaging.get("consumer", {}).get("lag", 0))
    return not any(waiting)
