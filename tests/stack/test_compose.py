"""docker-compose.yml, run on this machine: engines, steps and services by the command lines of the file."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from confluent_kafka import Consumer, Producer

from shared.settings import SERVICES
from tests.stack.containers import ComposePostgreSQL, Host
from tests.stack.engines import Unavailable, programs

Papers = dict[str, Any]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The engines, running as the file starts them."""
    folder = tmp_path_factory.mktemp("compose")
    folder.chmod(0o755)  # PostgreSQL runs as its own user
    try:
        made = Host(folder)
    except Unavailable as reason:
        if os.environ.get("STACK_REQUIRED") == "1":
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    postgresql = ComposePostgreSQL(made)
    try:
        made.prepare_kafka()
        made.start("kafka")
        made.start("s3")
        postgresql.start()
        yield made
    finally:
        made.stop()
        postgresql.stop()


@pytest.fixture(scope="module")
def prepared(host: Host) -> Host:
    """After the steps."""
    for step in ("migrate", "topics"):
        done = host.run(step)
        assert done.returncode == 0, done.stderr
    return host


@pytest.fixture(scope="module")
def running(prepared: Host) -> Host:
    """With all services healthy by the checks of the file."""
    prepared.start(*SERVICES)
    return prepared


def test_steps_run_again_change_nothing(prepared: Host) -> None:
    assert prepared.run("migrate").stdout == "5 up to date\n"
    assert prepared.run("topics").returncode == 0


def test_every_service_answers_ready_on_the_engines(running: Host) -> None:
    for service in SERVICES:
        answer = running.readiness(service)
        assert answer["status"] == "ready"
        assert answer["checks"]["database"]["dialect"] == "postgresql"


def test_every_service_reads_its_topics_and_publishes_as_itself(running: Host) -> None:
    for service in SERVICES:

        def works(service: str = service) -> bool:
            messaging = running.readiness(service)["checks"]["messaging"]
            return bool(messaging["consumer"]["partitions"] and messaging["relay"]["active"])

        programs.until(works, None, f"{service} with partitions and an active relay", 30)


def test_files_are_kept_on_s3(running: Host) -> None:
    assert running.readiness("documents")["checks"]["storage"] == {
        "ready": True,
        "available": True,
    }
    assert (running.folder / "volumes" / "objects" / "dossier-documents").is_dir()


def test_the_gateway_serves_pages_their_assets_and_the_partners_documents(running: Host) -> None:
    page = running.fetch("gateway", "/login").text
    assets = set(re.findall(r'"(/static/[^"]+)"', page))
    assert len(assets) >= 3
    assert {running.fetch("gateway", asset).status_code for asset in assets} == {httpx.codes.OK}
    assert running.fetch("gateway", "/api/v1/openapi.json").json()["info"]["title"] == "Dossier"


def test_an_account_that_the_operator_makes_can_log_in(running: Host) -> None:
    agency = running.run("dossier", "create-agency", "Cabinet Test", "--country", "FR").stdout.strip()
    user = ["create-user", "test@cabinet.example", "--agency", agency, "--password-stdin"]
    made = running.run("dossier", *user, given="a-good-long-password\n")
    assert made.stdout == "test@cabinet.example is ready\n", made.stderr
    address = f"http://127.0.0.1:{running.ports['gateway']}"
    with httpx.Client(base_url=address, timeout=10) as browser:
        account = {"email": "test@cabinet.example", "password": "a-good-long-password"}
        assert browser.post("/api/v1/session", json=account).is_success
        assert browser.get("/api/v1/claims").json()["items"] == []


def test_a_partner_that_the_operator_makes_is_answered_by_kafka_and_by_http(running: Host) -> None:
    papers = papers_of(running, "garage-test")
    assert papers["kafka"]["security"] == "SASL_PLAINTEXT"
    send_by_kafka(papers, "by-kafka")
    address = f"http://127.0.0.1:{running.ports['gateway']}/partners/v1/repair-updates"
    key = {
        "authorization": f"Bearer {papers['http']['api_key']}",
        "content-type": "application/cloudevents+json",
    }
    body = json.dumps(repair_update("garage-test", "by-http"))
    taken = httpx.post(address, headers=key, content=body, timeout=10)
    assert taken.status_code == httpx.codes.ACCEPTED, taken.text
    assert receipts(papers, 2) == {"by-kafka": "unknown_claim", "by-http": "unknown_claim"}


def papers_of(running: Host, partner: str) -> Papers:
    """What create-partner prints."""
    made = running.run("dossier", "create-partner", partner, "--kind", "garage", "--json")
    assert made.returncode == 0, made.stderr
    papers: Papers = json.loads(made.stdout)
    return papers


def client(papers: Papers, certificate: str | None) -> dict[str, str]:
    options = {
        "bootstrap.servers": papers["kafka"]["bootstrap"],
        "security.protocol": papers["kafka"]["security"],
        "sasl.mechanism": papers["kafka"]["mechanism"],
        "sasl.username": papers["kafka"]["username"],
        "sasl.password": papers["kafka"]["password"],
    }
    return {**options, "ssl.ca.location": certificate} if certificate else options


def send_by_kafka(papers: Papers, message: str, certificate: str | None = None) -> None:
    producer = Producer(client(papers, certificate))
    update = json.dumps(repair_update(papers["id"], message))
    producer.produce(papers["kafka"]["writes"][0], update, key="TRIAL")
    assert producer.flush(30) == 0


def receipts(papers: Papers, number: int, certificate: str | None = None) -> dict[str, str]:
    """Message id -> reason, of the first receipts."""
    group = papers["kafka"]["group_prefix"] + "test"
    options = {**client(papers, certificate), "group.id": group, "auto.offset.reset": "earliest"}
    consumer = Consumer(options)
    consumer.subscribe([papers["kafka"]["reads"]])
    answers: dict[str, str] = {}
    deadline = time.monotonic() + 60
    while len(answers) < number and time.monotonic() < deadline:
        record = consumer.poll(1.0)
        if record is not None and record.error() is None:
            receipt = json.loads(record.value() or b"")["data"]
            answers[receipt["message_id"]] = receipt["reason"]["code"]
    consumer.close()
    return answers


def repair_update(partner: str, message: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": message,
        "source": f"urn:dossier:partner:{partner}",
        "type": "dossier.partner.repair-update.v1",
        "time": "2026-11-23T08:00:00Z",
        "data": {
            "claim_number": "TRIAL",
            "sequence": 1,
            "phase": "arrived",
            "occurred_at": "2026-11-23T08:00:00Z",
        },
    }


def test_a_changed_password_of_a_service_is_taken_over_by_the_step(running: Host) -> None:
    file = running.secrets / "kafka-policy-password"
    file.chmod(0o644)
    file.write_text("f" * 64 + "\n", encoding="utf-8")
    assert "user dossier-policy: password changed" in running.run("topics").stdout
    process = running.processes["policy"]
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    running.start("policy")

    def works() -> bool:
        return bool(running.readiness("policy")["checks"]["messaging"]["relay"]["active"])

    programs.until(works, None, "policy with its new password", 30)


def test_the_broker_keeps_users_topics_and_records_over_a_restart(running: Host) -> None:
    programs.stop(running.processes["kafka"])
    assert not running.healthy("kafka")
    running.start("kafka")
    assert "0 topics created" in running.run("topics").stdout


def test_a_partner_reaches_the_published_broker_over_tls(running: Host) -> None:
    programs.stop(running.processes["kafka"])
    certificate = running.publish_kafka()
    running.start("kafka")
    papers = papers_of(running, "garage-far")
    assert papers["kafka"]["security"] == "SASL_SSL"
    send_by_kafka(papers, "by-tls", certificate)
    assert receipts(papers, 1, certificate) == {"by-tls": "unknown_claim"}


async def test_a_service_reaches_its_own_database_and_no_other(running: Host) -> None:
    urls = {
        service: (running.secrets / f"{service}-database-url").read_text(encoding="utf-8").strip()
        for service in SERVICES
    }
    connection = await asyncpg.connect(urls["claims"])
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(urls["claims"].removesuffix("/claims") + "/policy")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(re.sub(r":[0-9a-f]{64}@", ":wrong@", urls["claims"]))


def test_nothing_is_written_into_the_image(running: Host) -> None:
    newest = max(file.stat().st_ctime for file in running.image.rglob("*"))
    assert newest < running.assembled_at, "a read-only container would have failed"


def test_no_secret_is_in_a_log(running: Host) -> None:
    values = [
        file.read_text(encoding="utf-8").strip()
        for file in running.secrets.iterdir()
        if file.stat().st_size > 20
    ]
    for log in running.folder.glob("*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert not [value for value in values if value in text], log.name


def test_a_service_stops_within_its_grace_period_and_then_its_health_check_fails(running: Host) -> None:
    process = running.processes["notifications"]
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) in {0, -signal.SIGTERM}  # the server ends by the signal that it was sent
    assert "service.stopped" in running.log("notifications").read_text(encoding="utf-8")
    assert time.monotonic() - started < 10
    assert not running.healthy("notifications")
    running.start("notifications")
