"""`dossier topics` on a real broker, and what each of our services may do there, tried topic by topic."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import pytest
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
)

from shared.settings import SERVICES
from tests.stack.conftest import Site
from tests.stack.login import (
    ALLOWED,
    CLUSTER_REFUSED,
    GROUP_REFUSED,
    TOPIC_REFUSED,
    TRANSACTION_REFUSED,
    Login,
)

INTERNAL = ("policy", "claims", "documents", "notifications", "identity")
EVENTS = tuple(f"{name}.events.v1" for name in INTERNAL)
REPAIRS = "partners.garage-nice.repair-updates.v1"
CLAIMS = "partners.insurer-gamma.claim-updates.v1"
CONTRACTS = "partners.insurer-gamma.contract-updates.v1"
APPRAISALS = "partners.appraiser-two.appraisal-updates.v1"
UPDATES = (REPAIRS, CLAIMS, CONTRACTS, APPRAISALS)
RECEIPTS = tuple(f"partners.{one}.receipts.v1" for one in ("garage-nice", "insurer-gamma", "appraiser-two"))
ALL = tuple(name + end for name in (*EVENTS, *UPDATES, *RECEIPTS) for end in ("", ".dlq"))

READS = {
    "policy": {"identity.events.v1", CONTRACTS},
    "claims": {"policy.events.v1", REPAIRS, CLAIMS, APPRAISALS},
    "documents": {"policy.events.v1", "claims.events.v1"},
    "notifications": {
        "policy.events.v1",
        "claims.events.v1",
        "documents.events.v1",
        "identity.events.v1",
    },
    "gateway": {
        "policy.events.v1",
        "claims.events.v1",
        "documents.events.v1",
        "notifications.events.v1",
        *RECEIPTS,
    },
}
ANSWERS = {
    "policy": {"policy.events.v1", RECEIPTS[1]},
    "claims": {"claims.events.v1", *RECEIPTS},
    "documents": {"documents.events.v1"},
    "notifications": {"notifications.events.v1"},
    "gateway": {"identity.events.v1", *UPDATES},
}
"""What each service has to say; beside it, each puts aside what it could not take of what it reads."""
WRITES = {name: ANSWERS[name] | {f"{topic}.dlq" for topic in READS[name]} for name in SERVICES}


@pytest.fixture(scope="module")
def filled(site: Site) -> Site:
    """A record in the first partition of each topic, so that whoever may read it can."""
    for topic in ALL:
        assert site.root.write(topic) == ALLOWED
    return site


# ---------------------------------------------------------------------------------------- the command


def test_a_dry_run_shows_what_is_missing_and_changes_nothing(site: Site) -> None:
    lines = site.dry.out.splitlines()
    assert "+ topic claims.events.v1 (4 partitions)" in lines
    assert "+ user dossier-claims" in lines
    assert "+ User:dossier-claims may write topic claims.events.v1" in lines
    assert lines[-1] == "nothing was changed"
    assert "10 topics created, 0 were there" in site.first.out, "the dry run created some"


def test_a_second_run_finds_no_differences(site: Site) -> None:
    assert site.second.out == "no differences\n0 topics created, 10 were there\n"
    assert "no differences" in site.operator.do("topics").out, "partners' topics and rights are known, too"


def test_topics_have_their_partitions_and_options(site: Site) -> None:
    admin = site.root.admin
    described = admin.list_topics(timeout=10).topics
    assert len(described["claims.events.v1"].partitions) == 4
    assert len(described["claims.events.v1.dlq"].partitions) == 1
    resource = ConfigResource(ResourceType.TOPIC, "claims.events.v1")
    options = admin.describe_configs([resource])[resource].result(10)
    assert options["cleanup.policy"].value == "delete"
    assert options["min.insync.replicas"].value == "1"
    assert int(options["retention.ms"].value) == 90 * 24 * 60 * 60 * 1000


def test_what_was_changed_by_hand_is_shown_and_mended_as_far_as_asked_for(site: Site) -> None:
    admin = site.root.admin
    needed = _acl("User:dossier-claims", "policy.events.v1", AclOperation.READ)
    surplus = _acl(f"User:{site.garage.user}", CLAIMS, AclOperation.WRITE)
    foreign = _acl("User:somebody-else", "policy.events.v1", AclOperation.READ)
    to_all = _acl("User:*", "policy.events.v1", AclOperation.DESCRIBE)
    _settle(admin.delete_acls([_filter(needed)]))
    _settle(admin.create_acls([surplus, foreign, to_all]))
    _settle(
        admin.create_topics([NewTopic("partners.ghost.repair-updates.v1", 1, 1), NewTopic("theirs", 1, 1)])
    )
    _settle(admin.create_partitions([NewPartitions("documents.events.v1.dlq", 2)]))
    _settle(admin.incremental_alter_configs([_retention("claims.events.v1", "1000")]))

    shown = site.operator.do("topics").out.splitlines()

    assert "+ User:dossier-claims may read topic policy.events.v1" in shown
    assert f"- User:{site.garage.user} may write topic {CLAIMS}" in shown
    assert "! User:* may describe topic policy.events.v1: so may every partner" in shown
    assert not [line for line in shown if "somebody-else" in line or "theirs" in line]
    assert "- topic partners.ghost.repair-updates.v1" in shown
    assert "! topic documents.events.v1.dlq has 2 partitions, should have 1" in shown
    assert "~ topic claims.events.v1: retention.ms is 1000, should be 7776000000" in shown
    assert "1 permissions granted" in shown
    assert "--prune revokes the permissions marked with -" in shown
    assert surplus in _acls(admin), "only --prune revokes"

    mended = site.operator.do("topics", "--prune", "--configs").out
    assert "1 permissions revoked" in mended
    assert "1 options of 1 topics set" in mended
    left = site.operator.do("topics", "--dry-run").out.splitlines()
    assert {line[0] for line in left[:-1]} == {"!", "-"}, "what only a person may decide about stays shown"
    assert {foreign, to_all} <= _acls(admin), "other people's permissions are theirs"

    _settle(admin.delete_acls([_filter(foreign), _filter(to_all)]))
    _settle(admin.delete_topics(["partners.ghost.repair-updates.v1", "theirs", "documents.events.v1.dlq"]))
    site.operator.do("topics")


def test_a_password_that_was_changed_in_its_file_is_changed_on_the_broker(site: Site) -> None:
    file = site.operator.folder / "secrets" / "kafka-documents-password"
    before = site.service("documents")
    file.write_text("another-one\n")
    try:
        assert "~ user dossier-documents: another password" in site.operator.do("topics").out
        assert not before.can_connect()
        assert Login(before.bootstrap, before.user, "another-one").can_connect()
    finally:
        file.write_text(before.password)
        site.operator.do("topics")
    assert before.can_connect()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"DOSSIER_KAFKA_PASSWORD": "wrong"},
            "refuses the login of dossier-admin: look at DOSSIER_KAFKA_USERNAME",
        ),
        ({"DOSSIER_KAFKA_REPLICATION": "3"}, "DOSSIER_KAFKA_REPLICATION is 3, but the brokers are 1"),
        ({"DOSSIER_KAFKA_SERVICE_PASSWORDS": "/nowhere"}, "DOSSIER_KAFKA_SERVICE_PASSWORDS names /nowhere"),
        (
            {"DOSSIER_GATEWAY_DATABASE_URL": "postgresql://127.0.0.1:1/x"},
            "look at DOSSIER_GATEWAY_DATABASE_URL",
        ),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_setting(
    site: Site, settings: dict[str, str], sentence: str
) -> None:
    said = site.operator.run("topics", **settings)
    assert said.code == 1
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_who_is_no_operator_is_told_that_he_may_not(site: Site) -> None:
    somebody = site.operator.logged_in_as("dossier-claims", site.operator.passwords["dossier-claims"])
    said = somebody.run("topics")
    assert said.code == 1
    assert "dossier-claims may not do that" in said.err


def test_nothing_is_pruned_while_the_partners_are_not_known(site: Site) -> None:
    said = site.operator.run("topics", "--prune", DOSSIER_DATA_DIR=str(site.operator.folder / "elsewhere"))
    assert said.code == 1
    assert "--prune needs the gateway's database" in said.err


# ---------------------------------------------------------------------------------------- our services


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_writes_what_it_has_to_say_and_nothing_else(filled: Site, service: str) -> None:
    found = filled.service(service).writes(ALL)
    assert {topic for topic, outcome in found.items() if outcome == ALLOWED} == WRITES[service]
    assert set(found.values()) == {ALLOWED, TOPIC_REFUSED}
    assert len(found) == len(ALL)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_what_it_listens_to_and_nothing_else(filled: Site, service: str) -> None:
    found = filled.service(service).reads(ALL)
    assert {topic for topic, outcome in found.items() if outcome == ALLOWED} == READS[service]
    assert set(found.values()) == {ALLOWED, TOPIC_REFUSED}
    assert len(found) == len(ALL)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_sees_no_topic_that_it_neither_reads_nor_writes(site: Site, service: str) -> None:
    assert site.service(service).visible() == READS[service] | WRITES[service]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_joins_its_own_group_alone(site: Site, service: str) -> None:
    login, topic = site.service(service), min(READS[service])
    assert login.joins(f"{service}.main", topic) == ALLOWED
    others = [f"{one}.main" for one in SERVICES if one != service]
    for group in (*others, f"{service}.other", "operations.replay", "partners.garage-nice.desk"):
        assert login.commits(group, topic) == GROUP_REFUSED, group


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_administers_nothing(site: Site, service: str) -> None:
    login = site.service(service)
    own = min(READS[service])
    assert login.asks(lambda admin: admin.create_topics([NewTopic("new.events.v1", 1, 1)])) == TOPIC_REFUSED
    assert login.asks(lambda admin: admin.delete_topics([own])) == TOPIC_REFUSED
    assert login.asks(lambda admin: admin.incremental_alter_configs([_retention(own, "1")])) == TOPIC_REFUSED
    assert login.asks(
        lambda admin: admin.create_acls([_acl(f"User:{login.user}", "x", AclOperation.ALL)])
    ) == (CLUSTER_REFUSED)
    assert login.begins_transactions(f"{service}.transaction") == TRANSACTION_REFUSED


def test_the_operator_deletes_nothing_and_reads_no_group_but_his_own(site: Site) -> None:
    password = site.operator.passwords["dossier-admin"]
    login = Login(site.kafka.bootstrap, "dossier-admin", password)
    assert login.asks(lambda admin: admin.delete_topics(["claims.events.v1"])) == TOPIC_REFUSED
    assert login.asks(lambda admin: admin.create_topics([NewTopic("mine", 1, 1)])) == TOPIC_REFUSED
    assert login.commits("claims.main", "claims.events.v1") == GROUP_REFUSED


# ---------------------------------------------------------------------------------------------- parts


def _acl(principal: str, topic: str, operation: AclOperation) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        principal,
        "*",
        operation,
        AclPermissionType.ALLOW,
    )


def _filter(acl: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        acl.restype,
        acl.name,
        acl.resource_pattern_type,
        acl.principal,
        acl.host,
        acl.operation,
        acl.permission_type,
    )


def _acls(admin: AdminClient) -> set[AclBinding]:
    anything = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    return set(admin.describe_acls(anything).result(10))


def _retention(topic: str, milliseconds: str) -> ConfigResource:
    entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
    return ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])


def _settle(answers: Mapping[Any, Future[Any]]) -> None:
    for answer in answers.values():
        answer.result(10)
