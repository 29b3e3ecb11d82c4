"""What people change about their own account: name, language, time zone, password, and where they are logged in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import select, update
from starlette.requests import Request

from services.gateway.context import Gateway
from services.gateway.identity.login import fold_email
from services.gateway.identity.passwords import hash_password, verify_password
from services.gateway.identity.registry import change_user
from services.gateway.identity.sessions import (
    CurrentUser,
    end_other_sessions,
    end_session,
    live_sessions,
)
from services.gateway.models import User
from shared.contracts.envelope import Actor
from shared.db.database import on_after_commit
from shared.errors import Invalid, NotFound

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One place where a user is logged in; `current` is the one that asks."""

    id: str
    user_agent: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


async def change_profile(
    gateway: Gateway, user: CurrentUser, *, name: str, language: str, timezone: str
) -> None:
    """Keep name, language and time zone (empty: the agency's); raises `Invalid` naming the field."""
    actor = Actor(kind="user", id=user.user_id, name=user.name)
    async with gateway.database.write(user.scope) as session:
        await change_user(
            session,
            user.user_id,
            at=gateway.clock.now(),
            name=name,
            language=language,
            timezone=timezone,
            actor=actor,
        )


async def change_password(
    gateway: Gateway, user: CurrentUser, request: Request, *, old: str, new: str
) -> None:
    """Set a new password after the old one was given, and end every other session of the account.

    Wrong old passwords count as failed log-ins do: a session that was left open is no way to guess.
    """
    address = request.client.host if request.client else ""
    folded = fold_email(user.email)
    gateway.limits.check_login(folded, address)
    async with gateway.database.read(user.scope) as session:
        held = await session.scalar(select(User.password_hash).where(User.id == user.user_id))
    if not await verify_password(old, held):
        gateway.limits.login_failed(folded, address)
        log.info("identity.password_change_refused", user_id=user.user_id)
        raise Invalid("wrong_password", "The present password is wrong.", "old")
    gateway.limits.login_succeeded(folded)
    hashed = await asyncio.to_thread(hash_password, new)
    async with gateway.database.write(user.scope) as session:
        await session.execute(update(User).where(User.id == user.user_id).values(password_hash=hashed))
        ended = await end_other_sessions(session, user.user_id, user.session_id)
        for one in ended:
            on_after_commit(session, partial(gateway.hub.end_session, one))
    log.info("identity.password_changed", user_id=user.user_id, sessions_ended=len(ended))


async def list_sessions(gateway: Gateway, user: CurrentUser) -> tuple[SessionInfo, ...]:
    """Give where the user is logged in, this session first."""
    async with gateway.database.read(user.scope) as session:
        held = await live_sessions(
            session, user.user_id, at=gateway.clock.now(), idle=gateway.settings.session_idle
        )
    found = [
        SessionInfo(
            one.id, one.user_agent, one.address, one.created_at, one.last_seen_at, one.id == user.session_id
        )
        for one in held
    ]
    return tuple(sorted(found, key=lambda one: not one.current))


async def revoke_session(gateway: Gateway, user: CurrentUser, session_id: str) -> None:
    """End one of the user's own sessions and its live streams; `NotFound` for one that is not his."""
    async with gateway.database.write(user.scope) as session:
        if not await end_session(session, user.user_id, session_id):
            raise NotFound("session_not_found", "There is no such session.")
        on_after_commit(session, partial(gateway.hub.end_session, session_id))
    log.info("identity.session_revoked", user_id=user.user_id, session_id=session_id)


async def revoke_other_sessions(gateway: Gateway, user: CurrentUser) -> int:
    """End every session of the user but the one that asks; gives how many there were."""
    async with gateway.database.write(user.scope) as session:
        ended = await end_other_sessions(session, user.user_id, user.session_id)
        for one in ended:
            on_after_commit(session, partial(gateway.hub.end_session, one))
    log.info("identity.other_sessions_revoked", user_id=user.user_id, count=len(ended))
    return len(ended)
