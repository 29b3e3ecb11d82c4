"""A Kafka cluster as an administrator sees it: topics, permissions and users, over confluent-kafka's admin client.

Every failure is one sentence that names what to look at. (aiokafka's admin client has neither ACLs nor SCRAM.)
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final, NamedTuple, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewTopic,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.kafka.acls import Acl
from deploy.kafka.bindings import acl_of, columns_of, everything, nothing
from deploy.kafka.topics import TopicSpec
from shared.settings import PREFIX, Settings

T = TypeVar("T")

SECONDS: Final = 30.0
"""Longest wait for an answer."""
SCRAM_ITERATIONS: Final = 8192
_FIRST_LOOK_SECONDS: Final = 0.5
"""Each look is longer than the one before: a refused login is told soon, a slow cluster gets its time."""
_TOPIC_BATCH: Final = 200
_ACL_BATCH: Final = 500

_OF_THE_CLIENT: Final = "Local: "
"""How the client marks what no broker has said: timed out, disconnected."""

_SILENT = logging.getLogger("dossier.kafka.admin")
"""librdkafka's own complaints: what matters is in the sentence."""
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class ClusterFailed(Exception):  # noqa: N818 - it is what the operator reads
    """The cluster did not do it; the message is one sentence."""


class LoginRefused(ClusterFailed):
    """Kafka does not know this user, or not with this password."""


class NoAuthorizer(ClusterFailed):
    """This Kafka checks nobody's permissions."""


class FoundTopic(NamedTuple):
    """A topic that is there."""

    partitions: int
    replication: int


class Cluster:
    """One connection; made and asked from one thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        bootstrap: str | None = None,
        user: tuple[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """Prepare; nothing is connected before the first question. `user` logs in instead of the settings' own."""
        self.bootstrap = bootstrap or settings.bootstrap
        self._seconds = seconds
        self._mechanism = settings.kafka_mechanism
        self._login_refused = ""
        self._name = user[0] if user else settings.kafka_username
        options = {
            **_client_options(self.bootstrap, settings, user),
            "error_cb": self._heed,
            "socket.connection.setup.timeout.ms": 5_000,
        }
        self._admin = AdminClient(options, logger=_SILENT)

    # ----------------------------------------------------------------------------------------- cluster

    def brokers(self) -> int:
        """How many brokers there are. Raises `ClusterFailed` when none answers or the login is refused."""
        return len(self._metadata().brokers)

    def topics(self) -> dict[str, FoundTopic]:
        """All topics that this user may see."""
        return {
            name: FoundTopic(
                len(topic.partitions), max((len(p.replicas) for p in topic.partitions.values()), default=0)
            )
            for name, topic in self._metadata().topics.items()
        }

    def configs(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """What was set for these topics themselves; what they have by the cluster's defaults is not there."""
        found: dict[str, dict[str, str]] = {}
        for some in _batches(names, _TOPIC_BATCH):
            resources = [ConfigResource(ResourceType.TOPIC, name) for name in some]
            for resource, answer in self._admin.describe_configs(
                resources, request_timeout=self._seconds
            ).items():
                entries = self._answer(answer, f"The configuration of {resource.name} could not be read")
                found[resource.name] = {
                    name: entry.value
                    for name, entry in entries.items()
                    if entry.source
                    in {ConfigSource.DYNAMIC_TOPIC_CONFIG.value, ConfigSource.DYNAMIC_TOPIC_CONFIG}
                }
        return found

    def create_topics(self, specs: Iterable[TopicSpec]) -> list[str]:
        """Create the topics that are missing and return their names; those that exist are left as they are."""
        created: list[str] = []
        for some in _batches(specs, _TOPIC_BATCH):
            new = [NewTopic(one.name, one.partitions, one.replication, config=one.config) for one in some]
            answers = self._admin.create_topics(
                new, operation_timeout=self._seconds, request_timeout=self._seconds
            )
            for name, answer in answers.items():
                try:
                    answer.result(self._seconds + 1)
                except KafkaException as failure:
                    if _code(failure) == KafkaError.TOPIC_ALREADY_EXISTS:
                        continue
                    raise self._failed(failure, f"The topic {name} could not be created") from failure
                created.append(name)
        return created

    def set_configs(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Set these options of these topics, and leave their other options as they are."""
        for some in _batches(changes.items(), _TOPIC_BATCH):
            resources = [
                ConfigResource(
                    ResourceType.TOPIC,
                    name,
                    incremental_configs=[
                        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                        for key, value in options.items()
                    ],
                )
                for name, options in some
            ]
            answers = self._admin.incremental_alter_configs(resources, request_timeout=self._seconds)
            for resource, answer in answers.items():
                self._answer(answer, f"The configuration of {resource.name} could not be changed")

    # ------------------------------------------------------------------------------------- permissions

    def acls(self) -> set[Acl]:
        """Every permission of every user. Raises `NoAuthorizer` where nobody's permissions are checked."""
        complaint = "The permissions could not be read"
        answer = self._admin.describe_acls(everything(), request_timeout=self._seconds)
        found = {acl_of(binding) for binding in self._answer(answer, complaint)}
        if not found:
            # The client gives an empty list for a refusal, too (2.16); deleting what nobody has tells them apart.
            probe = nothing()
            self._answer(self._admin.delete_acls([probe], request_timeout=self._seconds)[probe], complaint)
        return found

    def create_acls(self, acls: Iterable[Acl]) -> None:
        """Grant these; those that are there stay."""
        for some in _batches(acls, _ACL_BATCH):
            bindings = [AclBinding(*columns_of(acl)) for acl in some]
            for binding, answer in self._admin.create_acls(bindings, request_timeout=self._seconds).items():
                self._answer(answer, f"It could not be granted that {acl_of(binding)}")

    def delete_acls(self, acls: Iterable[Acl]) -> None:
        """Revoke exactly these."""
        for some in _batches(acls, _ACL_BATCH):
            filters = [AclBindingFilter(*columns_of(acl)) for acl in some]
            for one, answer in self._admin.delete_acls(filters, request_timeout=self._seconds).items():
                self._answer(answer, f"A permission of {one.principal} could not be revoked")

    # ------------------------------------------------------------------------------------------- users

    def users(self) -> set[str]:
        """Who can log in by SCRAM with the mechanism of the settings."""
        answer = self._admin.describe_user_scram_credentials(request_timeout=self._seconds)
        assert isinstance(answer, Future)  # one answer, as no users are named
        found = self._answer(answer, "The users could not be read")
        return {
            name
            for name, described in found.items()
            if any(info.mechanism is self._scram() for info in described.scram_credential_infos)
        }

    def set_password(self, user: str, password: str) -> None:
        """Make a user, or give one another password; connections that stand stay."""
        credential = ScramCredentialInfo(self._scram(), SCRAM_ITERATIONS)
        change = UserScramCredentialUpsertion(user, credential, password.encode())
        answers = self._admin.alter_user_scram_credentials([change], request_timeout=self._seconds)
        self._answer(answers[user], f"The user {user} could not be made")

    # ------------------------------------------------------------------------------------------ inside

    def _scram(self) -> ScramMechanism:
        name = self._mechanism.replace("-", "_")
        if not name.startswith("SCRAM"):
            raise ClusterFailed(f"{PREFIX}KAFKA_MECHANISM is {self._mechanism}: Kafka keeps no users for it.")
        return ScramMechanism[name]

    def _metadata(self) -> Any:
        """Ask until it is answered: the client itself would try a refused login for ever."""
        deadline, look = time.monotonic() + self._seconds, _FIRST_LOOK_SECONDS
        while True:
            try:
                return self._admin.list_topics(timeout=min(look, self._seconds))
            except KafkaException as failure:
                self._admin.poll(0)
                if self._login_refused or time.monotonic() > deadline or _code(failure) >= 0:
                    raise self._failed(failure, "The topics could not be read") from failure
                look *= 2

    def _heed(self, error: KafkaError) -> None:
        """Keep what Kafka said of the login. A handshake that a busy broker did not finish has the same code, and is no refusal."""
        refused = error.code() == KafkaError._AUTHENTICATION  # noqa: SLF001 - named so because it is the client's own code
        if refused and _OF_THE_CLIENT not in error.str():
            self._login_refused = error.str()

    def _answer(self, answer: Future[T], complaint: str) -> T:
        try:
            return answer.result(self._seconds + 1)
        except KafkaException as failure:
            raise self._failed(failure, complaint) from failure
        except FutureTimeoutError as failure:
            raise ClusterFailed(f"Kafka at {self.bootstrap} does not answer: timed out.") from failure

    def _failed(self, failure: KafkaException, complaint: str) -> ClusterFailed:
        error: KafkaError = failure.args[0]
        code = error.code()
        if self._login_refused:
            return LoginRefused(
                f"Kafka at {self.bootstrap} refuses the login of {self._name}: look at {PREFIX}KAFKA_USERNAME,"
                f" {PREFIX}KAFKA_PASSWORD and {PREFIX}KAFKA_MECHANISM."
            )
        if code < 0:  # the client's own codes: no broker has said this
            return ClusterFailed(
                f"Kafka at {self.bootstrap} does not answer: {error.str()}. Look at {PREFIX}KAFKA_BOOTSTRAP and"
                f" {PREFIX}KAFKA_SECURITY."
            )
        if code == KafkaError.SECURITY_DISABLED:
            return NoAuthorizer(f"Kafka at {self.bootstrap} has no authorizer: {error.str()}.")
        if code in _FORBIDDEN:
            return ClusterFailed(f"{complaint}: {self._name or 'nobody'} may not do that ({error.str()}).")
        return ClusterFailed(f"{complaint}: {error.str()}.")


_FORBIDDEN: Final = {KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED}


def _client_options(bootstrap: str, settings: Settings, user: tuple[str, str] | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap.servers": bootstrap,
        "client.id": "dossier-operator",
        "security.protocol": settings.kafka_security,
    }
    if settings.kafka_security in {"SSL", "SASL_SSL"}:
        options["ssl.ca.location"] = ssl.get_default_verify_paths().cafile or "probe"
    if settings.kafka_security.startswith("SASL") and settings.kafka_username and settings.kafka_password:
        name, password = user or (settings.kafka_username, settings.kafka_password.get_secret_value())
        options |= {
            "sasl.mechanism": settings.kafka_mechanism,
            "sasl.username": name,
            "sasl.password": password,
        }
    return options


def _code(failure: KafkaException) -> int:
    error: KafkaError = failure.args[0]
    return error.code()


def _batches(things: Iterable[T], size: int) -> Iterable[list[T]]:
    rest = list(things)
    for begin in range(0, len(rest), size):
        yield rest[begin : begin + size]
