"""Apache Kafka and PostgreSQL for a run of benchmarks, and how anybody connects to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.stack.engines import Kafka, PostgreSQL


@dataclass(frozen=True)
class Engines:
    """Both, on loopback. Files stay on the disk: no benchmark moves one."""

    kafka: Kafka
    postgresql: PostgreSQL

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings of services."""
        return {**self.kafka.environment, **self.postgresql.environment}

    @property
    def client(self) -> dict[str, Any]:
        """How any client of aiokafka connects: as the product does."""
        settings = self.kafka.environment
        return {
            "bootstrap_servers": settings["DOSSIER_KAFKA_BOOTSTRAP"],
            "security_protocol": settings["DOSSIER_KAFKA_SECURITY"],
            "sasl_mechanism": settings["DOSSIER_KAFKA_MECHANISM"],
            "sasl_plain_username": settings["DOSSIER_KAFKA_USERNAME"],
            "sasl_plain_password": settings["DOSSIER_KAFKA_PASSWORD"],
        }

    def database(self, name: str) -> str:
        """URL of a database."""
        return f"{self.postgresql.url.rpartition('/')[0]}/{name}"

    def whole(self, name: str) -> str:
        """The same for who prepares and counts: no row-level security holds him."""
        return f"{self.postgresql.superuser_url.rpartition('/')[0]}/{name}"

    async def create_topics(self, names: list[str], partitions: int) -> None:
        """Create topics that do not exist yet."""
        admin = AIOKafkaAdminClient(**self.client)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(one, partitions, 1) for one in names])
        finally:
            await admin.close()


@contextmanager
def running(folder: Path) -> Iterator[Engines]:
    """Start both in a folder that PostgreSQL's own user can reach; end them whatever happens."""
    with ExitStack() as stack:
        kafka, postgresql = Kafka(folder / "kafka"), PostgreSQL(folder / "postgresql")
        for engine in (kafka, postgresql):
            stack.callback(engine.stop)
            engine.start()
        yield Engines(kafka, postgresql)
