"""What a partner may do on a real broker: send its updates, read its receipts, and nothing else, tried one by one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.fixtures.stack import ROOT
from tests.stack.conftest import Site
from tests.stack.login import (
    ALLOWED,
    CLUSTER_REFUSED,
    CLUSTER_REFUSED_CODE,
    GROUP_REFUSED,
    TOPIC_REFUSED,
    TRANSACTION_REFUSED,
    Login,
)

REPAIRS = "partners.garage-nice.repair-updates.v1"
RECEIPTS = "partners.garage-nice.receipts.v1"
FOREIGN = (
    RECEIPTS,  # what we answer, it cannot say
    f"{REPAIRS}.dlq",
    f"{RECEIPTS}.dlq",
    "partners.garage-nice.claim-updates.v1",
    "partners.insurer-gamma.claim-updates.v1",
    "partners.insurer-gamma.contract-updates.v1",
    "partners.insurer-gamma.receipts.v1",
    "partners.appraiser-two.appraisal-updates.v1",
    "policy.events.v1",
    "claims.events.v1",
    "claims.events.v1.dlq",
    "documents.events.v1",
    "notifications.events.v1",
    "identity.events.v1",
    "__consumer_offsets",
)


@pytest.fixture(scope="module")
def garage(site: Site) -> Login:
    """The garage, with the papers that it was handed."""
    for topic in (REPAIRS, RECEIPTS, "partners.insurer-gamma.receipts.v1", "claims.events.v1"):
        assert site.root.write(topic) == ALLOWED
    return site.partner(site.garage)


# --------------------------------------------------------------------------------------------- allowed


async def test_a_partner_sends_and_reads_with_what_it_was_handed(site: Site, garage: Login) -> None:
    login: dict[str, Any] = {
        "bootstrap_servers": site.garage.data["kafka"]["bootstrap"],
        "security_protocol": site.garage.data["kafka"]["security"],
        "sasl_mechanism": site.garage.data["kafka"]["mechanism"],
        "sasl_plain_username": site.garage.user,
        "sasl_plain_password": site.garage.password,
    }
    (topic,) = site.garage.writes
    assert (topic, site.garage.receipts) == (REPAIRS, RECEIPTS)
    async with AIOKafkaProducer(**login, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"{}", key=b"CL-1")
    group = site.garage.data["kafka"]["group_prefix"] + "desk"
    consumer = AIOKafkaConsumer(
        site.garage.receipts, **login, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    async with consumer:
        async with asyncio.timeout(20):
            record = await consumer.getone()
        assert record.topic == RECEIPTS
        await consumer.commit()


def test_a_partner_sees_its_topics_alone(garage: Login) -> None:
    assert garage.visible() == {REPAIRS, RECEIPTS}


# ------------------------------------------------------------------------------------------- forbidden


def test_a_partner_writes_nowhere_but_to_its_updates(garage: Login) -> None:
    assert garage.writes(FOREIGN) == dict.fromkeys(FOREIGN, TOPIC_REFUSED)
    assert garage.write(REPAIRS) == ALLOWED


def test_a_partner_reads_nothing_but_its_receipts(garage: Login) -> None:
    others = (*(topic for topic in FOREIGN if topic != RECEIPTS), REPAIRS)
    assert garage.reads(others) == dict.fromkeys(others, TOPIC_REFUSED)
    assert garage.reads([RECEIPTS]) == {RECEIPTS: ALLOWED}


def test_a_topic_that_does_not_exist_looks_like_one_that_is_forbidden(garage: Login) -> None:
    assert (
        garage.write("partners.nobody.repair-updates.v1") == garage.write("claims.events.v1") == TOPIC_REFUSED
    )


@pytest.mark.parametrize(
    "group", ["claims.main", "gateway.main", "operations.replay", "partners.insurer-gamma.desk", "mine"]
)
def test_a_partner_joins_no_group_but_its_own(garage: Login, group: str) -> None:
    assert garage.joins(group, RECEIPTS) == GROUP_REFUSED
    assert garage.commits(group, RECEIPTS) == GROUP_REFUSED
    assert garage.asks(lambda admin: admin.describe_consumer_groups([group])) == GROUP_REFUSED
    assert garage.asks(lambda admin: admin.delete_consumer_groups([group])) == GROUP_REFUSED


def test_a_partner_does_not_see_others_groups(site: Site, garage: Login) -> None:
    assert site.service("claims").joins("claims.main", "policy.events.v1") == ALLOWED
    admin = garage.admin
    seen = {one.group_id for one in admin.list_consumer_groups().result(20).valid}
    assert all(name.startswith("partners.garage-nice.") for name in seen)


def _grant(principal: str) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC,
        "claims.events.v1",
        ResourcePatternType.LITERAL,
        principal,
        "*",
        AclOperation.READ,
        AclPermissionType.ALLOW,
    )


def _all_of(principal: str) -> AclBindingFilter:
    anything: Any = None
    return AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        principal,
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def _retention(topic: str) -> ConfigResource:
    entry = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    return ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])


ME = "User:partner-garage-nice"
BROKER = ConfigResource(ResourceType.BROKER, "1")


@pytest.mark.parametrize(
    ("attempt", "refusal"),
    [
        (lambda admin: admin.create_topics([NewTopic("mine", 1, 1)]), TOPIC_REFUSED),
        (lambda admin: admin.create_topics([NewTopic("partners.garage-nice.x", 1, 1)]), TOPIC_REFUSED),
        (lambda admin: admin.delete_topics([REPAIRS]), TOPIC_REFUSED),
        (lambda admin: admin.delete_topics(["claims.events.v1"]), TOPIC_REFUSED),
        (lambda admin: admin.create_partitions([NewPartitions(REPAIRS, 20)]), TOPIC_REFUSED),
        (lambda admin: admin.incremental_alter_configs([_retention(REPAIRS)]), TOPIC_REFUSED),
        (lambda admin: admin.incremental_alter_configs([_retention("claims.events.v1")]), TOPIC_REFUSED),
        (
            lambda admin: admin.describe_configs([ConfigResource(ResourceType.TOPIC, "claims.events.v1")]),
            TOPIC_REFUSED,
        ),
        (lambda admin: admin.describe_configs([BROKER]), CLUSTER_REFUSED),
        (lambda admin: admin.create_acls([_grant(ME)]), CLUSTER_REFUSED),
        (lambda admin: admin.delete_acls([_all_of(ME)]), CLUSTER_REFUSED),
    ],
)
def test_a_partner_administers_nothing(
    garage: Login, attempt: Callable[[AdminClient], Any], refusal: str
) -> None:
    assert garage.asks(attempt) == refusal


async def test_a_partner_reads_no_permissions(garage: Login) -> None:
    assert await garage.reads_permissions() == CLUSTER_REFUSED_CODE


def test_a_partner_learns_no_users(garage: Login) -> None:
    # In a process of its own: this client (2.16) crashes on the refusal, sometimes before it tells it.
    attempt = (
        "import sys\n"
        "from tests.stack.login import Login\n"
        "login = Login(*sys.argv[1:])\n"
        "print(login.asks(lambda admin: admin.describe_user_scram_credentials(['dossier-claims'])), flush=True)\n"
    )
    command = [sys.executable, "-c", attempt, garage.bootstrap, garage.user, garage.password]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.strip() in {CLUSTER_REFUSED, ""}
    assert done.stdout or "invalid pointer" in done.stderr or done.returncode < 0, done.stderr


@pytest.mark.parametrize("victim", ["dossier-claims", "dossier-admin", "dossier", "partner-garage-nice"])
def test_a_partner_sets_no_password(site: Site, garage: Login, victim: str) -> None:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    stolen = UserScramCredentialUpsertion(victim, info, b"stolen")
    assert garage.asks(lambda admin: admin.alter_user_scram_credentials([stolen])) == CLUSTER_REFUSED
    assert not Login(garage.bootstrap, victim, "stolen").can_connect()
    assert site.service("claims").can_connect()


def test_a_partner_takes_no_transactional_id(garage: Login) -> None:
    assert garage.begins_transactions("relay") == TRANSACTION_REFUSED


# -------------------------------------------------------------------------------------------- logging in


@pytest.mark.parametrize(
    "change",
    [
        {"password": "wrong"},
        {"user": "partner-nobody"},
        {"user": "dossier-claims"},
        {"user": "partner-insurer-gamma"},
        {"mechanism": "SCRAM-SHA-256"},
        {"mechanism": "PLAIN"},
        {"security": "PLAINTEXT"},
    ],
    ids=str,
)
def test_nobody_comes_in_without_the_right_name_password_and_mechanism(
    garage: Login, change: dict[str, str]
) -> None:
    stranger = Login(**{**vars(garage), **change})
    assert not stranger.can_connect()
    assert garage.can_connect()


def test_the_brokers_internal_listener_takes_no_partners_login(site: Site, garage: Login) -> None:
    inside = Login(f"127.0.0.1:{site.kafka.admin_port}", garage.user, garage.password)
    assert not inside.can_connect()
