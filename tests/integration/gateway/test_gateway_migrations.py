"""The schema: what the migrations make is what the models say."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.gateway.models import READ_MODEL, Base
from shared.db.migrations import migrate

SEARCH = ("claim_search", "client_search", "contract_search")


def test_the_models_say_what_the_migrations_make(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate("gateway", url)
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "include_name": lambda name, kind, _parents: (
                        kind != "table" or not name.startswith(SEARCH)
                    ),
                },
            )
            assert compare_metadata(context, Base.metadata) == []
    finally:
        engine.dispose()


def test_every_index_of_the_read_model_leads_with_the_agency() -> None:
    exceptions = {"ix_claim_view_claim_number"}  # partners stand outside the agencies
    for view in READ_MODEL:
        for index in view.__table__.indexes:  # type: ignore[attr-defined]
            assert str(index.name) in exceptions or next(iter(index.columns)).name == "agency_id", index.name
