"""Is this process fit to serve? Liveness is answering at all; readiness is named checks with a deadline each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[Mapping[str, Any]]]
"""Gives a report: `ready` (taken as true when absent), optional `problems` (list of names), and figures."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Readiness:
    """What is not ready, by name, and the figures of every check."""

    not_ready: list[str] = field(default_factory=list)
    checks: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether all checks passed."""
        return not self.not_ready

    def document(self, service: str) -> dict[str, Any]:
        """Give the body of `/health/ready`: names and figures, no message of an exception."""
        return {
            "service": service,
            "status": "ready" if self.ready else "not ready",
            "not_ready": self.not_ready,
            "checks": self.checks,
        }


async def readiness(checks: Mapping[str, Check]) -> Readiness:
    """Run all checks at once; one that raises or takes more than two seconds is not ready."""
    names = list(checks)
    reports = await asyncio.gather(*(_run(name, checks[name]) for name in names))
    not_ready: list[str] = []
    for name, report in zip(names, reports, strict=True):
        if not report.get("ready", True):
            problems = [f"{name}: {problem}" for problem in report.get("problems", ())]
            not_ready.extend(problems or [name])
    return Readiness(not_ready, dict(zip(names, reports, strict=True)))


async def _run(name: str, check: Check) -> Mapping[str, Any]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return {"ready": False, "error": "no answer in time"}
    except Exception as error:  # noqa: BLE001 - whatever a check raises means the same: not ready
        log.warning("health.check_failed", check=name, error=type(error).__name__)
        return {"ready": False, "error": type(error).__name__}
