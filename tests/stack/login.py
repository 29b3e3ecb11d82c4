"""Anybody with a Kafka client, a name and a password: what the broker lets him do, and the error it names when not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DescribeAclsRequest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

SILENT = logging.getLogger("tests.kafka")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False

ALLOWED = "allowed"
SECONDS = 20.0
TOPIC_REFUSED = "TOPIC_AUTHORIZATION_FAILED"
GROUP_REFUSED = "GROUP_AUTHORIZATION_FAILED"
CLUSTER_REFUSED = "CLUSTER_AUTHORIZATION_FAILED"
CLUSTER_REFUSED_CODE = 31
TRANSACTION_REFUSED = "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"


@dataclass
class Login:
    """A user of a listener."""

    bootstrap: str
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = "SASL_PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"

    def options(self, **more: Any) -> dict[str, Any]:
        """What every client of his is made with."""
        login: dict[str, Any] = {}
        if self.security.startswith("SASL"):
            login = {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.user,
                "sasl.password": self.password,
            }
        common = {"bootstrap.servers": self.bootstrap, "security.protocol": self.security, "logger": SILENT}
        return {**common, **login, **more}

    @property
    def admin(self) -> AdminClient:
        """An administrator's client, whoever holds it."""
        return AdminClient(self.options())

    # ------------------------------------------------------------------------------------- logging in

    def can_connect(self, within: float = SECONDS) -> bool:
        """Whether the broker lets him in; False only when it says that it does not."""
        complaints: list[KafkaError] = []
        client = AdminClient(self.options(error_cb=complaints.append))
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            try:
                client.list_topics(timeout=0.5)
            except KafkaException:
                client.poll(0)
                codes = {error.code() for error in complaints}
                if codes & {KafkaError._AUTHENTICATION, KafkaError._ALL_BROKERS_DOWN}:
                    return False
            else:
                return True
        raise AssertionError(f"no answer within {within} s")

    def visible(self) -> set[str]:
        """The topics that he gets to see."""
        admin = self.admin
        return set(admin.list_topics(timeout=SECONDS).topics)

    # ------------------------------------------------------------------------------- writing, reading

    def writes(self, topics: Iterable[str], **more: Any) -> dict[str, str]:
        """Send a record to the first partition of each; gives ALLOWED or the broker's error by topic."""
        outcome: dict[str, str] = {}
        producer = Producer(self.options(**{"message.timeout.ms": 15_000, "linger.ms": 0, **more}))

        def note(topic: str) -> Callable[[KafkaError | None, Any], None]:
            def delivered(error: KafkaError | None, _message: Any) -> None:
                outcome[topic] = ALLOWED if error is None else str(error.name())

            return delivered

        for topic in topics:
            producer.produce(topic, key=b"K", value=b"{}", partition=0, on_delivery=note(topic))
        producer.flush(SECONDS)
        return outcome

    def write(self, topic: str, **more: Any) -> str:
        """Send one record."""
        return self.writes([topic], **more)[topic]

    def reads(self, topics: Iterable[str]) -> dict[str, str]:
        """Fetch the first record of each (there must be one in partition 0), in no group.

        A topic that he may not even see is refused when the client looks for it, before anything is fetched.
        """
        consumer = self._consumer(str(uuid4()))
        outcome: dict[str, str] = {}
        for topic in topics:
            error = consumer.list_topics(topic, timeout=SECONDS).topics[topic].error
            outcome[topic] = "" if error is None else str(error.name())
        waiting = {topic for topic, found in outcome.items() if not found}
        consumer.assign([TopicPartition(topic, 0, 0) for topic in sorted(waiting)])
        deadline = time.monotonic() + SECONDS
        while waiting and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None or message.topic() not in waiting:
                continue
            error = message.error()
            outcome[str(message.topic())] = ALLOWED if error is None else str(error.name())
            waiting.discard(str(message.topic()))
        consumer.close()
        return outcome

    def joins(self, group: str, topic: str) -> str:
        """Subscribe in a group until it has partitions or is refused."""
        assigned: list[Any] = []
        consumer = self._consumer(group)
        consumer.subscribe([topic], on_assign=lambda _consumer, found: assigned.append(found))
        deadline = time.monotonic() + SECONDS
        try:
            while time.monotonic() < deadline:
                message = consumer.poll(0.2)
                error = message.error() if message is not None else None
                if error is not None and error.name() != "_TRANSPORT":
                    return str(error.name())
                if assigned:
                    return ALLOWED
        except KafkaException as failure:
            return str(failure.args[0].name())
        finally:
            consumer.close()
        raise AssertionError(f"neither joined {group} nor refused")

    def commits(self, group: str, topic: str) -> str:
        """Move a group's position without joining it."""
        moved = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 0)])
        return self.asks(lambda admin: admin.alter_consumer_group_offsets([moved]))

    def begins_transactions(self, name: str) -> str:
        """Take a transactional id, which would fence whoever has it."""
        return self._attempt(
            lambda: Producer(self.options(**{"transactional.id": name})).init_transactions(SECONDS)
        )

    # ---------------------------------------------------------------------------------- administering

    def asks(self, question: Callable[[AdminClient], Any]) -> str:
        """Ask an administrator's question; gives ALLOWED or the first error among the answers."""
        admin = self.admin  # held until it has answered
        return self._attempt(lambda: _settled(question(admin)))

    async def reads_permissions(self) -> int:
        """Ask for all permissions as they go over the wire (the other client hides refusals); gives Kafka's error code."""
        client = AIOKafkaAdminClient(
            bootstrap_servers=self.bootstrap,
            security_protocol=self.security,
            sasl_mechanism=self.mechanism,
            sasl_plain_username=self.user,
            sasl_plain_password=self.password,
        )
        await client.start()
        try:
            node = client._client.get_random_node()
            answer = await client._client.send(node, DescribeAclsRequest(1, None, 1, None, None, 1, 1))
            return int(answer.error_code)
        finally:
            await client.close()

    def _consumer(self, group: str) -> Consumer:
        return Consumer(
            self.options(
                **{
                    "group.id": group,
                    "auto.offset.reset": "earliest",
                    "enable.auto.commit": False,
                    "session.timeout.ms": 6000,
                }
            )
        )

    @staticmethod
    def _attempt(work: Callable[[], Any]) -> str:
        try:
            work()
        except KafkaException as failure:
            return str(failure.args[0].name())
        return ALLOWED


def _settled(answer: Any) -> None:
    futures = [answer] if isinstance(answer, Future) else list(answer.values())
    for future in futures:
        found = future.result(SECONDS)
        if isinstance(found, TopicPartition) and found.error is not None:
            raise KafkaException(found.error)
        for partition in getattr(found, "topic_partitions", None) or ():
            if partition.error is not None:
                raise KafkaException(partition.error)
