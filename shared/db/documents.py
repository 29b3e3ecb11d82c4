"""Documents in columns: JSON as the engines take it."""

from __future__ import annotations

import json
from typing import Any

import orjson


def to_json(value: Any) -> str:
    """Write a document as the database takes it. What orjson refuses (whole numbers beyond 64 bits) the standard library writes."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)
