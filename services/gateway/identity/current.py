"""Who is asking: dependencies of routes. Without one of them a route does not pass the walk over all routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from services.gateway.context import Gateway, gateway_of
from services.gateway.identity.cookies import session_token
from services.gateway.identity.sessions import CurrentUser, find_session, touch_session
from shared.db.sessions import WholeStatements
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY
from shared.http.problems import Problem

DESK_ROLES = frozenset({"broker", "manager", "handler"})
"""Roles that see clients; `ops` does not."""


async def optional_user(request: Request) -> CurrentUser | None:
    """Give the user of the session cookie, or None: for pages that lead to the log-in."""
    try:
        return await _find(request)
    finally:
        await leave_reading(request)


async def reading_user(request: Request) -> CurrentUser | None:
    """The same, and leave the database's session open in which he was found, held to his reach: `reading_of` gives it.

    Whoever calls this calls `leave_reading` as well, whatever happens.
    """
    user = await _find(request)
    session: WholeStatements | None = getattr(request.state, "reading", None)
    if session is not None and user is not None:
        await session.narrow(user.scope, request.state.said)
    return user


def reading_of(request: Request) -> WholeStatements | None:
    """Give the session that `reading_user` left open, once; it is then left by who has it."""
    session: WholeStatements | None = getattr(request.state, "reading", None)
    request.state.reading = None
    return session


async def leave_reading(request: Request) -> None:
    """Leave that session, if nobody took it."""
    session = reading_of(request)
    if session is not None:
        await session.leave()


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


async def _find(request: Request) -> CurrentUser | None:
    """Look the session up, once a request; what it was found in stays open, unless its last use had to be written."""
    if hasattr(request.state, "user"):
        known: CurrentUser | None = request.state.user
        return known
    gateway, token, found = gateway_of(request), session_token(request), None
    if token is not None:
        now = gateway.clock.now()
        request.state.reading = session = gateway.database.reading(EVERY_AGENCY)
        found = await find_session(session, token, at=now, idle=gateway.settings.session_idle)
        request.state.said = found.reach if found is not None else None
        if found is None or found.stale:
            await leave_reading(request)
        if found is not None and found.stale:  # with no connection in hand while another one is waited for
            async with gateway.database.write(NO_AGENCY) as writing:
                await touch_session(writing, found.user.session_id, now)
    user = request.state.user = found.user if found is not None else None
    return user
