"""The policy service, wired."""

from __future__ import annotations

from fastapi import FastAPI

from services.policy.api import clients, contracts
from services.policy.api.frame import Frame
from services.policy.consumers import create_consumer
from services.policy.handlers.clients import IDENTITY_PURPOSE
from services.policy.settings import SERVICE, PolicySettings
from shared.clock import Clock, SystemClock
from shared.db.database import Database
from shared.encryption import FieldCipher
from shared.http.application import create_service_app
from shared.messaging.runtime import Messaging
from shared.settings import load_settings


def create_app(settings: PolicySettings | None = None, clock: Clock | None = None) -> FastAPI:
    """Wire the service; the settings are read from the environment when not given."""
    settings = settings or load_settings(PolicySettings)
    clock = clock or SystemClock()
    database = Database.of(settings, SERVICE)
    messaging = Messaging(SERVICE, settings, database, create_consumer(database, clock))
    app = create_service_app(SERVICE, settings, database, messaging, [clients.router, contracts.router])
    app.state.frame = Frame(database, clock, FieldCipher(settings.secret, IDENTITY_PURPOSE))
    return app
