"""Who is asking: dependencies of routes. Without one of them a route does not pass the walk over all routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from services.gateway.context import Gateway, gateway_of
from services.gateway.identity.cookies import session_token
from services.gateway.identity.sessions import CurrentUser, find_session, touch_session
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY
from shared.http.problems import Problem

DESK_ROLES = frozenset({"broker", "manager", "handler"})
"""Roles that see clients; `ops` does not."""


async def optional_user(request: Request) -> CurrentUser | None:
    """Give the user of the session cookie, or None: for pages that lead to the log-in."""
    if hasattr(request.state, "user"):
        found: CurrentUser | None = request.state.user
        return found
    user = await _find(gateway_of(request), session_token(request))
    request.state.user = user
    return user


async def current_user(request: Request) -> CurrentUser:
    """Give the user; 401 without a valid session."""
    user = await optional_user(request)
    if user is None:
        raise Problem(401, "unauthenticated", "Log in first.")
    return user


async def desk_user(user: Annotated[CurrentUser, Depends(current_user)]) -> CurrentUser:
    """Give a user who may see clients; 403 for operations."""
    require_desk(user)
    return user


def require_desk(user: CurrentUser) -> None:
    """Refuse (403) a role that sees no clients."""
    if user.role not in DESK_ROLES:
        raise Problem(403, "not_allowed", "This role does not see client data.")


AnyUser = Annotated[CurrentUser, Depends(current_user)]
DeskUser = Annotated[CurrentUser, Depends(desk_user)]
CurrentGateway = Annotated[Gateway, Depends(gateway_of)]


async def _find(gateway: Gateway, token: str | None) -> CurrentUser | None:
    if token is None:
        return None
    now = gateway.clock.now()
    async with gateway.database.read(EVERY_AGENCY) as session:
        found = await find_session(session, token, at=now, idle=gateway.settings.session_idle)
    if found is None:
        return None
    if found.stale:
        async with gateway.database.write(NO_AGENCY) as session:
            await touch_session(session, found.user.session_id, now)
    return found.user
