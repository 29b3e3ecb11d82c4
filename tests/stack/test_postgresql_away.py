"""Each service without its database: which setting is wrong, alive but not ready, and back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.serve import settings_class
from shared.db.database import normalise_url
from shared.db.migrations import migrate_async
from shared.db.tenancy import Scope
from shared.http.tokens import sign
from shared.settings import SERVICES, Settings
from tests.fixtures.waiting import soon
from tests.stack.engines import PostgreSQL

LOGIN = "keeper"


@asynccontextmanager
async def running(service: str, url: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The service as it is wired, its lifespan included; its bus is away, which delays nobody."""
    values: dict[str, Any] = {"data_dir": folder, f"{service}_database_url": url}
    settings = settings_class(service)(env="test", kafka_bootstrap="127.0.0.1:1", **values)
    app: FastAPI = import_module(f"services.{service}.app").create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{service}") as client:
            yield client


async def database_says(client: httpx.AsyncClient) -> list[str]:
    """What readiness says of the database; the process lives whatever it is."""
    assert (await client.get("/health/live")).status_code == 200
    answer = await client.get("/health/ready")
    return [one for one in answer.json()["not_ready"] if one.startswith("database")]


async def until_it_works(client: httpx.AsyncClient) -> None:
    async def works() -> bool:
        return not await database_says(client)

    await soon(works, within=60)


async def administer(postgresql: PostgreSQL, *statements: str) -> None:
    engine = create_async_engine(normalise_url(postgresql.superuser_url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
    await engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_database_that_does_not_exist_and_then_a_schema_that_is_behind(
    postgresql: PostgreSQL, service: str, tmp_path: Path
) -> None:
    url = f"postgresql://dossier@127.0.0.1:{postgresql.port}/{service}_late"
    setting = f"DOSSIER_{service.upper()}_DATABASE_URL"
    async with running(service, url, tmp_path) as client:
        missing = f"database: {setting}: the server has no database '{service}_late'."
        assert await database_says(client) == [missing]
        await administer(postgresql, f"CREATE DATABASE {service}_late OWNER dossier")

        async def behind() -> bool:
            said = await database_says(client)
            return (
                bool(said) and said[0].startswith(f"database: {setting}: ") and "dossier migrate" in said[0]
            )

        await soon(behind)
        refused = await client.get("/anything")
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:dossier:problem:unavailable")
        await migrate_async(service, url)
        await until_it_works(client)
        assert (await client.get("/anything")).status_code == 404


async def test_a_wrong_password_is_said_and_the_right_one_taken_without_a_restart(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    await administer(
        postgresql, f"CREATE ROLE {LOGIN} LOGIN PASSWORD 'changed'", "CREATE DATABASE kept OWNER keeper"
    )
    postgresql.ask_for_passwords(LOGIN)
    url = f"postgresql://{LOGIN}:canary@127.0.0.1:{postgresql.port}/kept"
    async with running("claims", url, tmp_path) as client:
        said = await database_says(client)
        assert said == [
            "database: DOSSIER_CLAIMS_DATABASE_URL: the database refuses the user 'keeper' or the password."
        ]
        await administer(postgresql, f"ALTER ROLE {LOGIN} PASSWORD 'canary'")
        await migrate_async("claims", url)
        await until_it_works(client)


async def test_a_database_that_goes_away_while_it_works_and_comes_back(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql.environment["DOSSIER_POLICY_DATABASE_URL"]
    await migrate_async("policy", url)
    async with running("policy", url, tmp_path) as client:
        await until_it_works(client)
        await asyncio.to_thread(postgresql.stop)

        async def gone() -> list[str]:
            return await database_says(client)

        where = f"127.0.0.1:{postgresql.port}"
        assert await soon(gone) == [f"database: DOSSIER_POLICY_DATABASE_URL: no database answers at {where}."]
        answer: Any = await client.get("/clients/x", headers=_authorised())
        assert (answer.status_code, answer.json()["type"]) == (
            503,
            "urn:dossier:problem:database_unavailable",
        )
        assert answer.headers["retry-after"]
        await asyncio.to_thread(postgresql.start)
        await until_it_works(client)
        assert (await client.get("/clients/x", headers=_authorised())).status_code == 404


def _authorised() -> dict[str, str]:
    token = sign(Settings(env="test"), Scope("paul", "broker", ("a",)), "policy")
    return {"Authorization": f"Bearer {token}"}
