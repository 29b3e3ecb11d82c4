"""The declarative base of the gateway's tables, with those of the messaging kit."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer

from shared.db.base import ServiceBase, new_metadata
from shared.messaging.tables import add_messaging_tables

RowNumber = BigInteger().with_variant(Integer(), "sqlite")
"""A key that the database counts. SQLite's full-text index refers to rows by it, so it must survive VACUUM."""


class Base(ServiceBase):
    metadata = new_metadata()


add_messaging_tables(Base.metadata)
