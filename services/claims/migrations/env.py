"""Alembic's environment of the claims service."""

from services.claims.models import Base
from shared.db.migrations import run_environment

run_environment(Base.metadata)
