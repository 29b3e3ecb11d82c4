"""Files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.http.idempotency import create_idempotency_table, drop_idempotency_table
from shared.messaging.tables import create_messaging_tables, drop_messaging_tables

revision = "documents_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    create_messaging_tables(op)
    create_idempotency_table(op)
    op.create_table(
        "claim_replica",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("claim_number", sa.String(length=100), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("policy_number", sa.String(length=100), nullable=False),
        sa.Column("partner_ids", JsonDocument(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_replica")),
        sa.UniqueConstraint("claim_number", name=op.f("uq_claim_replica_claim_number")),
    )
    op.create_table(
        "client_replica",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_replica")),
    )
    op.create_table(
        "contract_replica",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("policy_number", sa.String(length=100), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_replica")),
        sa.UniqueConstraint(
            "agency_id", "policy_number", name=op.f("uq_contract_replica_agency_id_policy_number")
        ),
    )
    op.create_table(
        "document",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("object_key", sa.String(length=100), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=True),
        sa.Column("claim_number", sa.String(length=100), nullable=True),
        sa.Column("policy_number", sa.String(length=100), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("object_key", name=op.f("uq_document_object_key")),
    )
    op.create_index("ix_document_claim_number", "document", ["agency_id", "claim_number"], unique=False)
    op.create_index("ix_document_client_id", "document", ["agency_id", "client_id"], unique=False)
    op.create_index("ix_document_policy_number", "document", ["agency_id", "policy_number"], unique=False)
    op.create_table(
        "document_history",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("document_id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("happening", sa.String(length=60), nullable=False),
        sa.Column("changes", JsonDocument(), nullable=False),
        sa.Column("actor", JsonDocument(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_history")),
    )
    op.create_index(
        "ix_document_history_document_id",
        "document_history",
        ["agency_id", "document_id", "id"],
        unique=False,
    )
    op.create_table(
        "pending_object",
        sa.Column("object_key", sa.String(length=100), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("object_key", name=op.f("pk_pending_object")),
    )
    op.create_index("ix_pending_object_begun_at", "pending_object", ["begun_at"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    for table in (
        "pending_object",
        "document_history",
        "document",
        "contract_replica",
        "client_replica",
        "claim_replica",
    ):
        op.drop_table(table)
    drop_idempotency_table(op)
    drop_messaging_tables(op)
