"""The gateway, wired."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware

from services.gateway.api import router as api
from services.gateway.bodies import SmallBodies
from services.gateway.consumers import build_consumer
from services.gateway.context import Gateway
from services.gateway.identity.csrf import SameOrigin
from services.gateway.identity.limits import Limits
from services.gateway.live.feed import Feed
from services.gateway.live.hub import Hub
from services.gateway.live.routes import router as live
from services.gateway.onramp.routes import router as onramp
from services.gateway.pages.alert_texts import render_alert_text
from services.gateway.pages.error_pages import install_error_pages
from services.gateway.pages.routes import router as pages
from services.gateway.projections import Projector, Versions
from services.gateway.settings import GatewaySettings
from services.gateway.status import WATCHED, ServiceStatus, StatusPoller
from shared.clock import Clock, SystemClock
from shared.db.database import Database
from shared.http.application import create_service_app
from shared.http.client import ServiceClient
from shared.http.sections import Sections
from shared.messaging.runtime import Messaging
from shared.settings import load_settings


def create_app(settings: GatewaySettings | None = None, clock: Clock | None = None) -> FastAPI:
    """Wire the service; the settings are read from the environment when not given."""
    settings = settings or load_settings(GatewaySettings)
    clock = clock or SystemClock()
    database = Database.of(settings, "gateway")
    versions = Versions()
    hub = Hub(settings.gateway_streams_per_session, settings.gateway_heartbeat_seconds)
    feed = Feed(database, hub, versions, settings.gateway_hold_seconds)
    consumer = build_consumer(database, clock, Projector(versions), feed)
    status = ServiceStatus(clock)
    poller = StatusPoller(status, {service: settings.service_url_of(service) for service in WATCHED})
    gateway = Gateway(
        settings=settings,
        database=database,
        clock=clock,
        policy=ServiceClient(settings, "policy"),
        claims=ServiceClient(settings, "claims"),
        documents=ServiceClient(settings, "documents"),
        project=consumer.take_events,
        hub=hub,
        status=status,
        limits=Limits(
            account_failures=settings.gateway_login_failures,
            address_failures=settings.gateway_login_failures_address,
            partner_rate=settings.gateway_partner_rate,
        ),
        alert_text=render_alert_text,
    )
    app = create_service_app(
        "gateway",
        settings,
        database,
        Messaging("gateway", settings, database, consumer),
        [api, onramp, live, Sections(pages)],
        [feed.run, poller.run],
        middleware=[Middleware(SmallBodies), Middleware(SameOrigin)],
        on_stop=[gateway.close],
        title="Dossier",
        max_body_bytes=settings.upload_limit,
    )
    install_error_pages(app)
    app.state.gateway = gateway
    app.state.feed = feed
    app.state.leaving = hub.end_all
    return app
