"""What a user does to a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.commands.answers import command, segment
from services.gateway.context import Gateway
from services.gateway.identity.sessions import CurrentUser


async def confirm_contact(
    gateway: Gateway, user: CurrentUser, client_id: str, details: Sequence[str]
) -> dict[str, Any]:
    """Note that the client confirmed `email`, `phone` or `address` just now."""
    path = f"/clients/{segment(client_id)}/confirm-contact"
    return await command(gateway, user, gateway.policy, path, {"details": list(details)})


async def correct_contact(
    gateway: Gateway, user: CurrentUser, client_id: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Correct `email`, `phone` or `address`; what is corrected counts as confirmed."""
    return await command(gateway, user, gateway.policy, f"/clients/{segment(client_id)}/contact", dict(body))
