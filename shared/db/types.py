"""Column types that mean the same on PostgreSQL and SQLite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database.

    A naive value is refused, since it would mean another instant on another machine. SQLite keeps text with
    a fixed width, so that comparing and sorting in SQL is right.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use `timestamptz` where it exists."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn into UTC; SQLite stores it without the offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "an instant must carry its offset"
            raise ValueError(message)
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware instant in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonDocument(TypeDecorator[Any]):
    """A JSON document: JSONB on PostgreSQL, text on SQLite; None is SQL's NULL.

    Replace the value as a whole: changes inside it are not seen.
    """

    impl = JSON
    cache_ok = True

    def __init__(self) -> None:
        """Take no options."""
        super().__init__(none_as_null=True)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use JSONB where it exists: it is parsed once, and can be indexed."""
        return dialect.type_descriptor(
            JSONB(none_as_null=True) if dialect.name == "postgresql" else self.impl_instance
        )

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> Any:
        """Compare as JSON does, so that paths into the document work."""
        return self.impl_instance.coerce_compared_value(op, value)


class Identifier(String):
    """A UUID in its 36-character form (see `shared.identifiers`)."""

    def __init__(self) -> None:
        """Take no options: the length is that of a UUID."""
        super().__init__(36)
