"""Real engines for the tests that only these can answer. A module that asks for Kafka has one of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeVar

import pytest

from tests.stack.engines import S3, Kafka, PostgreSQL, RealEngines, Unavailable
from tests.stack.engines.kafka import ADMIN, ADMIN_PASSWORD
from tests.stack.login import Login
from tests.stack.operator import Operator, Papers, Said


class Engine(Protocol):
    """What all of them can."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


E = TypeVar("E", bound=Engine)


def running(engine: Callable[[Path], E], folder: Path) -> Iterator[E]:
    """Start it, and end it whatever happens. What cannot be had skips the test, or fails it with STACK_REQUIRED=1."""
    folder.chmod(0o755)  # PostgreSQL runs as its own user
    try:
        one = engine(folder / "engine")
        with ExitStack() as stack:
            stack.callback(one.stop)
            one.start()
            yield one
    except Unavailable as reason:
        if os.environ.get("STACK_REQUIRED") == "1":
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker whose topics, users and permissions are this module's alone."""
    yield from running(Kafka, tmp_path_factory.mktemp("kafka"))


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    """A server with an empty database for each service.

    Not in pytest's own folder: each run of pytest that starts beside this one closes that to other users again, and the
    server runs as one.
    """
    with TemporaryDirectory(prefix="dossier-postgresql-", ignore_cleanup_errors=True) as folder:
        yield from running(PostgreSQL, Path(folder))


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """An S3 server without buckets."""
    yield from running(S3, tmp_path_factory.mktemp("s3"))


@pytest.fixture(scope="module")
def engines(kafka: Kafka, postgresql: PostgreSQL, s3: S3) -> RealEngines:
    """All three, of this module alone."""
    environment = {**kafka.environment, **postgresql.environment, **s3.environment}
    return RealEngines(kafka, postgresql, s3, environment)


@dataclass
class Site:
    """An installation's bus as its operator set it up, with a partner of each kind, and what the commands said."""

    kafka: Kafka
    operator: Operator
    """Logged in as dossier-admin, who is no super user of this broker."""
    dry: Said
    """`dossier topics --dry-run` on the empty broker."""
    first: Said
    second: Said
    garage: Papers
    insurer: Papers
    appraiser: Papers

    @property
    def root(self) -> Login:
        """The broker's super user."""
        return Login(self.kafka.bootstrap, ADMIN, ADMIN_PASSWORD)

    def service(self, name: str) -> Login:
        """One of our services."""
        return Login(self.kafka.bootstrap, f"dossier-{name}", self.operator.passwords[f"dossier-{name}"])

    def partner(self, papers: Papers) -> Login:
        """A partner with what it was handed."""
        return Login(self.kafka.bootstrap, papers.user, papers.password)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The commands of an operator on a new broker, in their order."""
    folder = tmp_path_factory.mktemp("site")
    for broker in running(Kafka, tmp_path_factory.mktemp("site-kafka")):
        settings = {
            **broker.environment,
            "DOSSIER_DATA_DIR": str(folder / "data"),
            "DOSSIER_DEMO": "false",
            "DOSSIER_KAFKA_PARTITIONS": "4",
        }
        (folder / "data").mkdir()
        root = Operator(folder, settings)
        root.write_passwords()
        root.do("migrate", "gateway")
        dry, first = root.do("topics", "--dry-run"), root.do("topics")
        operator = root.logged_in_as("dossier-admin", root.passwords["dossier-admin"])
        yield Site(
            broker,
            operator,
            dry,
            first,
            operator.do("topics"),
            operator.partner("garage-nice", "--kind", "garage", "--name", "Garage de Nice"),
            operator.partner("insurer-gamma", "--kind", "insurer"),
            operator.partner("appraiser-two", "--kind", "appraiser"),
        )
