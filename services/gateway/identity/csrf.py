"""Forged requests: a browser says where a request comes from, and no page of another site can make it lie.

`Sec-Fetch-Site` decides where it is sent; otherwise `Origin` must be our own. Programs send neither, and hold no
cookie that another page could make them use.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.problems import Problem

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS: Final = frozenset({"same-origin", "none"})
"""`none` is the user's own doing (address bar, bookmark)."""


class SameOrigin:
    """Refuses unsafe methods that another site's page sent (403 `cross_site`). Pure ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand around `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        if scope["type"] == "http" and scope["method"] not in _SAFE and not is_own(Headers(scope=scope)):
            problem = Problem(403, "cross_site", "This request comes from another site.")
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_own(headers: Headers) -> bool:
    """Whether a request comes from our own pages, or from no page at all."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    origin = headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == headers.get("host", "")
