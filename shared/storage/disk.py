"""Objects as files, for one machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from shared.identifiers import new_id
from shared.storage.port import (
    CHUNK_BYTES,
    Content,
    ObjectMissing,
    StorageUnavailable,
    checked_key,
    write_exactly,
)


class LocalDisk:
    """Writes beside the target, syncs, then renames: after a crash an object is whole or not there."""

    def __init__(self, root: Path) -> None:
        """Keep objects below `root`, which is made with the first one."""
        self._root = root

    async def put(self, key: str, content: Content, size: int, content_type: str) -> None:
        """Keep the content; the type is known from the row that names the key, so it is not kept here."""
        del content_type
        target = self._path(key)
        partial = target.with_name(f".{new_id()}.partial")
        try:
            file = await asyncio.to_thread(_open_new, partial)
        except OSError as error:
            raise _unavailable(error) from error
        try:
            await write_exactly(file, content, size)
            await asyncio.to_thread(_settle, file, partial, target)
        except OSError as error:
            raise _unavailable(error) from error
        finally:
            await asyncio.shield(asyncio.to_thread(_discard, file, partial))

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Read in pieces of 256 KiB."""
        path = self._path(key)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMissing(key) from error
        except OSError as error:
            raise _unavailable(error) from error
        try:
            while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield piece
        finally:
            file.close()

    async def delete(self, key: str) -> None:
        """Remove the file."""
        try:
            await asyncio.to_thread(self._path(key).unlink, missing_ok=True)
        except OSError as error:
            raise _unavailable(error) from error

    async def exists(self, key: str) -> bool:
        """Look for the file."""
        return await asyncio.to_thread(self._path(key).is_file)

    async def check(self) -> None:
        """Write and remove a file."""
        try:
            await asyncio.to_thread(_probe, self._root)
        except OSError as error:
            raise _unavailable(error) from error

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)


def _open_new(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _settle(file: BinaryIO, partial: Path, target: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself must survive a crash too
    finally:
        os.close(folder)


def _discard(file: BinaryIO, partial: Path) -> None:
    file.close()
    partial.unlink(missing_ok=True)


def _probe(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    probe = root / f".{new_id()}.probe"
    probe.write_bytes(b"")
    probe.unlink()


def _unavailable(error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        f"The folder of files cannot be used: {error.strerror or type(error).__name__}."
    )
