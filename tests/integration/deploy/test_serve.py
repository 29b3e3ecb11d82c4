"""`python -m deploy.serve`: one service in a process of its own, as in a container."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from deploy.serve import EXIT_CONFIGURATION, build_server, settings_class
from services.claims.settings import ClaimsSettings
from services.gateway.settings import GatewaySettings
from shared.settings import Settings
from tests.integration.deploy.stacks import PATIENCE, ROOT, eventually, free_port


def serve(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.serve", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own service
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_a_service_has_its_own_settings_and_the_common_ones_where_it_has_none() -> None:
    assert settings_class("claims") is ClaimsSettings
    assert issubclass(settings_class("claims"), Settings)


@pytest.mark.parametrize("arguments", [(), ("billing",), ("claims", "policy")])
def test_what_is_no_service_is_refused_with_the_list_of_services(arguments: tuple[str, ...]) -> None:
    out, error = (process := serve(*arguments)).communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert error == "usage: python -m deploy.serve {policy,claims,documents,notifications,gateway}\n"
    assert not out


async def test_a_server_that_is_told_to_stop_lets_its_application_end_its_streams(tmp_path: Path) -> None:
    gateway = build_server("gateway", GatewaySettings(data_dir=tmp_path))
    claims = build_server("claims", ClaimsSettings(data_dir=tmp_path))
    told = asyncio.Event()
    application: Any = gateway.config.app
    application.state.leaving = told.set

    for server in (claims, gateway):
        server.handle_exit(signal.SIGTERM, None)

    async with asyncio.timeout(5):
        await told.wait()
    assert claims.should_exit
    assert gateway.should_exit


def test_a_mistake_in_the_settings_is_one_sentence(tmp_path: Path) -> None:
    process = serve("claims", DOSSIER_DATA_DIR=str(tmp_path), DOSSIER_CLAIMS_HISTORY_LIMIT="many")
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == EXIT_CONFIGURATION
    assert error.startswith("DOSSIER_CLAIMS_HISTORY_LIMIT is not valid")
    assert error.count("\n") == 1


def test_production_refuses_the_development_secret(tmp_path: Path) -> None:
    process = serve("claims", DOSSIER_DATA_DIR=str(tmp_path), DOSSIER_ENV="production")
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == EXIT_CONFIGURATION
    assert "DOSSIER_SECRET must be set in production" in error


def test_a_service_waits_for_its_schema_saying_what_to_do_and_goes_on_by_itself(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "DOSSIER_DATA_DIR": str(tmp_path),
        "DOSSIER_CLAIMS_PORT": str(port),
        "DOSSIER_KAFKA_PORT": str(free_port()),
    }
    url = f"http://127.0.0.1:{port}"
    process = serve("claims", **environment)
    try:
        eventually(lambda: status(f"{url}/health/live") == 200, what="a live service")
        [said] = of_database(url)
        assert said.startswith("database: DOSSIER_CLAIMS_DATABASE_URL: ")
        assert "run `dossier migrate` first" in said
        assert status(f"{url}/claims/x") == 503
        subprocess.run(
            [sys.executable, "-m", "deploy.cli", "migrate", "claims"],
            cwd=ROOT,
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
        )
        eventually(lambda: not of_database(url), what="a service with its schema")
        assert status(f"{url}/claims/x") == 401
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode in {0, -signal.SIGTERM}
    assert "Traceback" not in out + error


def test_migrating_a_database_that_is_away_is_one_sentence_with_its_setting(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "migrate", "claims"],
        cwd=ROOT,
        env={
            **os.environ,
            "DOSSIER_DATA_DIR": str(tmp_path),
            "DOSSIER_CLAIMS_DATABASE_URL": "postgresql://dossier:canary@127.0.0.1:1/claims",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "DOSSIER_CLAIMS_DATABASE_URL: no database answers at 127.0.0.1:1."


def of_database(url: str) -> list[str]:
    """What readiness says of the database."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:  # noqa: S310 - our own service
            body = json.load(answer)
    except urllib.error.HTTPError as error:
        body = json.load(error)
    return [one for one in body["not_ready"] if one.startswith("database")]


def test_a_service_without_broker_serves_and_ends_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "DOSSIER_DATA_DIR": str(tmp_path),
        "DOSSIER_CLAIMS_PORT": str(port),
        "DOSSIER_KAFKA_PORT": str(free_port()),
        "DOSSIER_LOG_FORMAT": "json",
    }
    subprocess.run(
        [sys.executable, "-m", "deploy.cli", "migrate", "claims"],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    process = serve("claims", **environment)
    try:
        eventually(lambda: status(f"http://127.0.0.1:{port}/health/live") == 200, what="a live service")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=5)
    finally:
        process.kill()
    events = [json.loads(line)["event"] for line in out.splitlines() if line.startswith("{")]
    assert "service.started" in events
    assert "service.stopped" in events
