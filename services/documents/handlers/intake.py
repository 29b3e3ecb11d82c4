"""From what was sent to what is kept: told by content, limited, cleaned, measured, before anything is stored."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from services.documents.domain.content import (
    ACCEPTED,
    HEAD_BYTES,
    TAIL_BYTES,
    FileRefused,
    Kind,
    check_pdf_end,
    check_size,
    kind_of,
)
from services.documents.domain.files import Content

_CHUNK_BYTES: Final = 256 * 1024
_IN_MEMORY_BYTES: Final = 1024 * 1024
_MIME: Final = re.compile(r"[a-z]+/[a-z0-9.+-]{1,60}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken: bytes of a file, pixels of a picture."""

    file_bytes: int
    image_pixels: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that may be stored: open, clean and measured."""

    file: BinaryIO
    content: Content

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read it from its start, in pieces of 256 KiB, each in a thread."""
        await asyncio.to_thread(self.file.seek, 0)
        while piece := await asyncio.to_thread(self.file.read, _CHUNK_BYTES):
            yield piece


class Intake:
    """Prepares files, two pictures at a time at most: an unpacked one can take 200 MB."""

    def __init__(self, limits: Limits) -> None:
        """Set the limits."""
        self.limits = limits
        self._turns = asyncio.Semaphore(2)

    async def prepare(self, source: BinaryIO, target: BinaryIO) -> Prepared:
        """Check `source` and write what is kept into `target` (both binary and seekable); raises `FileRefused`."""
        async with self._turns:
            return await asyncio.to_thread(_prepare, source, target, self.limits)

    async def shrink(self, source: BinaryIO, kind: Kind) -> bytes:
        """Give the small rendition of a stored picture; it waits its turn as uploads do."""
        from services.documents.handlers.images import shrink  # noqa: PLC0415 - Pillow loads with the first picture

        async with self._turns:
            return await asyncio.to_thread(shrink, source, kind)


def workspace() -> BinaryIO:
    """Give an unnamed file, in memory while it is small; close it when done."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))


def _prepare(source: BinaryIO, target: BinaryIO, limits: Limits) -> Prepared:
    size = source.seek(0, os.SEEK_END)
    check_size(size, limits.file_bytes)
    source.seek(0)
    head = source.read(HEAD_BYTES)
    kind = kind_of(head)
    if kind is None:
        raise FileRefused("file_type_refused", f"{_guess(head)}; {ACCEPTED}.")
    width: int | None = None
    height: int | None = None
    if kind is Kind.PDF:
        _check_pdf(source, size)
        content_type, kept = str(Kind.PDF), source
    else:
        from services.documents.handlers.images import repaint  # noqa: PLC0415 - Pillow loads with the first picture

        content_type, width, height = repaint(source, kind, target, limits.image_pixels)
        kept = target
    digest, kept_bytes = _measured(kept)
    return Prepared(kept, Content(content_type, kept_bytes, digest, width, height))


def _measured(file: BinaryIO) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = file.seek(0)
    while piece := file.read(_CHUNK_BYTES):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _check_pdf(source: BinaryIO, size: int) -> None:
    """Look for the end mark; scanners pad with zeros, so look a little further than readers do."""
    source.seek(max(0, size - 64 * TAIL_BYTES))
    check_pdf_end(source.read())


def _guess(head: bytes) -> str:
    """Say what it seems to be: the sender learns more from that than from a plain no."""
    import puremagic  # noqa: PLC0415 - its tables load only for what is refused

    try:
        found = puremagic.from_string(head, mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    return f"This file seems to be {found}" if _MIME.fullmatch(found) else "This kind of file is not known"
