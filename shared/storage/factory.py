"""The settings choose the store."""

from __future__ import annotations

from shared.settings import Settings
from shared.storage.disk import LocalDisk
from shared.storage.port import ObjectStore
from shared.storage.s3 import S3Store


def object_store(settings: Settings, bucket_default: str) -> ObjectStore:
    """Give S3 where an endpoint is set, else a folder `files/<bucket_default>` in the data folder."""
    if settings.s3_endpoint is None:
        return LocalDisk(settings.data_dir / "files" / bucket_default)
    return S3Store(
        settings.s3_endpoint,
        settings.s3_access_key or "",
        settings.s3_secret_key.get_secret_value() if settings.s3_secret_key else "",
        settings.s3_bucket or bucket_default,
        settings.s3_region,
    )
