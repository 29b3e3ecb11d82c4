"""Alembic's entry; see shared/db/migrations.py."""

from services.notifications.models import Base
from shared.db.migrations import run_environment

run_environment(Base.metadata)
