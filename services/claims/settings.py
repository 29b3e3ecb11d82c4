"""Settings that only the claims service has."""

from __future__ import annotations

from pydantic import Field

from shared.settings import Settings


class ClaimsSettings(Settings):
    """`DOSSIER_CLAIMS_...`, beside what all services share."""

    claims_history_limit: int = Field(
        200, ge=1, le=10_000, description="Newest changes that the claims service answers with a claim."
    )
