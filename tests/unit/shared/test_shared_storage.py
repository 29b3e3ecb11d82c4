import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.settings import Settings
from shared.storage import ObjectMissing, StorageUnavailable, object_store
from shared.storage.disk import LocalDisk
from shared.storage.port import CHUNK_BYTES, SizeMismatch, checked_key, pieces
from shared.storage.s3 import S3Store, _address

TYPE = "application/octet-stream"


@pytest.fixture
def disk(tmp_path: Path) -> LocalDisk:
    return LocalDisk(tmp_path / "files")


async def read(store: LocalDisk | S3Store, key: str) -> bytes:
    return b"".join([piece async for piece in store.get(key)])


async def streamed(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def files(disk: LocalDisk) -> list[str]:
    return sorted(path.name for path in disk._root.rglob("*") if path.is_file())


async def test_what_is_put_comes_back(disk: LocalDisk) -> None:
    await disk.put("agency/one", b"abc", 3, TYPE)
    await disk.put("agency/two", streamed(b"ab", b"", b"cd"), 4, TYPE)
    assert await read(disk, "agency/one") == b"abc"
    assert await read(disk, "agency/two") == b"abcd"
    assert await disk.exists("agency/one")


async def test_a_large_object_comes_in_pieces(disk: LocalDisk) -> None:
    content = bytes(CHUNK_BYTES + 1)
    await disk.put("large", content, len(content), TYPE)
    assert [len(piece) async for piece in disk.get("large")] == [CHUNK_BYTES, 1]
    assert [len(piece) async for piece in pieces(content)] == [CHUNK_BYTES, 1]


async def test_an_empty_object_is_an_object(disk: LocalDisk) -> None:
    await disk.put("empty", b"", 0, TYPE)
    assert await read(disk, "empty") == b""


async def test_what_is_not_there_is_said_to_be_missing(disk: LocalDisk) -> None:
    await disk.put("folder/one", b"", 0, TYPE)
    for key in ("nothing", "folder", "folder/one/two"):
        with pytest.raises(ObjectMissing):
            await read(disk, key)
        assert not await disk.exists(key)


async def test_deleting_twice_is_deleting(disk: LocalDisk) -> None:
    await disk.put("one", b"abc", 3, TYPE)
    await disk.delete("one")
    await disk.delete("one")
    assert not await disk.exists("one")


@pytest.mark.parametrize("size", [2, 4])
async def test_content_of_another_length_is_refused_and_nothing_is_kept(disk: LocalDisk, size: int) -> None:
    with pytest.raises(SizeMismatch):
        await disk.put("one", streamed(b"a", b"bc"), size, TYPE)
    assert files(disk) == []


async def test_content_that_breaks_off_leaves_nothing(disk: LocalDisk) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ConnectionResetError

    with pytest.raises((ConnectionResetError, StorageUnavailable)):
        await disk.put("one", breaking(), 10, TYPE)
    assert files(disk) == []


async def test_a_put_that_is_cancelled_leaves_nothing(disk: LocalDisk) -> None:
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"abc"
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(disk.put("one", endless(), 10, TYPE))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(disk) == []


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../b", "a//b", ".hidden", "a/.b", "a b", "é", "a\\b", "a\n"]
)
def test_a_key_that_could_leave_its_folder_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="a key is made of"):
        checked_key(key)


async def test_a_folder_that_cannot_be_used_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    disk = LocalDisk(tmp_path / "file")
    for call in (disk.check(), disk.put("one", b"", 0, TYPE)):
        with pytest.raises(StorageUnavailable, match=r"^The folder of files cannot be used: .*\.$"):
            await call


async def test_a_good_folder_passes_its_check(disk: LocalDisk) -> None:
    await disk.check()
    assert files(disk) == []


async def test_an_s3_server_that_is_away_is_unavailable() -> None:
    store = S3Store("http://127.0.0.1:1", "key", "secret", "bucket", "us-east-1")
    for call in (store.check(), store.exists("one"), read(store, "one"), store.put("one", b"abc", 3, TYPE)):
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await call


def test_an_endpoint_is_taken_with_and_without_its_scheme() -> None:
    assert _address("s3.example:9000") == ("s3.example:9000", True)
    assert _address("https://s3.example") == ("s3.example", True)
    assert _address("http://127.0.0.1:7070") == ("127.0.0.1:7070", False)


def test_the_settings_choose_the_store(tmp_path: Path) -> None:
    local = object_store(Settings(data_dir=tmp_path), "documents")
    assert isinstance(local, LocalDisk)
    assert local._root == tmp_path / "files" / "documents"
    remote = object_store(
        Settings(s3_endpoint="s3.example", s3_access_key="a", s3_secret_key=SecretStr("b")), "documents"
    )
    assert isinstance(remote, S3Store)
    assert remote._bucket == "documents"
