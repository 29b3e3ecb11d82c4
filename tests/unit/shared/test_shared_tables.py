from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from sqlalchemy import Column, Integer, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.base import ServiceBase, new_metadata
from shared.db.tenancy import Scope, within
from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.db.upsert import insert_ignore, upsert

METADATA = new_metadata()
VIEWS = Table("views", METADATA, Column("id", String, primary_key=True), Column("sequence", Integer))
KEYS = Table("keys", METADATA, Column("id", String, primary_key=True))


SQLITE = cast("Dialect", cast("Any", sqlite.dialect)())
POSTGRESQL = cast("Dialect", cast("Any", postgresql.dialect)())


def sql(statement: Any) -> str:
    return str(statement.compile(dialect=SQLITE, compile_kwargs={"literal_binds": True}))


def test_without_an_agency_nothing_is_within_the_scope() -> None:
    nobody = Scope("someone", "ops")
    assert "0 = 1" in sql(select(VIEWS).where(within(VIEWS.c.id, nobody)))
    assert not nobody.may_see("agency-1")


def test_the_agency_filter_names_exactly_the_agencies_of_the_scope() -> None:
    one, two = Scope("a", "broker", ("x",)), Scope("b", "handler", ("x", "y"))
    assert sql(select(VIEWS.c.id).where(within(VIEWS.c.id, one))).endswith("views.id = 'x'")
    assert sql(select(VIEWS.c.id).where(within(VIEWS.c.id, two))).endswith("views.id IN ('x', 'y')")
    assert two.may_see("y")
    assert not two.may_see("z")
    assert not two.may_see(None)


def test_an_instant_is_stored_in_utc_and_comes_back_aware() -> None:
    paris = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    for dialect in (SQLITE, POSTGRESQL):
        bound = UtcDateTime().process_bind_param(paris, dialect)
        assert bound is not None
        assert bound.replace(tzinfo=UTC) == paris
        assert UtcDateTime().process_result_value(bound, dialect) == paris


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        UtcDateTime().process_bind_param(datetime(2026, 7, 1), SQLITE)  # noqa: DTZ001


def test_a_document_is_jsonb_on_postgresql_and_json_on_sqlite() -> None:
    assert JsonDocument().compile(dialect=POSTGRESQL) == "JSONB"
    assert JsonDocument().compile(dialect=SQLITE) == "JSON"
    assert Identifier().compile(dialect=SQLITE) == "VARCHAR(36)"


def test_constraints_have_fixed_names() -> None:
    class Base(ServiceBase):
        metadata = new_metadata()

    class Claim(Base):
        __tablename__ = "claims"
        id: Mapped[str] = mapped_column(Identifier, primary_key=True)
        number: Mapped[str] = mapped_column(unique=True, index=True)

    names = {constraint.name for constraint in Base.metadata.tables["claims"].constraints}
    assert "pk_claims" in names
    assert {index.name for index in Base.metadata.tables["claims"].indexes} == {"ix_claims_number"}


def test_services_may_name_their_models_alike() -> None:
    bases = []
    for _ in range(2):

        class Base(ServiceBase):
            metadata = new_metadata()

        class Claim(Base):
            __tablename__ = "claims"
            id: Mapped[str] = mapped_column(Identifier, primary_key=True)

        bases.append(Base)
    assert bases[0].registry is not bases[1].registry
    assert bases[0].metadata is not bases[1].metadata


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_an_upsert_needs_rows_of_one_shape_with_distinct_keys(dialect: str) -> None:
    for write in (upsert, insert_ignore):
        with pytest.raises(ValueError, match="no rows"):
            write(dialect, VIEWS, [], ["id"])
        with pytest.raises(ValueError, match="same columns"):
            write(dialect, VIEWS, [{"id": "a", "sequence": 1}, {"id": "b"}], ["id"])
        with pytest.raises(ValueError, match="twice"):
            write(dialect, VIEWS, [{"id": "a", "sequence": 1}, {"id": "a", "sequence": 2}], ["id"])


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_an_upsert_of_keys_alone_replaces_nothing(dialect: str) -> None:
    statement = upsert(dialect, KEYS, [{"id": "a"}], ["id"])
    engine = SQLITE if dialect == "sqlite" else POSTGRESQL
    assert "DO NOTHING" in str(statement.compile(dialect=engine))


def test_only_a_mapped_class_is_a_table() -> None:
    class Base(ServiceBase):
        metadata = new_metadata()

    with pytest.raises((TypeError, AttributeError)):
        upsert("sqlite", Base, [{"id": "a"}], ["id"])
