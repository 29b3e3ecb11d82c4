"""What a user does to a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.commands.answers import command, segment
from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
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


async def correct_particulars(
    gateway: Gateway, user: CurrentUser, client_id: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Correct names, birth, language or identity number; what is left out stays."""
    return await command(
        gateway, user, gateway.policy, f"/clients/{segment(client_id)}/particulars", dict(body)
    )


async def reveal_identity_number(gateway: Gateway, user: CurrentUser, client_id: str) -> str:
    """Give the full identity number. The policy service, which alone has it, records who asked."""
    require_desk(user)
    answer = await gateway.policy.get(f"/clients/{segment(client_id)}/identity-number", scope=user.scope)
    number: str = answer["result"]["identity_number"]
    return number
