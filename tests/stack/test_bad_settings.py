"""Wrong passwords, servers that do not answer, topics and buckets that are missing: told, waited for, recovered from.

In each case the process is live and not ready, names the setting, tries again ever less often, and is ready by itself once
somebody has mended what was wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from shared.settings import PREFIX, SERVICES
from tests.fixtures.proxy import Proxy
from tests.fixtures.waiting import eventually
from tests.stack.alone import Alone, alone
from tests.stack.conftest import running
from tests.stack.engines import S3, Kafka, PostgreSQL
from tests.stack.engines.kafka import ADMIN, ADMIN_PASSWORD
from tests.stack.engines.programs import free_port
from tests.stack.operator import Operator


@dataclass
class Place:
    """Engines, a door before Kafka, and an operator who has migrated the databases and done nothing else yet."""

    operator: Operator
    kafka: Kafka
    door: Proxy
    folder: Path

    def start_all(
        self, stack: ExitStack, name: str, password: str | None = None, user: str = ""
    ) -> list[Alone]:
        """Start the five services, each as itself with its own password, or as told."""
        found = []
        for service in SERVICES:
            login = {
                f"{PREFIX}KAFKA_USERNAME": user or f"dossier-{service}",
                f"{PREFIX}KAFKA_PASSWORD": password or self.operator.passwords[f"dossier-{service}"],
            }
            settings = {**self.operator.settings, **login}
            found.append(stack.enter_context(alone(service, self.folder / name, settings)))
        for one in found:
            one.wait_until_live()
        return found

    def set_password(self, service: str, password: str) -> None:
        """Have the broker take this password for the service's user, as its administrator does."""
        mechanism = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(f"dossier-{service}", mechanism, password.encode())
        admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{self.kafka.admin_port}"})
        for done in admin.alter_user_scram_credentials([change]).values():
            done.result(20)

    def documents(self, stack: ExitStack, name: str, **settings: str) -> Alone:
        """Start the service that keeps files, with an object store of its own."""
        login = {
            f"{PREFIX}KAFKA_USERNAME": "dossier-documents",
            f"{PREFIX}KAFKA_PASSWORD": self.operator.passwords["dossier-documents"],
        }
        more = {f"{PREFIX}S3_{key.upper()}": value for key, value in settings.items()}
        one = stack.enter_context(
            alone("documents", self.folder / name, {**self.operator.settings, **login, **more})
        )
        one.wait_until_live()
        return one


@pytest.fixture(scope="module")
def place(postgresql: PostgreSQL, s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    port = free_port()
    folder = tmp_path_factory.mktemp("bad-settings")
    for kafka in running(lambda engine: Kafka(engine, port), tmp_path_factory.mktemp("kafka")):
        door = Proxy(kafka.inner_port, port)
        door.start()
        try:
            settings = {**kafka.environment, **postgresql.environment, **s3.environment}
            operator = Operator(
                folder,
                {
                    **settings,
                    f"{PREFIX}DATA_DIR": str(folder / "data"),
                    f"{PREFIX}KAFKA_PARTITIONS": "2",
                    f"{PREFIX}DEMO": "false",
                },
            )
            (folder / "data").mkdir()
            operator.write_passwords()
            operator.do("migrate")
            yield Place(operator, kafka, door, folder)
        finally:
            door.stop()


def waits_longer_and_longer(one: Alone) -> bool:
    """Whether the last pause between its attempts was longer than the first."""
    times = [dt.datetime.fromisoformat(event["timestamp"]) for event in one.events("messaging.not_connected")]
    pauses = [(after - before).total_seconds() for before, after in pairwise(times)]
    return len(pauses) > 1 and pauses[-1] > pauses[0]


def test_a_broker_without_the_topics(place: Place) -> None:
    # The first test: nobody has run `dossier topics` yet, which also makes the services' own users.
    with ExitStack() as stack:
        running_ones = place.start_all(stack, "topics", ADMIN_PASSWORD, ADMIN)
        for one in running_ones:
            assert ".events.v1" in one.wait_for_complaint("dossier topics")
            eventually(partial(waits_longer_and_longer, one), 60, f"growing pauses of {one.service}")
        place.operator.do("topics")
        for one in running_ones:
            one.wait_until_ready()


def test_a_wrong_kafka_password(place: Place) -> None:
    place.operator.do("topics")
    with ExitStack() as stack:
        running_ones = place.start_all(stack, "password", "this-is-not-the-password")
        for one in running_ones:
            one.wait_for_complaint(f"{PREFIX}KAFKA_PASSWORD")
            eventually(partial(waits_longer_and_longer, one), 60, f"growing pauses of {one.service}")
            assert "this-is-not-the-password" not in one.log.read_text("utf-8")
        for service in SERVICES:
            place.set_password(service, "this-is-not-the-password")
        try:
            for one in running_ones:
                one.wait_until_ready()
        finally:
            for service in SERVICES:
                place.set_password(service, place.operator.passwords[f"dossier-{service}"])


def test_a_kafka_that_does_not_answer(place: Place) -> None:
    place.operator.do("topics")
    with ExitStack() as stack:
        with place.door.shut():
            running_ones = place.start_all(stack, "unreachable")
            for one in running_ones:
                one.wait_for_complaint(f"{PREFIX}KAFKA_BOOTSTRAP")
                eventually(partial(waits_longer_and_longer, one), 60, f"growing pauses of {one.service}")
        for one in running_ones:
            one.wait_until_ready()


def test_wrong_keys_of_the_object_store(place: Place, s3: S3) -> None:
    place.operator.do("topics")
    with ExitStack() as stack:
        one = place.documents(
            stack, "keys", access_key="newcomer", secret_key="his-secret", bucket="newcomers"
        )
        one.wait_for_complaint(f"{PREFIX}S3_ACCESS_KEY")
        s3.administer("create-user", "--access", "newcomer", "--secret", "his-secret", "--role", "userplus")
        one.wait_until_ready()


def test_a_bucket_that_is_missing_and_may_not_be_made(place: Place, s3: S3) -> None:
    place.operator.do("topics")
    s3.administer("create-user", "--access", "tenant", "--secret", "tenants-secret", "--role", "user")
    with ExitStack() as stack:
        one = place.documents(
            stack, "bucket", access_key="tenant", secret_key="tenants-secret", bucket="flat"
        )
        one.wait_for_complaint(f"{PREFIX}S3_BUCKET")
        s3.administer("create-bucket", "--bucket", "flat", "--owner", "tenant")
        one.wait_until_ready()


def test_an_object_store_that_does_not_answer(place: Place, s3: S3) -> None:
    place.operator.do("topics")
    door = Proxy(s3.port, free_port())
    door.start()
    with ExitStack() as stack:
        stack.callback(door.stop)
        with door.shut():
            one = place.documents(stack, "store", endpoint=f"http://127.0.0.1:{door.port}", bucket="later")
            one.wait_for_complaint(f"{PREFIX}S3_ENDPOINT")
        one.wait_until_ready()
