"""Full-text search: FTS5 trigrams on SQLite, pg_trgm with the agency in the index on PostgreSQL."""

# ruff: noqa: S608 - the names are the constants below

from __future__ import annotations

from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None

VIEWS = ("claim", "client", "contract")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
        for view in VIEWS:
            # fastupdate off: with a pending list the planner takes this index for exact numbers too.
            op.execute(
                f"CREATE INDEX ix_{view}_view_search ON {view}_view"
                " USING gin (agency_id, search_text gin_trgm_ops) WITH (fastupdate = off)"
            )
        return
    for view in VIEWS:
        op.execute(
            f"CREATE VIRTUAL TABLE {view}_search USING fts5(agency_token, search_text,"
            f" content='{view}_view', content_rowid='row', tokenize='trigram')"
        )
        forget = (
            f"INSERT INTO {view}_search({view}_search, rowid, agency_token, search_text)"
            " VALUES ('delete', old.row, old.agency_token, old.search_text);"
        )
        learn = (
            f"INSERT INTO {view}_search(rowid, agency_token, search_text)"
            " VALUES (new.row, new.agency_token, new.search_text);"
        )
        op.execute(f"CREATE TRIGGER {view}_search_insert AFTER INSERT ON {view}_view BEGIN {learn} END")
        op.execute(f"CREATE TRIGGER {view}_search_delete AFTER DELETE ON {view}_view BEGIN {forget} END")
        # Most changes leave the words alone; rewriting them would cost more than the change itself.
        op.execute(
            f"CREATE TRIGGER {view}_search_update AFTER UPDATE ON {view}_view"
            " WHEN old.search_text IS NOT new.search_text OR old.agency_token IS NOT new.agency_token"
            f" BEGIN {forget} {learn} END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for view in VIEWS:
            op.execute(f"DROP INDEX ix_{view}_view_search")
        return
    for view in VIEWS:
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER {view}_search_{event}")
        op.execute(f"DROP TABLE {view}_search")
