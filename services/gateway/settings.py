"""Settings that only the gateway has."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from shared.settings import Settings


class GatewaySettings(Settings):
    """`DOSSIER_GATEWAY_...`, beside what all services share."""

    gateway_session_idle_hours: float = Field(
        12, gt=0, le=24 * 30, description="A session ends when it was not used for this long."
    )
    gateway_session_days: float = Field(
        7, gt=0, le=365, description="A session ends this long after the log-in, used or not."
    )
    gateway_login_failures: int = Field(
        10, ge=1, description="Failed log-ins within five minutes after which an account waits."
    )
    gateway_login_failures_address: int = Field(
        100, ge=1, description="Failed log-ins within five minutes after which an address waits."
    )
    gateway_partner_rate: int = Field(
        6000, ge=1, description="Requests a minute that one partner may send over HTTP."
    )
    gateway_upload_mib: int = Field(
        50, ge=1, le=1024, description="Largest upload in MiB, its form around it included."
    )
    gateway_streams_per_session: int = Field(
        20, ge=1, le=1000, description="Live streams that one session may hold open."
    )
    gateway_heartbeat_seconds: float = Field(
        15, gt=0, le=120, description="Pause between the comments that keep a live stream open."
    )
    gateway_hold_seconds: float = Field(
        2,
        gt=0,
        le=30,
        description="Longest wait of a live event for the read model to have what it tells of.",
    )

    @property
    def session_idle(self) -> timedelta:
        """How long a session lasts without use."""
        return timedelta(hours=self.gateway_session_idle_hours)

    @property
    def session_absolute(self) -> timedelta:
        """How long a session lasts at most."""
        return timedelta(days=self.gateway_session_days)

    @property
    def upload_limit(self) -> int:
        """Largest upload in bytes."""
        return self.gateway_upload_mib * 1024 * 1024
