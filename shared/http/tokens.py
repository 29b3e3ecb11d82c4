"""Short-lived tokens by which one service tells another on whose behalf it asks.

HS256 with a key derived from the product's secret, so that a token can never pass for a cookie signature; the
algorithm is pinned, the audience is the service's name. Anything missing, foreign or late is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, get_args

import jwt
from starlette.requests import Request

from shared.db.tenancy import Role, Scope
from shared.http.problems import Problem
from shared.identifiers import new_id
from shared.settings import Settings

ALGORITHM = "HS256"
ISSUER = "dossier"
LEEWAY_SECONDS = 5
USERS: tuple[Role, ...] = ("broker", "manager", "handler")
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti", "role", "agencies"]


def sign(settings: Settings, scope: Scope, audience: str, ttl: int = 60) -> str:
    """Sign a token for one service; `ttl` is in seconds."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": audience,
        "sub": scope.user_id,
        "iat": now,
        "exp": now + ttl,
        "jti": new_id(),
        "role": scope.role,
        "agencies": list(scope.agency_ids),
        "name": scope.name,
    }
    if scope.partner_id is not None:
        claims["partner"] = scope.partner_id
    return jwt.encode(claims, _key(settings.secret.get_secret_value()), algorithm=ALGORITHM)


def verify(settings: Settings, token: str, audience: str) -> Scope:
    """Give the scope of a valid token; raises a 401 problem for any other, without saying which check failed."""
    try:
        claims = jwt.decode(
            token,
            _key(settings.secret.get_secret_value()),
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except jwt.PyJWTError as error:
        raise _unauthenticated() from error
    scope = _scope_of(claims)
    if scope is None:
        raise _unauthenticated()
    return scope


def internal_scope(audience: str, roles: Collection[Role] = USERS) -> Callable[[Request], Scope]:
    """Make the FastAPI dependency of a service's routes: who asks, and may this role ask here?

    The people of agencies pass by default; routes for `ops`, `partner` or `system` name these roles. The
    settings are those of the application (`app.state.settings`).
    """
    allowed = frozenset(roles)

    def dependency(request: Request) -> Scope:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated()
        scope = verify(request.app.state.settings, token.strip(), audience)
        if scope.role not in allowed:
            raise Problem(403, "not_allowed", "This role may not do this.")
        return scope

    return dependency


def _scope_of(claims: dict[str, Any]) -> Scope | None:
    role, agencies, partner = claims["role"], claims["agencies"], claims.get("partner")
    name = claims.get("name", "")
    if role not in get_args(Role) or not isinstance(name, str):
        return None
    if not isinstance(agencies, list) or not all(isinstance(one, str) and one for one in agencies):
        return None
    if (role == "partner") != (isinstance(partner, str) and partner != ""):
        return None
    return Scope(user_id=claims["sub"], role=role, agency_ids=tuple(agencies), name=name, partner_id=partner)


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"dossier internal token v1", hashlib.sha256)


def _unauthenticated() -> Problem:
    return Problem(
        401,
        "unauthenticated",
        "A valid token for this service is needed.",
        headers={"WWW-Authenticate": "Bearer"},
    )
