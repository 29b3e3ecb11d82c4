"""The service as it is deployed, while the bus is away: it starts, its clocks run, and it stops."""

from __future__ import annotations

import asyncio
import gc
from datetime import date
from pathlib import Path

import httpx

from services.notifications.app import create_app
from services.notifications.settings import NotificationsSettings
from tests.integration.notifications.frame import Desk
from tests.unit.notifications.factory import LOADED, agency, cheque_payment, claim, event_of


async def test_clocks_run_and_stop_with_the_service_though_the_bus_is_away(
    desk: Desk, tmp_path: Path
) -> None:
    settings = NotificationsSettings(
        env="test", data_dir=tmp_path, kafka_bootstrap="127.0.0.1:1", notifications_database_url=desk.url
    )
    await desk.tell(
        event_of(agency("agency-a"), "agency-registered", actor=LOADED),
        event_of(claim("agency-a", cheque_payment("P-1", date(2026, 3, 10))), "cheque-changed"),
    )
    app = create_app(settings, desk.clock)

    async with asyncio.timeout(30), app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://notifications") as http:
            assert (await http.get("/health/live")).status_code == 200
            passes = 0
            while not passes:  # until the deadline
                passes = (await http.get("/health/ready")).json()["checks"]["clocks"]["passes"]
            assert "dossier_clock_delay_seconds" in (await http.get("/metrics")).text

    gc.collect()
    assert [alert.kind for alert in await desk.alerts()] == ["cheque-changed", "cheque-maturing"]
