from __future__ import annotations

import shlex
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from deploy.kafka.handout import Handout
from deploy.kafka.topics import Partner
from shared.contracts.codes import PartnerKind
from shared.contracts.topics import UPDATE_KINDS_OF
from shared.messaging.partners import read_message
from shared.settings import Settings

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
GARAGE = Partner("acme", PartnerKind.GARAGE)
KAFKA = Settings(
    kafka_bootstrap="inside:9092",
    kafka_security="SASL_SSL",
    kafka_username="x",
    kafka_password=SecretStr("y"),
)


def test_a_partner_learns_where_as_whom_and_what() -> None:
    papers = Handout(GARAGE, KAFKA, "hunter2", "dossier_key").as_data()
    assert papers["kafka"] == {
        "bootstrap": "inside:9092",
        "security": "SASL_SSL",
        "mechanism": "SCRAM-SHA-512",
        "username": "partner-acme",
        "password": "hunter2",
        "writes": ["partners.acme.repair-updates.v1"],
        "reads": "partners.acme.receipts.v1",
        "group_prefix": "partners.acme.",
    }
    assert papers["http"] == {"url": "http://127.0.0.1:8000/partners/v1", "api_key": "dossier_key"}


def test_secrets_stand_in_the_papers_once_and_never_in_a_command_line() -> None:
    handout = Handout(GARAGE, KAFKA, "hunter2", "dossier_key")
    text = "\n".join(handout.lines())
    assert text.count("hunter2") == text.count("dossier_key") == 1
    assert "hunter2" not in repr(handout)


def test_what_was_handed_out_before_is_not_shown_again() -> None:
    lines = Handout(GARAGE, KAFKA).lines()
    assert sum("as handed out before" in line for line in lines) == 2


def test_on_the_embedded_broker_nobody_logs_in() -> None:
    handout = Handout(GARAGE, Settings(kafka_port=19999), api_key="dossier_key")
    assert "username" not in handout.as_data()["kafka"]
    assert handout.bootstrap == "127.0.0.1:19999"
    assert "PASSWORD" not in "\n".join(handout.lines())


def test_partners_are_told_the_address_that_they_reach() -> None:
    settings = KAFKA.model_copy(
        update={"kafka_partner_bootstrap": "outside:9094", "public_url": "https://desk.example/"}
    )
    handout = Handout(GARAGE, settings)
    assert handout.bootstrap == "outside:9094"
    assert handout.url == "https://desk.example/partners/v1"


@pytest.mark.parametrize("kind", PartnerKind)
def test_the_lines_to_try_send_a_message_that_is_well_formed(kind: PartnerKind) -> None:
    tries = Handout(Partner("acme", kind), KAFKA).as_data()["try"]
    _echo, produced, *_ = shlex.split(tries["kcat"])
    words = shlex.split(tries["curl"])
    for body in (produced, words[words.index("-d") + 1]):
        reading = read_message("acme", UPDATE_KINDS_OF[kind][0], body.encode(), NOON)
        assert reading.message is not None, reading.verdict
