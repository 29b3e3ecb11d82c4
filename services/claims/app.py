"""The claims service, wired."""

from __future__ import annotations

from fastapi import FastAPI

from services.claims.api import router
from services.claims.consumers import build_consumer
from services.claims.settings import ClaimsSettings
from shared.clock import Clock, SystemClock
from shared.db.database import Database
from shared.http.application import create_service_app
from shared.messaging.runtime import Messaging
from shared.settings import load_settings


def create_app(settings: ClaimsSettings | None = None, clock: Clock | None = None) -> FastAPI:
    """Wire the service; the settings are read from the environment when not given."""
    settings = settings or load_settings(ClaimsSettings)
    clock = clock or SystemClock()
    database = Database.of(settings, "claims")
    messaging = Messaging("claims", settings, database, build_consumer(database, clock))
    app = create_service_app("claims", settings, database, messaging, [router])
    app.state.clock = clock
    return app
