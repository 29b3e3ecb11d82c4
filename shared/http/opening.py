"""A service that starts without its database: alive, not ready, trying, and working as soon as it can.

An orchestrator that restarted it would change nothing; one that asks whether it is ready is told which setting to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.db.database import Database, database_setting
from shared.db.failures import sentence_of
from shared.db.migrations import SchemaNotCurrent, require_current
from shared.http.problems import Problem

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_ALWAYS: Final = ("/health/", "/metrics")

log = structlog.get_logger(__name__)


class Opening:
    """Whether the database can be worked with: it answers, and its schema is not older than this code."""

    def __init__(self, service: str, database: Database, *, check_schema: bool) -> None:
        """Nothing is tried, and nothing known to be wrong, yet."""
        self._service = service
        self._database = database
        self._check_schema = check_schema
        self.problem: str | None = None

    @property
    def open(self) -> bool:
        """Whether requests can be answered."""
        return self.problem is None

    async def begin(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None] | None:
        """Do `work` now if the database is there, else as soon as it is: then the task that waits is given."""
        if await self._ready():
            await work()
            self.problem = None
            return None
        return asyncio.create_task(self._begin_later(work), name="database.opening")

    async def _begin_later(self, work: Callable[[], Awaitable[None]]) -> None:
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if await self._ready():
                await work()
                self.problem = None
                log.info("service.database_is_there", service=self._service)
                return

    async def _ready(self) -> bool:
        setting = self._database.setting or database_setting(self._service)
        try:
            await self._database.ping()
            if self._check_schema:
                await require_current(self._service, self._database.url.render_as_string(hide_password=False))
        except SchemaNotCurrent as error:
            self.problem = f"{setting}: {error}"
        except (OSError, SQLAlchemyError) as error:
            self.problem = sentence_of(error, setting, self._database.url)
        else:
            return True
        log.error("service.waits_for_database", service=self._service, problem=self.problem)
        return False


class Gate:
    """Answers 503 until the database was there once; whether the process lives and is ready is answered always."""

    def __init__(self, app: ASGIApp, opening: Opening) -> None:
        """Stand before `app`."""
        self._app = app
        self._opening = opening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what can be answered."""
        if scope["type"] != "http" or self._opening.open or scope["path"].startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        detail = "The service is starting and cannot answer yet. Try again shortly."
        problem = Problem(503, "unavailable", detail, headers={"Retry-After": "5"})
        await problem.response()(scope, receive, send)
