"""Calling a service with a command, and putting its events into the read model before the user looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import structlog

from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from shared.http.client import ServiceClient

log = structlog.get_logger(__name__)


def segment(value: str) -> str:
    """Write a value as one segment of a path: numbers are the partners', and may hold anything."""
    return quote(value, safe="")


async def command(
    gateway: Gateway,
    user: CurrentUser,
    service: ServiceClient,
    path: str,
    body: Any,
    *,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Send a command and give its result. Refusals of the service are passed on as they are."""
    require_desk(user)
    headers: Mapping[str, str] | None = {"Idempotency-Key": idempotency_key} if idempotency_key else None
    answer = await service.post(path, json=body, scope=user.scope, headers=headers)
    return await project_answer(gateway, answer)


async def project_answer(gateway: Gateway, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Project the events of an answer and give its result.

    The command stands whatever happens here: the events come by the topic as well, only a moment later.
    """
    try:
        await gateway.project(answer.get("events") or [])
    except Exception:
        log.exception("projection.of_answer_failed")
    result: dict[str, Any] = answer["result"]
    return result
