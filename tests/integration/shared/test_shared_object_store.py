"""What holds for every store; S3 takes part where a server is named."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.storage import ObjectMissing, ObjectStore, StorageUnavailable
from shared.storage.disk import LocalDisk
from shared.storage.port import CHUNK_BYTES, SizeMismatch
from shared.storage.s3 import S3Store

S3 = os.environ.get("STACK_S3_ENDPOINT")
"""URL of an S3 server, with STACK_S3_ACCESS_KEY and STACK_S3_SECRET_KEY of someone who may create buckets."""


def s3(bucket: str, secret: str | None = None) -> S3Store:
    assert S3 is not None
    return S3Store(S3, os.environ["STACK_S3_ACCESS_KEY"], secret or os.environ["STACK_S3_SECRET_KEY"], bucket)


@pytest.fixture(params=["disk", *(["s3"] if S3 else [])])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    made: ObjectStore = LocalDisk(tmp_path) if request.param == "disk" else s3(f"kit-{uuid4().hex}")
    await made.check()
    return made


async def read(store: ObjectStore, key: str) -> bytes:
    return b"".join([piece async for piece in store.get(key)])


async def parts(*content: bytes) -> AsyncIterator[bytes]:
    for part in content:
        yield part


async def test_what_is_put_comes_back_in_pieces(store: ObjectStore) -> None:
    large = bytes(range(256)) * 8 * 1024  # 2 MiB: beyond what is gathered in memory
    await store.put("agency/large", parts(large[:1_000_000], large[1_000_000:]), len(large), "image/png")
    found = [piece async for piece in store.get("agency/large")]
    assert b"".join(found) == large
    assert max(len(piece) for piece in found) <= CHUNK_BYTES
    await store.put("agency/empty", b"", 0, "text/plain")
    assert await read(store, "agency/empty") == b""


async def test_what_is_not_there_is_missing(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        await read(store, "nothing")
    assert not await store.exists("nothing")
    await store.delete("nothing")


async def test_what_is_deleted_is_gone(store: ObjectStore) -> None:
    await store.put("one", b"abc", 3, "text/plain")
    assert await store.exists("one")
    await store.delete("one")
    assert not await store.exists("one")


@pytest.mark.parametrize("size", [2, 4])
async def test_content_of_another_length_is_not_kept(store: ObjectStore, size: int) -> None:
    with pytest.raises(SizeMismatch):
        await store.put("one", parts(b"a", b"bc"), size, "text/plain")
    assert not await store.exists("one")


async def test_checking_twice_is_checking(store: ObjectStore) -> None:
    await store.check()


@pytest.mark.skipif(S3 is None, reason="STACK_S3_ENDPOINT names no S3 server")
async def test_s3_that_refuses_the_key_is_unavailable() -> None:
    stranger = s3("kit-stranger", secret="not-the-secret")
    for call in (stranger.check(), stranger.put("one", b"abc", 3, "text/plain"), read(stranger, "one")):
        with pytest.raises(StorageUnavailable, match="refuses"):
            await call
