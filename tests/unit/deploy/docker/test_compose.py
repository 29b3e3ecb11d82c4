from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for

from shared.settings import PREFIX, SERVICES
from tests.stack.engines import kafka, s3
from tests.unit.deploy.docker import agreement, composition
from tests.unit.deploy.docker.composition import SECRETS, Container, Document

PARTNERS = composition.ROOT / "deploy" / "docker" / "partners.yml"
DOCUMENT = composition.load()
CONTAINERS = composition.containers(DOCUMENT)
OURS = [one for one in CONTAINERS.values() if one.ours]


def schema_errors(document: Document) -> list[str]:
    folder = resources.files("check_jsonschema.builtin_schemas.vendor")
    schema = json.loads((folder / "compose-spec.json").read_text(encoding="utf-8"))
    return [error.message for error in validator_for(schema)(schema).iter_errors(document)]


def test_the_file_obeys_the_compose_specification() -> None:
    assert schema_errors(DOCUMENT) == []


def test_the_file_that_publishes_kafka_obeys_it_too_and_names_only_what_is_there(secrets: Path) -> None:
    more = composition.load(PARTNERS)
    assert schema_errors(more) == []
    assert set(more["services"]) <= set(CONTAINERS)
    both = composition.merged(DOCUMENT, more)
    assert schema_errors(both) == []
    (secrets / "kafka-certificate").touch()
    found = agreement.complaints(both, secrets)
    (secrets / "kafka-certificate").unlink()
    assert found == ["kafka is published.", "kafka can be reached from outside."]  # which is what it is for
    assert composition.variables(PARTNERS) == {"PARTNER_ADDRESS", "SECRETS"}


def test_the_specification_refuses_a_mistyped_key() -> None:
    broken = copy.deepcopy(DOCUMENT)
    broken["services"]["claims"]["restart_policy"] = "always"
    assert any("restart_policy" in message for message in schema_errors(broken))


def test_compose_settings_code_and_scripts_agree(secrets: Path) -> None:
    assert agreement.complaints(DOCUMENT, secrets) == []


def plant(service: str, *path: str, value: Any = None) -> Callable[[Document], None]:
    """Set (or, with None, remove) what lies at a path below one service."""

    def change(document: Document) -> None:
        place = document["services"][service]
        for key in path[:-1]:
            place = place[key]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return change


def drop(kind: str, name: str) -> Callable[[Document], None]:
    return lambda document: document[kind].pop(name)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            plant("claims", "environment", "DOSSIER_CLAIM_PORT", value="8002"),
            "claims sets DOSSIER_CLAIM_PORT, which is no setting.",
        ),
        (
            plant("claims", "environment", "DOSSIER_CLAIMS_PORT", value="8012"),
            "claims is asked for its health at ['http://127.0.0.1:8002/health/ready'], not at http://127.0.0.1:8012/health/ready.",
        ),
        (
            plant("gateway", "environment", "DOSSIER_POLICY_URL", value="http://policy:8002"),
            "gateway looks for DOSSIER_POLICY_URL at policy:8002, where nobody listens.",
        ),
        (
            plant("policy", "environment", "DOSSIER_KAFKA_BOOTSTRAP", value="broker:9092"),
            "policy looks for DOSSIER_KAFKA_BOOTSTRAP at broker:9092, where nobody listens.",
        ),
        (
            plant("documents", "networks", value=["services", "bus", "databases"]),
            "documents and s3 share no network.",
        ),
        (
            plant("documents", "environment", "DOSSIER_S3_BUCKET", value="files"),
            "documents keeps its files in another bucket than dossier-documents.",
        ),
        (
            plant("gateway", "ports", value=["127.0.0.1:8000:8080"]),
            "The published port leads to ['8080'], where the gateway does not listen.",
        ),
        (plant("postgresql", "ports", value=["5432:5432"]), "postgresql is published."),
        (plant("grafana", "ports", value=["3000:3000"]), "grafana is published."),
        (plant("kafka", "networks", value=["bus", "edge"]), "kafka can be reached from outside."),
        (
            plant("claims", "environment", "DOSSIER_KAFKA_USERNAME", value="dossier-policy"),
            "claims logs in to Kafka as dossier-policy.",
        ),
        (
            plant("claims", "secrets", value=["secret", "kafka-claims-password"]),
            "claims reads DOSSIER_CLAIMS_DATABASE_URL_FILE from /run/secrets/claims-database-url, which it is not given.",
        ),
        (
            plant("notifications", "secrets", value=["s3-secret-key", *CONTAINERS["notifications"].secrets]),
            "notifications is given ['s3-secret-key'], which it does not read.",
        ),
        (drop("volumes", "kafka"), "The volume kafka is not both declared and used."),
        (plant("kafka", "volumes", value=["kafka:/data"]), "The broker keeps its data outside its volume."),
        (
            plant("postgresql", "volumes", value=["./deploy/docker/init.sh:/init.sh", "postgresql:/data"]),
            "postgresql mounts ./deploy/docker/init.sh at /init.sh, and there is no such file.",
        ),
        (drop("secrets", "secret"), "The secret secret is made and not declared."),
        (drop("services", "notifications"), "There is no container for notifications."),
        (
            plant("policy", "command", value=["python", "-m", "deploy.serve", "claims"]),
            "policy starts with 'python -m deploy.serve claims'.",
        ),
        (
            plant("kafka", "healthcheck"),
            "topics waits for the health of kafka, which nobody checks.",
        ),
        (
            plant("migrate", "restart", value="always"),
            "policy waits for the end of migrate, which is started again.",
        ),
        (plant("claims", "depends_on", "topics"), "claims does not wait for migrate and topics."),
        (
            plant("claims", "environment", "DOSSIER_ENV", value="development"),
            "claims does not run as in production.",
        ),
    ],
)
def test_a_planted_disagreement_is_caught(
    change: Callable[[Document], None], sentence: str, secrets: Path
) -> None:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    try:
        found = agreement.complaints(document, secrets)
    except KeyError:
        found = list(agreement.services_agree(composition.containers(document), secrets))
    assert sentence in found


def test_production_refuses_to_start_without_its_secret(secrets: Path) -> None:
    claims = Container("claims", copy.deepcopy(CONTAINERS["claims"].raw))
    claims.raw["environment"].pop("DOSSIER_SECRET_FILE")
    with pytest.raises(ValueError, match="DOSSIER_SECRET must be set in production"):
        agreement.settings_of(claims, secrets)


@pytest.mark.parametrize("one", CONTAINERS.values(), ids=CONTAINERS)
def test_every_container_is_confined(one: Container) -> None:
    raw = one.raw
    assert raw["read_only"] is True
    assert raw["cap_drop"] == ["ALL"]
    assert raw["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in raw
    assert "privileged" not in raw
    assert any(entry.startswith("/tmp:") for entry in raw["tmpfs"])  # noqa: S108 - inside the container
    limits = raw["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert raw["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert ":latest" not in raw["image"]


@pytest.mark.parametrize("one", OURS, ids=[one.name for one in OURS])
def test_our_containers_run_one_image_under_a_fixed_user_with_an_init_process(one: Container) -> None:
    assert one.raw["image"] == "dossier:local"
    assert one.raw["build"] == {"context": ".", "dockerfile": "deploy/docker/Dockerfile"}
    assert one.raw["user"] == "10001:10001"
    assert one.raw["init"] is True


def test_what_serves_is_checked_and_started_again_and_what_is_a_step_is_not() -> None:
    for one in CONTAINERS.values():
        if one.name in {*agreement.STEPS, "dossier"}:
            assert one.raw.get("restart", "no") == "no"
            assert not one.health
        else:
            assert one.raw["restart"] == "unless-stopped"
            assert one.health


def test_no_password_stands_in_the_file() -> None:
    for one in CONTAINERS.values():
        for name, value in one.environment.items():
            if any(word in name for word in ("PASSWORD", "SECRET", "ACCESS_KEY", "DATABASE_URL")):
                assert value.startswith(SECRETS), f"{one.name}: {name}"


def test_without_a_profile_exactly_the_product_and_its_engines_start() -> None:
    started = {one.name for one in CONTAINERS.values() if "profiles" not in one.raw}
    assert started == {*SERVICES, *agreement.STEPS, *agreement.ENGINES}


def test_variables_of_the_file_are_not_mistaken_for_settings() -> None:
    assert composition.variables() == {
        "IMAGE",
        "LOG_LEVEL",
        "PUBLIC_URL",
        "PUBLISH",
        "SECRETS",
        "TRUSTED_PROXIES",
    }
    assert not any(name.startswith(PREFIX) for name in composition.variables())


def test_the_engines_are_the_versions_that_the_tests_run_on() -> None:
    assert CONTAINERS["kafka"].raw["image"] == f"apache/kafka:{kafka.VERSION}"
    assert CONTAINERS["s3"].raw["image"] == f"versity/versitygw:{s3.VERSION}"


def test_the_broker_lets_nobody_in_without_a_password_but_itself() -> None:
    properties = agreement.kafka_properties()
    protocols = dict(pair.split(":") for pair in properties["listener.security.protocol.map"].split(","))
    for listener in properties["listeners"].split(","):
        name, _, address = listener.partition("://")
        assert protocols[name] == "SASL_PLAINTEXT" or address.startswith("127.0.0.1:")
    assert properties["authorizer.class.name"].endswith(".StandardAuthorizer")
    assert properties["allow.everyone.if.no.acl.found"] == "false"
    assert properties["auto.create.topics.enable"] == "false"


def test_the_database_script_makes_a_database_for_each_service() -> None:
    assert agreement.roles_in_script() == set(SERVICES)


def test_the_documentation_names_every_variable_secret_and_container_and_no_other() -> None:
    text = (composition.ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    table = text.partition("## Settings")[2].partition("## ")[0]
    named = set(re.findall(r"`([A-Z_]+)`", table.partition("|---|")[2]))
    named -= {"INFO", "_FILE"}
    assert named == composition.variables() | composition.variables(PARTNERS)
    secrets = text.partition("## Secrets")[2].partition("## ")[0]
    told = set(re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (`.+?) \|", secrets, flags=re.MULTILINE))))
    for name in DOCUMENT["secrets"]:
        general = re.sub("|".join(SERVICES), "<service>", name)
        assert name in told or general in told, name
    places = text.partition("## What is where")[2].partition("## ")[0]
    assert set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.+?) \|", places, flags=re.MULTILINE)))
    ) == set(CONTAINERS)
