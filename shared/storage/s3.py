"""Objects in any S3, through the `minio` client, whose calls block and so run in threads."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

from shared.storage.port import (
    CHUNK_BYTES,
    Content,
    ObjectMissing,
    StorageUnavailable,
    checked_key,
    write_exactly,
)

if TYPE_CHECKING:
    from minio import Minio

T = TypeVar("T")

_IN_MEMORY_BYTES = 1024 * 1024
_ANSWER_SECONDS = 30
_CONNECT_SECONDS = 3
_MISSING = {"NoSuchKey", "NoSuchObject", "NoSuchBucket"}

_WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidAccessKey"}
_NO_BUCKET = {"NoSuchBucket", "AccessDenied", "BucketAlreadyExists", "InvalidBucketName"}


class S3Store:
    """One bucket of one S3 server."""

    def __init__(
        self, endpoint: str, access_key: str, secret_key: str, bucket: str, region: str | None = None
    ) -> None:
        """Name the server; nothing is connected before the first call.

        `endpoint` is host:port or a URL; plain host:port and https:// mean TLS, http:// means none.
        """
        self._endpoint = endpoint
        self._access_key = access_key
        self._secret_key = secret_key
        self._bucket = bucket
        self._region = region
        self._client: Minio | None = None

    async def put(self, key: str, content: Content, size: int, content_type: str) -> None:
        """Keep the content. A stream is gathered first (on disk beyond 1 MiB): S3 needs it whole to retry."""
        checked_key(key)
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as gathered:
            file = cast("BinaryIO", gathered)
            await write_exactly(file, content, size)
            file.seek(0)

            def send(client: Minio) -> None:
                client.put_object(self._bucket, key, file, size, content_type=content_type)

            await self._do(send, key)

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Read in pieces of 256 KiB."""
        checked_key(key)
        answer = await self._do(lambda client: client.get_object(self._bucket, key), key)
        try:
            while piece := await self._read(answer):
                yield piece
        finally:
            answer.close()
            answer.release_conn()

    async def delete(self, key: str) -> None:
        """Remove the object; S3 takes a missing one for removed."""
        checked_key(key)
        await self._do(lambda client: client.remove_object(self._bucket, key), key)

    async def exists(self, key: str) -> bool:
        """Ask for the object's head."""
        checked_key(key)
        try:
            await self._do(lambda client: client.stat_object(self._bucket, key), key)
        except ObjectMissing:
            return False
        return True

    async def check(self) -> None:
        """Make sure of the bucket: it is made when it is missing and we may."""

        def ensure(client: Minio) -> None:
            from minio.error import S3Error  # noqa: PLC0415 - loaded where S3 is used

            if client.bucket_exists(self._bucket):
                return
            try:
                client.make_bucket(self._bucket)
            except S3Error as error:
                if error.code != "BucketAlreadyOwnedByYou":  # another replica was quicker
                    raise

        await self._do(ensure, "")

    async def _read(self, answer: Any) -> bytes:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            return cast("bytes", await asyncio.to_thread(answer.read, CHUNK_BYTES))
        except (HTTPError, OSError) as error:
            raise StorageUnavailable(_sentence(error)) from error

    async def _do(self, work: Callable[[Minio], T], key: str) -> T:
        return await asyncio.to_thread(self._call, work, key)

    def _call(self, work: Callable[[Minio], T], key: str) -> T:
        from minio.error import MinioException, S3Error  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            return work(self._connected())
        except S3Error as error:
            if key and error.code in _MISSING:
                raise ObjectMissing(key) from error
            raise StorageUnavailable(self._refusal(error.code)) from error
        except (MinioException, HTTPError, OSError) as error:
            raise StorageUnavailable(_sentence(error)) from error

    def _refusal(self, code: str | None) -> str:
        """Which setting to look at, for a refusal that no retry will change."""
        if code in _WRONG_KEYS:
            return f"The object store refuses the keys ({code}): look at DOSSIER_S3_ACCESS_KEY and DOSSIER_S3_SECRET_KEY."
        if code in _NO_BUCKET:
            return f"The bucket {self._bucket} is not there for us ({code}): look at DOSSIER_S3_BUCKET, or have it made."
        return f"The object store refuses ({code})."

    def _connected(self) -> Minio:
        if self._client is None:
            import urllib3  # noqa: PLC0415 - with minio 12 MB, which a stack on local disk need not pay
            from minio import Minio  # noqa: PLC0415

            host, secure = _address(self._endpoint)
            pool = urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS),
                maxsize=16,
                retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
            )
            self._client = Minio(
                host,
                access_key=self._access_key,
                secret_key=self._secret_key,
                secure=secure,
                region=self._region,
                http_client=pool,
            )
        return self._client


def _address(endpoint: str) -> tuple[str, bool]:
    if "://" not in endpoint:
        return endpoint, True
    parts = urlsplit(endpoint)
    return parts.netloc, parts.scheme != "http"


def _sentence(error: Exception) -> str:
    return f"The object store does not answer ({type(error).__name__}): look at DOSSIER_S3_ENDPOINT."
