"""Repeating a command safely: a caller that got no answer sends the same `Idempotency-Key` and gets the first answer.

The answer is kept in the transaction of the command's effect, so there is never one without the other. What was
asked is kept as a keyed digest only: a body may hold numbers that are encrypted everywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import Header
from pydantic import BaseModel, SecretStr
from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.base import new_metadata
from shared.db.tenancy import Scope
from shared.db.types import JsonDocument, UtcDateTime
from shared.encryption import FieldCipher
from shared.errors import Conflict

KEPT_FOR = timedelta(days=7)
"""Longer than anyone repeats a command; older keys are forgotten."""

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=8, max_length=200)]
"""Parameter of a route that creates something."""

_own = new_metadata()

idempotency_key = Table(
    "idempotency_key",
    _own,
    Column("user_id", String(100), nullable=False),
    Column("operation", String(100), nullable=False),
    Column("key", String(200), nullable=False),
    Column("request_digest", String(64), nullable=False),
    Column("answer", JsonDocument, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("user_id", "operation", "key"),
    Index("ix_idempotency_key_created_at", "created_at"),
)


def add_idempotency_table(metadata: MetaData) -> None:
    """Make the table part of a service's metadata, for its migrations."""
    idempotency_key.to_metadata(metadata)


def create_idempotency_table(operations: Any) -> None:
    """Create the table in a migration; `operations` is Alembic's `op`."""
    idempotency_key.create(operations.get_bind())


def drop_idempotency_table(operations: Any) -> None:
    """Undo `create_idempotency_table`."""
    idempotency_key.drop(operations.get_bind())


@dataclass(frozen=True, slots=True)
class Repeatable:
    """One command as one caller sent it, with or without a key."""

    scope: Scope
    operation: str
    key: str | None
    digest: str

    @classmethod
    def of(
        cls, scope: Scope, operation: str, key: str | None, request: BaseModel | str, secret: SecretStr
    ) -> Repeatable:
        """Describe the command; `request` is everything that makes it this command and no other."""
        content = (
            request if isinstance(request, str) else orjson.dumps(request.model_dump(mode="json")).decode()
        )
        digest = FieldCipher(secret, "idempotency").fingerprint(content) if key else ""
        return cls(scope, operation, key, digest)

    async def answered(self, session: AsyncSession) -> dict[str, Any] | None:
        """Give the first answer to this key; a key that stood for another request is a `Conflict`."""
        if self.key is None:
            return None
        found = (
            await session.execute(
                select(idempotency_key.c.request_digest, idempotency_key.c.answer).where(
                    idempotency_key.c.user_id == self.scope.user_id,
                    idempotency_key.c.operation == self.operation,
                    idempotency_key.c.key == self.key,
                )
            )
        ).one_or_none()
        if found is None:
            return None
        if found.request_digest != self.digest:
            raise Conflict("idempotency_key_reused", "This Idempotency-Key was used for another request.")
        answer: dict[str, Any] = found.answer
        return answer

    async def keep(self, session: AsyncSession, answer: dict[str, Any], at: datetime) -> None:
        """Keep the answer; when the same command is under way elsewhere, this one gives up as a `Conflict`."""
        if self.key is None:
            return
        await session.execute(delete(idempotency_key).where(idempotency_key.c.created_at < at - KEPT_FOR))
        row = {
            "user_id": self.scope.user_id,
            "operation": self.operation,
            "key": self.key,
            "request_digest": self.digest,
            "answer": answer,
            "created_at": at,
        }
        try:
            await session.execute(insert(idempotency_key).values(row))
        except IntegrityError as error:
            raise Conflict(
                "idempotency_key_in_use", "The same command is being carried out already."
            ) from error
