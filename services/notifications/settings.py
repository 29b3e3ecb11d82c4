"""Settings of the notifications service."""

from __future__ import annotations

from shared.settings import Settings


class NotificationsSettings(Settings):
    """What all services share; this one needs nothing more."""
