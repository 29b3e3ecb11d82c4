"""The declarative base of every service's tables."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Give metadata with fixed constraint names: a migration can only drop what it can name, on both engines."""
    return MetaData(naming_convention=NAMING)


class ServiceBase(DeclarativeBase):
    """Each service derives its own `Base` with `metadata = new_metadata()`, so that no table is shared."""

    __abstract__ = True
