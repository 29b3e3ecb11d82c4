"""The committed JSON schemas, as somebody outside this repository would use them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from shared.contracts.schemas import SCHEMA_FOLDER


@cache
def validator(name: str) -> Draft202012Validator:
    """The schema of a message by its name, formats included."""
    schema = json.loads((SCHEMA_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def required_fields(name: str, model: str) -> list[str]:
    """The fields that a part of the message must have."""
    path = SCHEMA_FOLDER / f"{name}.json"
    found: list[str] = json.loads(path.read_text(encoding="utf-8"))["$defs"][model]["required"]
    return found


def complaints(name: str, message: dict[str, Any]) -> list[str]:
    """What the schema has against a message, each with the path of the field."""
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(message)]
