"""Alerts, clocks, and what they are derived from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.messaging.tables import create_messaging_tables, drop_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_UNNUMBERED = sa.text("position IS NULL")
_PENDING = sa.text("standing = 'pending'")
_RETRIED = sa.text("retry_at IS NOT NULL")


def upgrade() -> None:
    create_messaging_tables(op)
    _create_replicas()
    _create_alerts()
    _create_clocks()


def _create_replicas() -> None:
    op.create_table(
        "agency",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("timezone", sa.String(100), nullable=False),
        sa.Column("cheque_warning_days", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("rules_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agency"),
    )
    op.create_table(
        "client",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name="pk_client"),
    )


def _create_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.Column("traceparent", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name="pk_alert"),
        sa.UniqueConstraint("agency_id", "cause", name="uq_alert_agency_id_cause"),
        sa.UniqueConstraint("position", name="uq_alert_position"),
    )
    op.create_index("ix_alert_agency_id_position", "alert", ["agency_id", "position"])
    op.create_index(
        "ix_alert_unnumbered", "alert", ["id"], sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED
    )
    counter = op.create_table(
        "alert_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_counter"),
    )
    op.bulk_insert(counter, [{"id": 1, "position": 0}])


def _create_clocks() -> None:
    op.create_table(
        "clock_source",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("aggregate", sa.String(50), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.Column("rules_sequence", sa.BigInteger(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("has_clocks", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "aggregate", "id", name="pk_clock_source"),
    )
    op.create_index(
        "ix_clock_source_agency_id_rules_sequence", "clock_source", ["agency_id", "rules_sequence"]
    )
    op.create_table(
        "clock",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.String(50), nullable=False),
        sa.Column("source_id", Identifier(), nullable=False),
        sa.Column("source_sequence", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.String(20), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("occasion", sa.String(200), nullable=False),
        sa.Column("payload", JsonDocument(), nullable=False),
        sa.Column("alerted", JsonDocument(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.Column("fired_at", UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name="pk_clock"),
        sa.UniqueConstraint("agency_id", "kind", "subject", name="uq_clock_agency_id_kind_subject"),
    )
    op.create_index("ix_clock_due", "clock", ["due_at"], sqlite_where=_PENDING, postgresql_where=_PENDING)
    op.create_index("ix_clock_retry", "clock", ["retry_at"], sqlite_where=_RETRIED, postgresql_where=_RETRIED)
    op.create_index(
        "ix_clock_agency_id_aggregate_source_id", "clock", ["agency_id", "aggregate", "source_id"]
    )
    op.create_index("ix_clock_agency_id_due_at", "clock", ["agency_id", "due_at"])


def downgrade() -> None:
    for table in ("clock", "clock_source", "alert_counter", "alert", "client", "agency"):
        op.drop_table(table)
    drop_messaging_tables(op)
