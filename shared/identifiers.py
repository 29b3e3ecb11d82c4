"""Identifiers of rows and events."""

from __future__ import annotations

import uuid_utils


def new_id() -> str:
    """Give a UUIDv7 in its 36-character form.

    Version 7 begins with the time, and grows within a process, so that new rows land at the end of an index
    and ids sort by creation.
    """
    return str(uuid_utils.uuid7())
