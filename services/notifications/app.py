"""The notifications service, wired."""

from __future__ import annotations

from fastapi import FastAPI

from services.notifications.api import create_router
from services.notifications.clocks.registry import KINDS
from services.notifications.clocks.runner import ClockRunner
from services.notifications.consumers import listen
from services.notifications.publishing import SERVICE
from services.notifications.settings import NotificationsSettings
from shared.clock import Clock, SystemClock
from shared.db.database import Database
from shared.http.application import create_service_app
from shared.messaging.consumer import Consumer
from shared.messaging.runtime import Messaging
from shared.settings import load_settings


def create_app(settings: NotificationsSettings | None = None, clock: Clock | None = None) -> FastAPI:
    """Put the service together; nothing is opened before it starts."""
    settings = settings or load_settings(NotificationsSettings)
    clock = clock or SystemClock()
    database = Database.of(settings, SERVICE)
    runner = ClockRunner(database, clock, KINDS)
    consumer = Consumer(service=SERVICE, database=database, clock=clock)
    listen(consumer, runner.derivation)
    return create_service_app(
        SERVICE,
        settings,
        database,
        Messaging(SERVICE, settings, database, consumer),
        [create_router(database)],
        background=[runner.run],
        checks={"clocks": runner.health},
    )
