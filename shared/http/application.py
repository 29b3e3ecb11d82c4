"""The frame of every service's application: what starts, in which order, and what every service answers alike."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware
from starlette.responses import Response

from shared.db.failures import sentence_of
from shared.http.background import Background, BackgroundTasks
from shared.http.middleware import RequestFrame
from shared.http.opening import Gate, Opening
from shared.http.problems import install_problem_handlers
from shared.http.sections import Sections
from shared.observability import configure_logging, metrics
from shared.observability.health import Check, readiness

if TYPE_CHECKING:
    from shared.db.database import Database
    from shared.settings import Settings

DEFAULT_BODY_LIMIT = 1024 * 1024

log = structlog.get_logger(__name__)


class Messaging(Protocol):
    """What the frame needs of a service's messaging."""

    async def start(self) -> None:
        """Connect, and begin to publish and consume."""
        ...

    async def stop(self) -> None:
        """Finish what is under way, then disconnect."""
        ...

    def health(self) -> Any:
        """Report (or promise to report) `ready`, `problems` and figures, as `shared.observability.health` says."""
        ...


def create_service_app(
    name: str,
    settings: Settings,
    database: Database,
    messaging: Messaging | None,
    routers: Sequence[APIRouter | Sections],
    background: Sequence[Background] = (),
    *,
    middleware: Sequence[Middleware] = (),
    checks: Mapping[str, Check] | None = None,
    on_stop: Sequence[Callable[[], Awaitable[None]]] = (),
    openapi_url: str | None = None,
    title: str | None = None,
    max_body_bytes: int = DEFAULT_BODY_LIMIT,
    check_schema: bool = True,
) -> FastAPI:
    """Put a service together.

    Starts: database (reachable, schema current), messaging, background. Without its database it waits for it, alive but
    not ready (see `opening.py`). Stops the other way round, then runs
    `on_stop` (clients to close) and closes the database. `checks` add to readiness. `middleware` stands inside
    our own frame, so that it is logged and traced; it must be pure ASGI. `max_body_bytes` limits every body of
    the application. `app.state` has `settings` and `database`.
    """
    configure_logging(name, settings)
    opening = Opening(name, database, check_schema=check_schema)
    tasks: list[BackgroundTasks] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(database.dispose)
            for close in on_stop:
                stack.push_async_callback(close)

            async def work() -> None:
                if messaging is not None:
                    stack.push_async_callback(messaging.stop)
                    await messaging.start()
                running = BackgroundTasks(background)
                tasks[:] = [running]
                stack.push_async_callback(running.stop)
                running.start()
                log.info("service.started", service=name)

            waiting = await opening.begin(work)
            try:
                yield
            finally:
                await _end(waiting)
            log.info("service.stopping", service=name)
        log.info("service.stopped", service=name)

    app = FastAPI(
        title=title or f"Dossier {name}",
        openapi_url=openapi_url,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(RequestFrame, service=name, max_body_bytes=max_body_bytes),
            Middleware(Gate, opening=opening),
            *middleware,
        ],
    )
    app.state.settings = settings
    app.state.database = database
    install_problem_handlers(app)
    app.include_router(_operations(name, _checks(opening, database, messaging, tasks, checks)))
    for router in routers:
        if isinstance(router, Sections):
            app.router.routes.insert(0, router)  # no route elsewhere begins like one of them
        else:
            app.include_router(router)
    return app


async def _end(waiting: asyncio.Task[None] | None) -> None:
    """Stop waiting for the database."""
    if waiting is not None:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


def _checks(
    opening: Opening,
    database: Database,
    messaging: Messaging | None,
    tasks: list[BackgroundTasks],
    more: Mapping[str, Check] | None,
) -> dict[str, Check]:
    async def of_database() -> Mapping[str, Any]:
        if opening.problem:
            return {"ready": False, "problems": [opening.problem]}
        try:
            await database.ping()
        except (OSError, SQLAlchemyError) as error:
            return {"ready": False, "problems": [sentence_of(error, database.setting, database.url)]}
        return {"ready": True, "dialect": database.dialect}

    async def of_messaging() -> Mapping[str, Any]:
        if not opening.open:
            return {"ready": False}
        report = messaging.health() if messaging is not None else {}
        return await report if inspect.isawaitable(report) else report

    async def of_background() -> Mapping[str, Any]:
        return await tasks[0].health() if tasks else {"ready": False}

    found: dict[str, Check] = {"database": of_database, "background": of_background}
    if messaging is not None:
        found["messaging"] = of_messaging
    return {**found, **(more or {})}


def _operations(name: str, checks: Mapping[str, Check]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"service": name, "status": "live"}

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        found = await readiness(checks)
        return JSONResponse(found.document(name), status_code=200 if found.ready else 503)

    @router.get("/metrics")
    async def exposed_metrics() -> Response:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return router
