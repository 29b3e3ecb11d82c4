"""The five services on real engines, each with its own Kafka user, answer partners that have theirs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.settings import SERVICES
from tests.fixtures.desk import desk_of
from tests.fixtures.partners import Partner, PartnerLine, onramp, partner
from tests.fixtures.stack import Stack, running_stack
from tests.fixtures.waiting import soon
from tests.stack.engines import S3, Kafka, PostgreSQL
from tests.stack.operator import Operator, Papers

METADATA_SECONDS = 40.0
"""The services look for new topics every ten seconds; the rest is room for a busy machine."""
_REFUSED = re.compile(r"Authorization|Authentication", re.IGNORECASE)


@dataclass
class Desk:
    """The running product and its operator."""

    stack: Stack
    operator: Operator


@pytest.fixture(scope="module")
def desk(
    kafka: Kafka, postgresql: PostgreSQL, s3: S3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """`dossier run` by dossier-admin, who is no super user; no service knows his password."""
    folder = tmp_path_factory.mktemp("themselves")
    engines = {**kafka.environment, **postgresql.environment, **s3.environment}
    root = Operator(folder, {**engines, "DOSSIER_DATA_DIR": str(folder / "data")})
    (folder / "data").mkdir()
    root.write_passwords()
    root.do("migrate")
    root.do("topics")
    root.do("seed-demo")  # the longest part of a first start
    operator = root.logged_in_as("dossier-admin", root.passwords["dossier-admin"])
    own = {name: value for name, value in operator.settings.items() if name != "DOSSIER_DATA_DIR"}
    with running_stack(folder, own) as stack:
        operator.settings["DOSSIER_PUBLIC_URL"] = stack.url
        yield Desk(stack, operator)


@asynccontextmanager
async def line_of(papers: Papers) -> AsyncIterator[PartnerLine]:
    """A partner's connection with what it was handed, and nothing else."""
    kafka = papers.data["kafka"]
    login: dict[str, Any] = {
        "bootstrap_servers": kafka["bootstrap"],
        "security_protocol": kafka["security"],
        "sasl_mechanism": kafka["mechanism"],
        "sasl_plain_username": papers.user,
        "sasl_plain_password": papers.password,
    }
    reading = AIOKafkaConsumer(
        papers.receipts, **login, group_id=f"{kafka['group_prefix']}desk", auto_offset_reset="earliest"
    )
    async with AIOKafkaProducer(**login, acks="all", enable_idempotence=True) as producer, reading:
        line = PartnerLine(producer, reading)
        listening = asyncio.create_task(line.listen())
        try:
            yield line
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def test_each_service_logs_in_as_itself_and_no_password_is_written_down(desk: Desk) -> None:
    # That they work at all shows it too: dossier-admin, as whom all of this was started, may join none of their groups.
    plan = (desk.stack.data_dir / "run" / "plan.json").read_text()
    for service in SERVICES:
        assert f'"DOSSIER_KAFKA_USERNAME": "dossier-{service}"' in plan
    for password in desk.operator.passwords.values():
        assert password not in plan
        assert password not in desk.stack.console()


async def test_a_garages_update_reaches_the_desk_and_its_receipt_the_garage(desk: Desk) -> None:
    garage = partner(desk.stack, "garage-lyon")
    papers = await asyncio.to_thread(desk.operator.partner, "garage-lyon")
    assert "partner garage-lyon: was registered" in papers.done
    async with desk_of(desk.stack, "broker.fr") as broker, line_of(papers) as line:
        claim = await _claim_in_repair(broker, garage)
        data = {
            "claim_number": claim["claim_number"],
            "phase": claim["repair"]["phase"],
            "note": "en attente",
        }
        message = garage.message("repair-updates", data)

        begun = time.monotonic()
        await line.push(message)
        answer = await line.answer(message.id)
        print(f"update to receipt: {time.monotonic() - begun:.3f} s")

        assert answer["outcome"] == "accepted", answer

        async def projected() -> bool:
            found = await broker.get(f"/claims/{claim['claim_number']}")
            return int(found["sequence"]) == int(answer["sequence"])

        await soon(projected)
        again = garage.message("repair-updates", data)
        begun = time.monotonic()
        await line.push(again)
        assert (await line.answer(again.id))["outcome"] == "accepted"
        print(f"the next one: {time.monotonic() - begun:.3f} s")


async def test_an_insurers_claim_and_contract_updates_are_answered_by_two_services(desk: Desk) -> None:
    insurer = partner(desk.stack, "insurer-alpha")
    papers = await asyncio.to_thread(desk.operator.partner, "insurer-alpha")
    async with line_of(papers) as line:
        claim = insurer.message("claim-updates", {"claim_number": insurer.claim_numbers[0], "note": "reçu"})
        contract = insurer.message(
            "contract-updates", {"policy_number": insurer.policy_numbers[0], "note": "reçu"}
        )
        await line.push_all([claim, contract])
        answers = await line.answers([claim.id, contract.id])
    assert {found[0]["outcome"] for found in answers.values()} == {"accepted"}


async def test_the_onramp_sends_and_answers_for_a_partner_without_kafka(desk: Desk) -> None:
    appraiser = partner(desk.stack, "appraiser-one")
    event = appraiser.event(
        "appraisal-updates", {"claim_number": appraiser.claim_numbers[0], "status": "assigned", "note": "x"}
    )
    async with onramp(desk.stack, appraiser) as http:
        assert (await http.post("/appraisal-updates", json=event)).status_code == 202

        async def receipt() -> dict[str, Any] | None:
            answer = await http.get(f"/receipts/{event['id']}")
            return answer.json() if answer.status_code == 200 else None

        found = await soon(receipt)
    assert found is not None
    assert found["message_id"] == event["id"]


async def test_a_new_partner_is_heard_while_all_runs_by_the_lines_it_was_given(desk: Desk) -> None:
    said = await asyncio.to_thread(
        desk.operator.run_alone, "create-partner", "garage-rennes", "--kind", "garage", "--json"
    )
    assert said.code == 0, said.err
    papers = Papers(json.loads(said.out), said.err.splitlines(), said.seconds)
    print(f"create-partner: {said.seconds:.1f} s")
    tries = papers.data["try"]
    secrets = {"PASSWORD": papers.password, "KEY": papers.data["http"]["api_key"]}

    def shell(line: str) -> str:
        done = subprocess.run(
            ["sh", "-c", line],
            env={**os.environ, **secrets},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    begun = time.monotonic()
    if _kcat_can_log_in():
        shell(tries["kcat"])
    else:
        print("kcat is too old for SCRAM with Kafka 4: its line is sent by another client")
        await _publish(papers, shlex.split(tries["kcat"])[1].encode())
    assert json.loads(shell(tries["curl"])) == {"message_id": "trial-2"}
    async with line_of(papers) as line:
        answers = await line.answers(["trial-1", "trial-2"], METADATA_SECONDS)
    for found in answers.values():
        assert found[0]["outcome"] == "rejected"
        assert found[0]["reason"]["code"] == "unknown_claim"
    print(f"first answers to a new partner: {time.monotonic() - begun:.1f} s after its first message")


def test_nobody_was_refused_anything_meanwhile(desk: Desk) -> None:
    for service in SERVICES:
        refused = [line for line in desk.stack.log(service).splitlines() if _REFUSED.search(line)]
        assert not refused, refused[:3]


def _kcat_can_log_in() -> bool:
    """Kafka 4 refuses the SCRAM of librdkafka before 2.6.1, which repeated the client's nonce."""
    try:
        said = subprocess.run(["kcat", "-V"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return False
    found = re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", said)
    return found is not None and tuple(map(int, found.groups())) >= (2, 6, 1)


async def _publish(papers: Papers, body: bytes) -> None:
    async with line_of(papers) as line:
        await line.producer.send_and_wait(papers.writes[0], value=body, key=b"TRIAL")


async def _claim_in_repair(broker: Any, garage: Partner) -> dict[str, Any]:
    """An open claim of this desk's that the garage works on."""
    for number in garage.claim_numbers:
        answer = await broker.client.get(f"/api/v1/claims/{number}")
        if answer.status_code == 200 and (answer.json().get("repair") or {}).get("phase"):
            found: dict[str, Any] = answer.json()
            return found
    raise AssertionError("the garage has no claim in repair at this desk")
