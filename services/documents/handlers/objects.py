"""Objects in the store: noted before they are written, so that neither a failure nor a crash leaves one behind."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.documents import repository
from services.documents.handlers.intake import Prepared
from shared.storage.port import ObjectStore, StorageUnavailable

ORPHANED_AFTER: Final = timedelta(hours=1)
"""Far longer than an upload takes: what is older is nobody's."""

_SWEPT_AT_ONCE: Final = 100

log = structlog.get_logger(__name__)


def begin_object(session: AsyncSession, *, agency_id: str, at: datetime) -> str:
    """Note a new object and give its key. Random: a key tells nothing of when or in which order files came."""
    object_key = f"{agency_id}/{uuid.uuid4()}"
    repository.add_pending(session, object_key, at)
    return object_key


async def store_object(store: ObjectStore, object_key: str, prepared: Prepared) -> None:
    """Write the content; raises `StorageUnavailable`."""
    content = prepared.content
    await store.put(object_key, prepared.pieces(), content.size, content.content_type)


async def discard_object(store: ObjectStore, object_key: str) -> bool:
    """Delete an object that no row names; tells whether it is gone. What the store does not do now is swept later."""
    try:
        await store.delete(object_key)
    except StorageUnavailable:
        log.warning("object.left_for_sweep", object_key=object_key)
        return False
    return True


async def sweep_orphans(session: AsyncSession, store: ObjectStore, *, at: datetime) -> int:
    """Delete what crashed uploads left, and give how many objects that were."""
    swept = 0
    for object_key in await repository.pending_before(session, at - ORPHANED_AFTER, _SWEPT_AT_ONCE):
        # Forgetting comes first: an upload that settles at this moment would lose its object otherwise.
        if not await repository.forget_pending(session, object_key):
            continue
        if not await discard_object(store, object_key):
            repository.add_pending(session, object_key, at)
            break
        swept += 1
    if swept:
        log.info("object.orphans_swept", count=swept)
    return swept
