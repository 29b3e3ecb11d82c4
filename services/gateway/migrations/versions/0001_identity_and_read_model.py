"""Identity and read model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.messaging.tables import create_messaging_tables, drop_messaging_tables

revision = "gateway_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - the first script makes every table
    """Apply the change."""
    create_messaging_tables(op)
    op.create_table(
        "activity",
        sa.Column(
            "row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("event_id", sa.String(length=100), nullable=False),
        sa.Column("happening", sa.String(length=60), nullable=False),
        sa.Column("aggregate", sa.String(length=20), nullable=False),
        sa.Column("subject_id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=100), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("changes", JsonDocument(), nullable=False),
        sa.Column("client_id", Identifier(), nullable=True),
        sa.Column("policy_number", sa.String(length=100), nullable=True),
        sa.Column("claim_number", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_activity")),
        sa.UniqueConstraint("agency_id", "event_id", name=op.f("uq_activity_agency_id_event_id")),
    )
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activity_agency_id_at"), ["agency_id", "at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_activity_agency_id_claim_number_at"),
            ["agency_id", "claim_number", "at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_activity_agency_id_client_id_at"), ["agency_id", "client_id", "at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_activity_agency_id_policy_number_at"),
            ["agency_id", "policy_number", "at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_activity_agency_id_subject_id_sequence"),
            ["agency_id", "subject_id", "sequence"],
            unique=False,
        )

    op.create_table(
        "agency",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cheque_warning_days", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
    )
    op.create_table(
        "alert_high_water",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "user_id", name=op.f("pk_alert_high_water")),
    )
    op.create_table(
        "alert_read",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("alert_id", Identifier(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "user_id", "alert_id", name=op.f("pk_alert_read")),
    )
    op.create_table(
        "alert_view",
        sa.Column(
            "row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("claim_number", sa.String(length=100), nullable=True),
        sa.Column("actor_id", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_alert_view")),
        sa.UniqueConstraint("agency_id", "id", name=op.f("uq_alert_view_agency_id_id")),
    )
    with op.batch_alter_table("alert_view", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alert_view_agency_id_claim_number"), ["agency_id", "claim_number"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_alert_view_agency_id_position"), ["agency_id", "position"], unique=False
        )

    op.create_table(
        "claim_view",
        sa.Column(
            "row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("claim_number", sa.String(length=100), nullable=False),
        sa.Column("policy_number", sa.String(length=100), nullable=False),
        sa.Column("client_id", Identifier(), nullable=False),
        sa.Column("client_name", sa.Text(), nullable=False),
        sa.Column("insured_name", sa.Text(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("plate_normalised", sa.Text(), nullable=False),
        sa.Column("line", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("insurer", sa.Text(), nullable=False),
        sa.Column("insurer_name", sa.Text(), nullable=False),
        sa.Column("garage", sa.Text(), nullable=True),
        sa.Column("garage_name", sa.Text(), nullable=False),
        sa.Column("appraiser", sa.Text(), nullable=True),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("eta", sa.Date(), nullable=True),
        sa.Column("repair", JsonDocument(), nullable=True),
        sa.Column("last_change", JsonDocument(), nullable=True),
        sa.Column("last_activity_at", UtcDateTime(), nullable=False),
        sa.Column("changed_sequence", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=100), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.Column("other_sequence", sa.BigInteger(), nullable=False),
        sa.Column("other_at", UtcDateTime(), nullable=True),
        sa.Column("files_by", sa.String(length=100), nullable=True),
        sa.Column("files_at", UtcDateTime(), nullable=True),
        sa.Column("files_other_at", UtcDateTime(), nullable=True),
        sa.Column("client_folded", sa.Text(), nullable=False),
        sa.Column("agency_token", sa.String(length=3), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_claim_view")),
        sa.UniqueConstraint("agency_id", "id", name=op.f("uq_claim_view_agency_id_id")),
    )
    with op.batch_alter_table("claim_view", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_claim_view_agency_id_claim_number"), ["agency_id", "claim_number"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_claim_view_agency_id_client_id"), ["agency_id", "client_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_claim_view_agency_id_event_date"), ["agency_id", "event_date"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_claim_view_agency_id_is_open_last_activity_at"),
            ["agency_id", "is_open", "last_activity_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_claim_view_agency_id_last_activity_at"),
            ["agency_id", "last_activity_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_claim_view_agency_id_plate_normalised"),
            ["agency_id", "plate_normalised"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_claim_view_agency_id_policy_number"), ["agency_id", "policy_number"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_claim_view_claim_number"), ["claim_number"], unique=False)

    op.create_table(
        "client_view",
        sa.Column(
            "row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("last_activity_at", UtcDateTime(), nullable=False),
        sa.Column("agency_token", sa.String(length=3), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_client_view")),
        sa.UniqueConstraint("agency_id", "id", name=op.f("uq_client_view_agency_id_id")),
    )
    with op.batch_alter_table("client_view", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_client_view_agency_id_last_activity_at"),
            ["agency_id", "last_activity_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_client_view_agency_id_name_folded"), ["agency_id", "name_folded"], unique=False
        )

    op.create_table(
        "contract_view",
        sa.Column(
            "row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("policy_number", sa.String(length=100), nullable=False),
        sa.Column("client_id", Identifier(), nullable=False),
        sa.Column("line", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("insurer", sa.Text(), nullable=False),
        sa.Column("last_activity_at", UtcDateTime(), nullable=False),
        sa.Column("agency_token", sa.String(length=3), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_contract_view")),
        sa.UniqueConstraint("agency_id", "id", name=op.f("uq_contract_view_agency_id_id")),
    )
    with op.batch_alter_table("contract_view", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contract_view_agency_id_client_id"), ["agency_id", "client_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_contract_view_agency_id_last_activity_at"),
            ["agency_id", "last_activity_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_contract_view_agency_id_policy_number"),
            ["agency_id", "policy_number"],
            unique=False,
        )

    op.create_table(
        "document_view",
        sa.Column(
            "row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("client_id", Identifier(), nullable=True),
        sa.Column("claim_number", sa.String(length=100), nullable=True),
        sa.Column("policy_number", sa.String(length=100), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_document_view")),
        sa.UniqueConstraint("agency_id", "id", name=op.f("uq_document_view_agency_id_id")),
    )
    with op.batch_alter_table("document_view", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_document_view_agency_id_claim_number"), ["agency_id", "claim_number"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_document_view_agency_id_client_id"), ["agency_id", "client_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_document_view_agency_id_policy_number"),
            ["agency_id", "policy_number"],
            unique=False,
        )

    op.create_table(
        "onramp_message",
        sa.Column("partner_id", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "message_id", name=op.f("pk_onramp_message")),
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=50), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner")),
    )
    op.create_table(
        "partner_receipt",
        sa.Column("partner_id", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.String(length=400), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("receipt", JsonDocument(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "message_id", name=op.f("pk_partner_receipt")),
    )
    op.create_table(
        "seen_mark",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("claim_id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("files_at", UtcDateTime(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "user_id", "claim_id", name=op.f("pk_seen_mark")),
    )
    with op.batch_alter_table("seen_mark", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_seen_mark_agency_id_claim_id"), ["agency_id", "claim_id"], unique=False
        )

    op.create_table(
        "user",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("baseline_at", UtcDateTime(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_table(
        "partner_key",
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("partner_id", sa.String(length=100), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.id"], name=op.f("fk_partner_key_partner_id_partner")
        ),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_partner_key")),
    )
    with op.batch_alter_table("partner_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_partner_key_partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "user_agency",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_user_agency_agency_id_agency")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_agency_user_id_user")),
        sa.PrimaryKeyConstraint("agency_id", "user_id", name=op.f("pk_user_agency")),
    )
    with op.batch_alter_table("user_agency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_agency_user_id"), ["user_id"], unique=False)

    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_session_user_id_user")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_session")),
        sa.UniqueConstraint("id", name=op.f("uq_user_session_id")),
    )
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_session_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_user_session_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    """Take the change back; indexes go with their tables."""
    op.drop_table("user_session")
    op.drop_table("user_agency")
    op.drop_table("partner_key")
    op.drop_table("user")
    op.drop_table("seen_mark")
    op.drop_table("partner_receipt")
    op.drop_table("partner")
    op.drop_table("onramp_message")
    op.drop_table("document_view")
    op.drop_table("contract_view")
    op.drop_table("client_view")
    op.drop_table("claim_view")
    op.drop_table("alert_view")
    op.drop_table("alert_read")
    op.drop_table("alert_high_water")
    op.drop_table("agency")
    op.drop_table("activity")
    drop_messaging_tables(op)
