"""The declarative base of every service's tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, registry

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
    """Each service writes `class Base(ServiceBase): metadata = new_metadata()`.

    Such a direct subclass is a base itself, not a table, and has its own registry: services may name their
    models alike, even where one process (a test) imports several of them.
    """

    __abstract__ = True

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Make a direct subclass a base of its own."""
        if ServiceBase in cls.__bases__:
            cls.__abstract__ = True
            cls.registry = registry(metadata=cls.metadata)
            cls._sa_registry = cls.registry
        super().__init_subclass__(**arguments)
