"""The operator's user does its other work, too; and a Kafka that checks nobody is told, not trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.conftest import Site, running
from tests.stack.engines import Kafka
from tests.stack.login import ALLOWED, Login
from tests.stack.operator import Operator

REPAIRS = "partners.garage-nice.repair-updates.v1"


def test_dead_letters_are_replayed_once_by_the_operators_user(site: Site) -> None:
    admin = Login(site.kafka.bootstrap, "dossier-admin", site.operator.passwords["dossier-admin"])
    site.operator.do("replay-dead-letters")  # what other tests left
    assert site.service("claims").write(f"{REPAIRS}.dlq") == ALLOWED
    assert "1 dead letters were sent" in site.operator.do("replay-dead-letters", "--topic", REPAIRS).out
    assert "no dead letters" in site.operator.do("replay-dead-letters").out
    assert admin.can_connect()


class OpenKafka(Kafka):
    """A broker without an authorizer, as a developer may have one."""

    def _properties(self) -> str:
        kept = super()._properties().splitlines()
        checks = ("authorizer.", "allow.everyone.", "super.users")
        return "\n".join(line for line in kept if not line.startswith(checks))


@pytest.fixture
def careless(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    (tmp_path / "data").mkdir()
    for broker in running(OpenKafka, tmp_path_factory.mktemp("open-kafka")):
        settings = {
            **broker.environment,
            "DOSSIER_DATA_DIR": str(tmp_path / "data"),
            "DOSSIER_DEMO": "false",
            "DOSSIER_KAFKA_PARTITIONS": "1",
        }
        yield Operator(tmp_path, settings)


def test_a_kafka_without_an_authorizer_gets_its_topics_and_a_warning(careless: Operator) -> None:
    careless.do("migrate", "gateway")
    said = careless.do("topics").out
    assert "! this Kafka has no authorizer: everybody may read and write everything" in said
    assert "10 topics created" in said

    papers = careless.partner("acme", "--kind", "garage")
    assert "permissions: none, as this Kafka has no authorizer: everybody may read everything" in papers.done
    assert Login(papers.data["kafka"]["bootstrap"], papers.user, papers.password).can_connect()
