"""Logging in and out."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.context import Gateway
from services.gateway.identity.cookies import clear_session_cookie, session_token, set_session_cookie
from services.gateway.identity.passwords import verify_password
from services.gateway.identity.sessions import (
    CurrentUser,
    end_session,
    find_session,
    open_session,
    token_hash,
)
from services.gateway.models import User, UserSession
from shared.db.database import on_after_commit
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY
from shared.http.problems import Problem

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LoginResult:
    """A new session: its user, and the token that the browser keeps."""

    user: CurrentUser
    token: str


def fold_email(email: str) -> str:
    """Bring an address to the form in which it is stored and looked up."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


async def login(gateway: Gateway, request: Request, email: str, password: str) -> LoginResult:
    """Begin a session; 401 `login_failed` for a wrong password or account alike, 429 after too many failures."""
    address = request.client.host if request.client else ""
    folded = fold_email(email)[:320]
    gateway.limits.check_login(folded, address)
    async with gateway.database.read(NO_AGENCY) as session:
        row = (
            await session.execute(
                select(User.id, User.password_hash, User.active).where(User.email == folded)
            )
        ).first()
    right = await verify_password(password, row.password_hash if row else None)
    if row is None or not right or not row.active:
        gateway.limits.login_failed(folded, address)
        log.info("identity.login_failed", known=row is not None)
        raise Problem(401, "login_failed", "The email address or the password is wrong.")
    gateway.limits.login_succeeded(folded)
    now = gateway.clock.now()
    settings = gateway.settings
    async with gateway.database.write(EVERY_AGENCY) as session:
        await _end_former(gateway, session, request)
        token = await open_session(
            session,
            row.id,
            at=now,
            lasts=settings.session_absolute,
            user_agent=request.headers.get("user-agent", ""),
            address=address,
        )
        found = await find_session(session, token, at=now, idle=settings.session_idle)
    if found is None:
        raise Problem(401, "login_failed", "The email address or the password is wrong.")
    log.info("identity.logged_in", user_id=row.id, session_id=found.user.session_id)
    return LoginResult(found.user, token)


def keep_session(gateway: Gateway, request: Request, response: Response, result: LoginResult) -> None:
    """Set the cookie of a new session on an answer."""
    lasts = int(gateway.settings.session_absolute.total_seconds())
    set_session_cookie(request, response, result.token, max_age=lasts)


async def logout(gateway: Gateway, request: Request, response: Response) -> None:
    """End the session of a request, its live streams too, and clear the cookie. Without one nothing happens."""
    token = session_token(request)
    if token is not None:
        async with gateway.database.write(NO_AGENCY) as session:
            await _end_former(gateway, session, request)
    clear_session_cookie(request, response)


async def _end_former(gateway: Gateway, session: AsyncSession, request: Request) -> None:
    """End the session that the request's cookie names: a browser has one, and a planted one must not live on."""
    token = session_token(request)
    if token is None:
        return
    held = await session.scalar(select(UserSession).where(UserSession.token_hash == token_hash(token)))
    if held is not None:
        await end_session(session, held.user_id, held.id)
        on_after_commit(session, partial(gateway.hub.end_session, held.id))
