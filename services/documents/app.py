"""The documents service, wired."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from fastapi import FastAPI

from services.documents.api import content, files, upload
from services.documents.api.frame import Frame
from services.documents.consumers import create_consumer
from services.documents.handlers.intake import Intake, Limits
from services.documents.handlers.objects import sweep_orphans
from services.documents.settings import SERVICE, DocumentsSettings
from shared.clock import Clock, SystemClock
from shared.db.database import Database
from shared.db.tenancy import NO_AGENCY
from shared.http.application import create_service_app
from shared.messaging.runtime import Messaging
from shared.settings import load_settings
from shared.storage.factory import object_store
from shared.storage.port import ObjectStore, StorageUnavailable

BUCKET: Final = "dossier-documents"
_SWEEP_SECONDS: Final = 600.0

log = structlog.get_logger(__name__)


def create_app(
    settings: DocumentsSettings | None = None, clock: Clock | None = None, store: ObjectStore | None = None
) -> FastAPI:
    """Wire the service; settings are read from the environment, and choose the store, when not given."""
    settings = settings or load_settings(DocumentsSettings)
    clock = clock or SystemClock()
    store = store or object_store(settings, BUCKET)
    database = Database.of(settings, SERVICE)
    messaging = Messaging(SERVICE, settings, database, create_consumer(database, clock))
    limits = Limits(settings.documents_max_file_bytes, settings.documents_max_image_pixels)
    frame = Frame(database, clock, settings, store, Intake(limits))

    storage_check = StorageCheck(frame.store)

    async def sweep(stop: asyncio.Event) -> None:
        await _sweep_now_and_then(frame, stop)

    app = create_service_app(
        SERVICE,
        settings,
        database,
        messaging,
        [upload.router, files.router, content.router],
        [sweep],
        checks={"storage": storage_check},
        max_body_bytes=settings.documents_max_file_bytes + upload.FIELDS_BYTES,
    )
    app.state.frame = frame
    return app


class StorageCheck:
    """Asks the store, which makes the bucket where it is missing.

    One that has never answered makes the service unready: a setting is wrong. One that went away later is told, and makes
    nobody unready: lists and all that is known of files still work.
    """

    def __init__(self, store: ObjectStore) -> None:
        """Take the store; nothing is asked yet."""
        self._store = store
        self._answered = False

    async def __call__(self) -> dict[str, Any]:
        """Report whether it answers, and what to look at when it does not."""
        problem = await _trouble_with(self._store)
        self._answered = self._answered or problem is None
        if problem is None:
            return {"ready": True, "available": True}
        return {"ready": self._answered, "available": False, "problems": [problem]}


async def _trouble_with(store: ObjectStore) -> str | None:
    """Give what is wrong with the store, in one sentence."""
    try:
        await store.check()
    except StorageUnavailable as error:
        log.warning("storage.unavailable", reason=str(error))
        return str(error)
    return None


async def _sweep_now_and_then(frame: Frame, stop: asyncio.Event) -> None:
    """Sweep what crashed uploads left, at the start and every ten minutes."""
    await _trouble_with(frame.store)
    while not stop.is_set():
        async with frame.database.write(NO_AGENCY) as session:
            await sweep_orphans(session, frame.store, at=frame.clock.now())
        try:
            async with asyncio.timeout(_SWEEP_SECONDS):
                await stop.wait()
        except TimeoutError:
            continue
