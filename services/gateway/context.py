"""What the gateway's routes work with: made once in `app.py`, handed to each function as a plain argument."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from starlette.requests import Request

from services.gateway.identity.limits import Limits
from services.gateway.live.hub import Hub
from services.gateway.queries.rows import AlertRow
from services.gateway.settings import GatewaySettings
from services.gateway.status import ServiceStatus
from shared.clock import Clock
from shared.db.database import Database
from shared.http.client import ServiceClient

Project = Callable[[Sequence[dict[str, Any]]], Awaitable[None]]
"""Puts the events of a command's answer into the read model, before their copies come by the topic."""


AlertText = Callable[[AlertRow, str], str]
"""Writes an alert in a language; pages own the words, and the API may not import pages."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway's parts."""

    settings: GatewaySettings
    database: Database
    clock: Clock
    policy: ServiceClient
    claims: ServiceClient
    documents: ServiceClient
    project: Project
    hub: Hub
    status: ServiceStatus
    limits: Limits
    alert_text: AlertText

    async def close(self) -> None:
        """Close the connections to the services."""
        for client in (self.policy, self.claims, self.documents):
            await client.close()


def gateway_of(request: Request) -> Gateway:
    """Give the gateway of a request's application; a FastAPI dependency as well."""
    return cast("Gateway", request.app.state.gateway)
