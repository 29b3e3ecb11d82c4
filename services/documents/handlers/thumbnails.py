"""Small renditions of pictures: painted when one is first shown, kept beside the picture, and never sent as large as it."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Final

import structlog

from services.documents.domain.content import Kind
from services.documents.handlers.intake import Intake, workspace
from shared.contracts.documents import DocumentState
from shared.storage.port import ObjectMissing, ObjectStore, StorageUnavailable

CONTENT_TYPE: Final = "image/webp"
SUFFIX: Final = ".thumbnail"
"""Follows the picture's key, so no row needs to name it. Another size or form needs another suffix: a key is written once."""
PICTURES: Final = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP})

log = structlog.get_logger(__name__)


async def thumbnail(
    store: ObjectStore, intake: Intake, state: DocumentState, object_key: str
) -> bytes | None:
    """Give the rendition, made now when it was never shown before; None for what is no picture.

    Whoever asks has passed `locate_content`: the key is of his agency. Raises `ObjectMissing`, `StorageUnavailable`.
    """
    if state.content_type not in PICTURES:
        return None
    key = object_key + SUFFIX
    try:
        return b"".join([piece async for piece in store.get(key)])
    except ObjectMissing:
        small = await _painted(store, intake, Kind(state.content_type), object_key)
    try:
        await store.put(key, small, len(small), CONTENT_TYPE)
    except StorageUnavailable as error:  # it can be shown all the same, and is made anew next time
        log.warning("thumbnail.not_kept", document_id=state.id, reason=str(error))
    return small


async def _painted(store: ObjectStore, intake: Intake, kind: Kind, object_key: str) -> bytes:
    with closing(workspace()) as file:
        async for piece in store.get(object_key):
            await asyncio.to_thread(file.write, piece)
        return await intake.shrink(file, kind)
