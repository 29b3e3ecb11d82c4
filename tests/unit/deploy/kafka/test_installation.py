from __future__ import annotations

from pathlib import Path

import pytest

from deploy.kafka.cluster import ClusterFailed
from deploy.kafka.installation import installation, partition_count, passwords_of, replication
from deploy.kafka.topics import DEMO_PARTNERS, PARTNERS_FILE, Partner, read_partners, remember_partner
from deploy.local.launch import build_plan
from shared.contracts.codes import PartnerKind
from shared.settings import SERVICES, Settings

KAFKA = "kafka:9092"


def test_the_embedded_broker_has_topics_alone() -> None:
    found = installation(Settings(), DEMO_PARTNERS, 1)
    assert found.acls == []
    assert {spec.replication for spec in found.topics} == {-1}
    assert max(spec.partitions for spec in found.topics) == 4


def test_apache_kafka_has_more_partitions_for_our_events_than_for_a_partners_updates() -> None:
    found = installation(Settings(kafka_bootstrap=KAFKA), DEMO_PARTNERS, 5)
    partitions = {spec.name: spec.partitions for spec in found.topics}
    assert partitions["claims.events.v1"] == 24
    assert partitions["partners.garage-lyon.repair-updates.v1"] == 8
    assert partitions["partners.garage-lyon.receipts.v1"] == 4
    assert {spec.replication for spec in found.topics} == {3}
    assert {spec.config["min.insync.replicas"] for spec in found.topics} == {"2"}


@pytest.mark.parametrize(
    ("set_to", "brokers", "factor"), [(None, 1, 1), (None, 2, 2), (None, 9, 3), (1, 3, 1)]
)
def test_topics_are_kept_on_as_many_brokers_as_there_are_up_to_three(
    set_to: int | None, brokers: int, factor: int
) -> None:
    assert replication(Settings(kafka_replication=set_to), brokers) == factor


def test_more_replicas_than_brokers_are_refused_naming_the_setting() -> None:
    with pytest.raises(ClusterFailed, match="DOSSIER_KAFKA_REPLICATION is 3, but the brokers are 1"):
        replication(Settings(kafka_replication=3), 1)


def test_partitions_are_asked_for_set_or_the_engines_own() -> None:
    assert partition_count(Settings(kafka_partitions=6), 5) == 5
    assert partition_count(Settings(kafka_partitions=6)) == 6
    assert partition_count(Settings(kafka_bootstrap=KAFKA)) == 24
    assert partition_count(Settings()) == 4


def test_passwords_are_read_from_the_folder_as_far_as_they_are_there(tmp_path: Path) -> None:
    (tmp_path / "kafka-claims-password").write_text("secret\n")
    (tmp_path / "kafka-admin-password").write_text("root\n")
    (tmp_path / "something-else").write_text("x")
    found = passwords_of(Settings(kafka_service_passwords=tmp_path))
    assert found == {"dossier-claims": "secret", "dossier-admin": "root"}
    assert passwords_of(Settings()) == {}


def test_a_folder_without_passwords_and_a_file_without_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        ClusterFailed, match=r"DOSSIER_KAFKA_SERVICE_PASSWORDS names .*, where no password is"
    ):
        passwords_of(Settings(kafka_service_passwords=tmp_path))
    (tmp_path / "kafka-policy-password").write_text("\n")
    with pytest.raises(ClusterFailed, match="kafka-policy-password has no password"):
        passwords_of(Settings(kafka_service_passwords=tmp_path))


def test_each_service_logs_in_as_itself_where_its_password_is_handed_over(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, kafka_bootstrap=KAFKA, kafka_service_passwords=tmp_path / "secrets"
    )
    plan = build_plan(settings, demo=False)
    for service, one in zip(SERVICES, plan.services, strict=True):
        environment = one.process.environment
        assert environment["DOSSIER_KAFKA_USERNAME"] == f"dossier-{service}"
        assert environment["DOSSIER_KAFKA_PASSWORD_FILE"] == str(
            tmp_path / "secrets" / f"kafka-{service}-password"
        )
        assert environment["DOSSIER_KAFKA_PASSWORD"] == "", "the operator's own would win over the file"


@pytest.mark.parametrize("settings", [{}, {"kafka_bootstrap": KAFKA}, {"kafka_service_passwords": "secrets"}])
def test_else_all_log_in_as_the_settings_say(settings: dict[str, str], tmp_path: Path) -> None:
    plan = build_plan(Settings(data_dir=tmp_path, **settings), demo=False)  # type: ignore[arg-type]
    assert all("DOSSIER_KAFKA_USERNAME" not in one.process.environment for one in plan.services)


def test_partners_are_remembered_once_for_a_broker_that_forgets(tmp_path: Path) -> None:
    file = tmp_path / PARTNERS_FILE
    acme, other = Partner("acme", PartnerKind.GARAGE), Partner("other", PartnerKind.INSURER)
    assert remember_partner(file, acme)
    assert remember_partner(file, other)
    assert not remember_partner(file, acme)
    assert read_partners(file) == [acme, other]
    assert [one.name for one in tmp_path.iterdir()] == [PARTNERS_FILE], "no draft is left"
