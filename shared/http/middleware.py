"""What surrounds every request. Pure ASGI: other middleware runs requests in a task that may be cancelled
inside a transaction, which costs a database connection each time.
"""

from __future__ import annotations

import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.problems import log_unexpected, problem_of
from shared.observability.metrics import http_seconds
from shared.observability.tracing import bind_traceparent

_CLIENT_CLOSED = 499
"""What proxies log when the caller went away; nobody receives it."""
_QUIET = ("/health", "/metrics")

log = structlog.get_logger(__name__)


class BodyTooLarge(HTTPException):
    """The body grew past the limit while it was read (FastAPI passes this kind through as it is)."""

    def __init__(self) -> None:
        """Answer 413."""
        super().__init__(413, "The body is larger than this address takes.")


class RequestFrame:
    """Binds the trace, limits the body, measures and logs, and turns what nobody caught into a problem."""

    def __init__(self, app: ASGIApp, service: str, max_body_bytes: int) -> None:
        """Stand around `app`."""
        self._app = app
        self._service = service
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; what is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        headers = Headers(scope=scope)
        traceparent = bind_traceparent(headers.get("traceparent"))
        began = time.perf_counter()
        status = 0

        async def send_with_trace(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["traceparent"] = traceparent
            await send(message)

        try:
            if _declared_length(headers) > self._max_body_bytes:
                await problem_of(BodyTooLarge()).response()(scope, receive, send_with_trace)
            else:
                await self._app(scope, self._limited(receive), send_with_trace)
        except ClientDisconnect:
            status = status or _CLIENT_CLOSED
        except Exception as error:  # noqa: BLE001 - the last resort: every error becomes a problem document
            problem = problem_of(error)
            if problem.code == "internal":
                log_unexpected(error)
            if status:
                raise Broken from None
            await problem.response()(scope, receive, send_with_trace)
        finally:
            self._record(scope, status, time.perf_counter() - began)

    def _limited(self, receive: Receive) -> Receive:
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self._max_body_bytes:
                    raise BodyTooLarge
            return message

        return counted

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_template(scope)
        http_seconds.labels(self._service, scope["method"], route, str(status)).observe(seconds)
        write = log.debug if route.startswith(_QUIET) else log.info
        write(
            "http.request",
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


class Broken(Exception):  # noqa: N818
    """The answer had begun when something failed: the server can only drop the connection (logged before)."""


def route_template(scope: Scope) -> str:
    """Give the route as declared: the path itself may hold a plate or a name."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return str(path) if path else "unmatched"


def _declared_length(headers: Headers) -> int:
    value = headers.get("content-length", "0")
    return int(value) if value.isascii() and value.isdigit() else 0
