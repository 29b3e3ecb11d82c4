"""How large a body may be: uploads are large, everything else is small."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.middleware import BodyTooLarge
from shared.http.problems import problem_of

SMALL: Final = 1024 * 1024
"""For forms and JSON; uploads have the limit of the whole application."""

_UPLOADS: Final = "/files"


class SmallBodies:
    """Holds every address but those of uploads to one MiB: bodies are read before a route can refuse them."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand around `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is read."""
        if scope["type"] != "http" or scope["path"].rstrip("/").endswith(_UPLOADS):
            await self._app(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > SMALL:
                    raise BodyTooLarge
            return message

        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if length.isdigit() and int(length) > SMALL:
            await problem_of(BodyTooLarge()).response()(scope, receive, send)
            return
        await self._app(scope, counted, send)
