"""The session cookie: `__Host-` and Secure over https, a plain name on http, where browsers would drop the other."""

from __future__ import annotations

import ipaddress
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

SECURE_NAME: Final = "__Host-dossier_session"
PLAIN_NAME: Final = "dossier_session"


def set_session_cookie(request: Request, response: Response, token: str, *, max_age: int) -> None:
    """Hand the token to the browser, out of reach of scripts."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=max_age,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(request: Request, response: Response) -> None:
    """Take the token away from the browser."""
    response.delete_cookie(
        cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="lax"
    )


def session_token(request: Request) -> str | None:
    """Give the token that came with a request. Over https only the `__Host-` name counts: no subdomain can set it."""
    return request.cookies.get(cookie_name(request)) or None


def cookie_name(request: Request) -> str:
    """Give the cookie's name for this connection."""
    return SECURE_NAME if is_secure(request) else PLAIN_NAME


def is_secure(request: Request) -> bool:
    """Whether the browser's side is https. In production http is only believed to be meant on loopback."""
    if request.scope.get("scheme") == "https":
        return True
    return request.app.state.settings.env == "production" and not _is_loopback(request.url.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
