"""What services need of an object store, and what may go wrong with one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import BinaryIO, Protocol

Content = bytes | AsyncIterator[bytes]

CHUNK_BYTES = 256 * 1024
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}(/[A-Za-z0-9][A-Za-z0-9._-]{0,127}){0,7}")


class ObjectMissing(Exception):  # noqa: N818 - a state of the store
    """There is no object under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object under {key}")
        self.key = key


class StorageUnavailable(Exception):  # noqa: N818
    """The store does not answer, refuses, or has no room; trying again later may help."""


class SizeMismatch(Exception):  # noqa: N818
    """The content was longer or shorter than announced; nothing was kept."""


class ObjectStore(Protocol):
    """Keeps bytes under random keys. A key is written once; an object is whole or not there."""

    async def put(self, key: str, content: Content, size: int, content_type: str) -> None:
        """Keep `size` bytes durably; raises `SizeMismatch` when the content has another length."""
        ...

    def get(self, key: str) -> AsyncIterator[bytes]:
        """Read in pieces; raises `ObjectMissing` before the first one."""
        ...

    async def delete(self, key: str) -> None:
        """Remove; what is not there is removed already."""
        ...

    async def exists(self, key: str) -> bool:
        """Say whether an object stands under this key."""
        ...

    async def check(self) -> None:
        """Make sure that the store can be written to; raises `StorageUnavailable`, in one sentence."""
        ...


def checked_key(key: str) -> str:
    """Refuse keys that could leave their folder or bucket; keys are made by us, so this is a defect found early."""
    if not _KEY.fullmatch(key) or ".." in key:
        message = "a key is made of letters, digits, dots, dashes and single slashes"
        raise ValueError(message)
    return key


async def pieces(content: Content) -> AsyncIterator[bytes]:
    """Give the content piece by piece, whatever it came as."""
    if isinstance(content, bytes):
        for start in range(0, len(content), CHUNK_BYTES):
            yield content[start : start + CHUNK_BYTES]
        return
    async for piece in content:
        yield piece


async def write_exactly(file: BinaryIO, content: Content, size: int) -> None:
    """Write the content in a thread, and stop as soon as it is not as long as announced."""
    taken = 0
    async for piece in pieces(content):
        taken += len(piece)
        if taken > size:
            break
        await asyncio.to_thread(file.write, piece)
    if taken != size:
        message = f"{size} bytes were announced, and not that many came"
        raise SizeMismatch(message)
