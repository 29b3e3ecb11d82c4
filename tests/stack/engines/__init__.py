"""Real engines for tests: fetched once, kept outside the repository, started on loopback, ended without a trace."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stack.engines.kafka import Kafka
from tests.stack.engines.postgresql import PostgreSQL
from tests.stack.engines.programs import Unavailable, say
from tests.stack.engines.s3 import ACCESS_KEY, S3, SECRET_KEY

__all__ = ["S3", "Kafka", "PostgreSQL", "RealEngines", "Unavailable", "running"]


@dataclass(frozen=True)
class RealEngines:
    """The engines of one stack, and the settings that name them."""

    kafka: Kafka
    postgresql: PostgreSQL
    s3: S3
    environment: Mapping[str, str]


@contextmanager
def running(folder: Path) -> Iterator[RealEngines]:
    """Start all three, in a folder that is readable for the user that PostgreSQL runs as; end them whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        kafka, postgresql, s3 = Kafka(folder / "kafka"), PostgreSQL(folder / "postgresql"), S3(folder / "s3")
        for engine in (kafka, postgresql, s3):
            stack.callback(engine.stop)
            engine.start()
        environment = {**kafka.environment, **postgresql.environment, **s3.environment}
        yield RealEngines(kafka, postgresql, s3, environment)


def suite_environment(engines: RealEngines) -> dict[str, str]:
    """What the integration suites read, so that their tests run on the real engines, too."""
    say("Apache Kafka, PostgreSQL and S3 answer")
    return {
        **os.environ,
        "STACK_POSTGRESQL_URL": engines.postgresql.url,
        "STACK_S3_ENDPOINT": engines.s3.endpoint,
        "STACK_S3_ACCESS_KEY": ACCESS_KEY,
        "STACK_S3_SECRET_KEY": SECRET_KEY,
    }
