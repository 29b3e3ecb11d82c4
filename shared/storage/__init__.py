"""Where files are kept: any S3, or the local disk, behind one port."""

from __future__ import annotations

from shared.storage.factory import object_store
from shared.storage.port import ObjectMissing, ObjectStore, StorageUnavailable

__all__ = ["ObjectMissing", "ObjectStore", "StorageUnavailable", "object_store"]
