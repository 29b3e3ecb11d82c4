"""Settings of the policy service."""

from __future__ import annotations

from shared.settings import Settings

SERVICE = "policy"


class PolicySettings(Settings):
    """Nothing beyond what all services share; its own settings would be named `DOSSIER_POLICY_...`."""
