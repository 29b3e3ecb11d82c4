"""`/api/v1/session`: the same session cookie as the pages have."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.api.bodies import Credentials
from services.gateway.api.shapes import AgencyOut, SessionOut
from services.gateway.identity.current import AnyUser, CurrentGateway
from services.gateway.identity.login import keep_session, login, logout
from services.gateway.identity.sessions import CurrentUser

router = APIRouter(prefix="/api/v1/session", tags=["session"])


@router.post("")
async def log_in(
    body: Credentials, request: Request, response: Response, gateway: CurrentGateway
) -> SessionOut:
    """Log in: sets the session cookie. 401 `login_failed`; 429 after too many failures."""
    result = await login(gateway, request, body.email, body.password)
    keep_session(gateway, request, response, result)
    return _session_out(result.user)


@router.get("")
async def read(user: AnyUser) -> SessionOut:
    """Give who is logged in."""
    return _session_out(user)


@router.delete("", status_code=204)
async def log_out(request: Request, gateway: CurrentGateway) -> Response:
    """Log out: ends the session and its live streams."""
    response = Response(status_code=204)
    await logout(gateway, request, response)
    return response


def _session_out(user: CurrentUser) -> SessionOut:
    return SessionOut(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        role=user.role,
        language=user.language,
        agencies=[AgencyOut(**asdict(one)) for one in user.agencies],
    )
