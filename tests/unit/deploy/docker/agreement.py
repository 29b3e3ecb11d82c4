"""Where docker-compose.yml, the settings, the code and the scripts beside it must say the same thing.

Each function gives sentences about what disagrees; none means that all is well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from deploy.kafka.acls import ADMIN, service_user
from deploy.kafka.passwords import OPERATOR, password_file
from deploy.serve import settings_class
from services.documents.app import BUCKET
from shared.settings import PREFIX, SERVICES, Settings, describe_settings
from tests.unit.deploy.docker.composition import ROOT, SECRETS, Container, Document, containers

DOCKER = ROOT / "deploy" / "docker"
MONITORING = {"prometheus", "grafana"}
STEPS = {"migrate", "topics"}
ENGINES = {"kafka": 9092, "postgresql": 5432, "s3": 7070}
CLOSED_NETWORKS = {"services", "bus", "databases", "files"}


def complaints(document: Document, secrets: Path) -> list[str]:
    """All disagreements; `secrets` is a folder that make-secrets has written."""
    found = containers(document)
    checks = (
        settings_exist(found),
        services_agree(found, secrets),
        secrets_agree(document, found, secrets),
        addresses_agree(found, secrets),
        principals_agree(found),
        volumes_agree(document, found),
        networks_agree(document, found),
        order_agrees(found),
    )
    return [sentence for check in checks for sentence in check]


def settings_exist(found: Mapping[str, Container]) -> Iterator[str]:
    """A mistyped setting would be ignored without a word."""
    known = {name for name, _, _ in describe_settings(*(settings_class(service) for service in SERVICES))}
    for one in found.values():
        for name in one.environment:
            if name.startswith(PREFIX) and name.removesuffix("_FILE") not in known:
                yield f"{one.name} sets {name}, which is no setting."


def settings_of(one: Container, secrets: Path) -> Settings:
    """The settings that the container starts with; raises ValidationError where production refuses them."""
    service = one.name if one.name in SERVICES else None
    values: dict[str, str] = {}
    for variable, value in one.environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and value:  # an empty one counts as not set
            from_file = variable.endswith("_FILE")
            content = (secrets / Path(value).name).read_text(encoding="utf-8").strip() if from_file else value
            values[name.removesuffix("_file") if from_file else name] = content
    kind = settings_class(service) if service else Settings
    return kind(_env_file=None, **values)  # type: ignore[arg-type]


def services_agree(found: Mapping[str, Container], secrets: Path) -> Iterator[str]:
    """Each service is there, under its own name, and is asked for its health where it listens."""
    for service in SERVICES:
        one = found.get(service)
        if one is None:
            yield f"There is no container for {service}."
            continue
        if one.command != ["python", "-m", "deploy.serve", service]:
            yield f"{service} starts with {' '.join(one.command)!r}."
        settings = settings_of(one, secrets)
        expected = f"http://127.0.0.1:{settings.port_of(service)}/health/ready"
        if not one.health or one.health[-1] != expected:
            yield f"{service} is asked for its health at {one.health[-1:]}, not at {expected}."
        if settings.env != "production" or settings.embedded:
            yield f"{service} does not run as in production."
        if getattr(settings, f"{service}_database_url") is None:
            yield f"{service} has no database."
    if found["documents"].environment.get("DOSSIER_S3_BUCKET") != BUCKET:
        yield f"documents keeps its files in another bucket than {BUCKET}."
    published = [port.rsplit(":", 1)[1] for port in found["gateway"].raw.get("ports", [])]
    if published != [str(settings_of(found["gateway"], secrets).port)]:
        yield f"The published port leads to {published}, where the gateway does not listen."


def secrets_agree(document: Document, found: Mapping[str, Container], secrets: Path) -> Iterator[str]:
    """Each secret is made, declared, handed to those who name it, and to nobody else."""
    declared = set(document["secrets"])
    made = {file.name for file in secrets.iterdir()}
    for name in sorted(declared ^ made):
        yield f"The secret {name} is {'declared and never made' if name in declared else 'made and not declared'}."
    for name, one in document["secrets"].items():
        if Path(one["file"]).name != name:
            yield f"The secret {name} is read from {one['file']}."
    for container in found.values():
        named = set()
        for variable, path in container.secrets_by_setting.items():
            folder, _, name = path.rpartition("/")
            named.add(name)
            if folder != SECRETS or name not in container.secrets:
                yield f"{container.name} reads {variable} from {path}, which it is not given."
        if not container.secrets <= declared:
            yield f"{container.name} asks for secrets that are not declared."
        if "DOSSIER_KAFKA_SERVICE_PASSWORDS" in container.environment:
            named |= {name for name in container.secrets if name.startswith("kafka-")}
        if container.ours and container.secrets - named:
            yield f"{container.name} is given {sorted(container.secrets - named)}, which it does not read."


def addresses_agree(found: Mapping[str, Container], secrets: Path) -> Iterator[str]:
    """Each address leads to a container that listens there, over a network that both are on."""
    ports = {**ENGINES, **{name: settings_of(found[name], secrets).port_of(name) for name in SERVICES}}
    properties = kafka_properties()
    if f"CLIENTS://kafka:{ports['kafka']}" not in properties["advertised.listeners"].split(","):
        yield "The broker does not advertise the address that its clients use."
    if f":{ports['s3']}" not in found["s3"].command:
        yield "The S3 server listens elsewhere."
    for one in found.values():
        if not one.ours:
            continue
        for name, address in addresses_of(one, secrets):
            host, port = address.rsplit(":", 1)
            if ports.get(host) != int(port):
                yield f"{one.name} looks for {name} at {address}, where nobody listens."
            elif not one.networks & found[host].networks:
                yield f"{one.name} and {host} share no network."


def addresses_of(one: Container, secrets: Path) -> Iterator[tuple[str, str]]:
    """(setting, host:port) of everything that a container connects to."""
    for variable, value in one.environment.items():
        if variable == "DOSSIER_KAFKA_BOOTSTRAP":
            # Settings in production must name a broker; only those who are on its network speak to it.
            if "bus" in one.networks:
                yield variable, value
        elif variable.endswith("_DATABASE_URL_FILE"):
            yield (
                variable,
                urlsplit((secrets / Path(value).name).read_text(encoding="utf-8")).netloc.rpartition("@")[2],
            )
        elif (
            variable.startswith(PREFIX)
            and variable.endswith(("_URL", "_ENDPOINT"))
            and "PUBLIC" not in variable
        ):
            yield variable, urlsplit(value).netloc


def kafka_properties() -> dict[str, str]:
    lines = (DOCKER / "kafka" / "server.properties").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def principals_agree(found: Mapping[str, Container]) -> Iterator[str]:
    """Each service logs in as itself, operators as dossier-admin; who makes the users knows their passwords."""
    for name, one in found.items():
        user = one.environment.get("DOSSIER_KAFKA_USERNAME")
        if user is None:
            continue
        if user != (service_user(name) if name in SERVICES else ADMIN):
            yield f"{name} logs in to Kafka as {user}."
        file = password_file(Path(SECRETS), name if name in SERVICES else OPERATOR)
        if one.environment.get("DOSSIER_KAFKA_PASSWORD_FILE") != str(file):
            yield f"{name} logs in to Kafka with another's password."
    for step in ("topics", "dossier"):
        folder = found[step].environment.get("DOSSIER_KAFKA_SERVICE_PASSWORDS")
        wanted = {password_file(Path(SECRETS), service).name for service in SERVICES}
        if folder != SECRETS or wanted - found[step].secrets:
            yield f"{step} is not given the passwords of all services' Kafka users."
    if password_file(Path(SECRETS), OPERATOR).name not in found["kafka"].secrets:
        yield "The broker is not given the operator's password."
    if f"User:{ADMIN}" not in kafka_properties()["super.users"].split(";"):
        yield f"{ADMIN} may not administer the broker."


def volumes_agree(document: Document, found: Mapping[str, Container]) -> Iterator[str]:
    """Named volumes are declared and used; what is mounted from the repository is there; data lie on a volume."""
    used = set()
    for one in found.values():
        for source, target in one.volumes:
            if "/" not in source:
                used.add(source)
            elif not (ROOT / source).exists():
                yield f"{one.name} mounts {source} at {target}, and there is no such file."
    for name in sorted(used ^ set(document["volumes"])):
        yield f"The volume {name} is not both declared and used."
    if kafka_properties()["log.dirs"] not in {target for _, target in found["kafka"].volumes}:
        yield "The broker keeps its data outside its volume."
    if not {target for _, target in found["s3"].volumes} & set(found["s3"].command):
        yield "The S3 server keeps its data outside its volume."
    operator = found["dossier"]
    if operator.environment["DOSSIER_DATA_DIR"] not in {target for _, target in operator.volumes}:
        yield "The operator's command writes outside its volume."


def networks_agree(document: Document, found: Mapping[str, Container]) -> Iterator[str]:
    """Only the gateway is reached from outside; monitoring from this host alone."""
    for name in sorted(CLOSED_NETWORKS):
        if not (document["networks"].get(name) or {}).get("internal"):
            yield f"The network {name} is not closed."
    for one in found.values():
        if one.networks - set(document["networks"]):
            yield f"{one.name} is on a network that is not declared."
        ports = one.raw.get("ports", [])
        local = all(port.startswith("127.0.0.1:") for port in ports)
        if ports and one.name != "gateway" and not (one.name in MONITORING and local):
            yield f"{one.name} is published."
        if one.name != "gateway" and one.name not in MONITORING and one.networks - CLOSED_NETWORKS:
            yield f"{one.name} can be reached from outside."


def order_agrees(found: Mapping[str, Container]) -> Iterator[str]:
    """What is waited for can come about."""
    for one in found.values():
        for name, condition in one.dependencies.items():
            other = found.get(name)
            if other is None:
                yield f"{one.name} waits for {name}, which does not exist."
            elif condition == "service_healthy" and not other.health:
                yield f"{one.name} waits for the health of {name}, which nobody checks."
            elif condition == "service_completed_successfully" and other.raw.get("restart") != "no":
                yield f"{one.name} waits for the end of {name}, which is started again."
        if one.name in SERVICES and not set(one.dependencies) >= STEPS:
            yield f"{one.name} does not wait for {' and '.join(sorted(STEPS))}."


def roles_in_script() -> set[str]:
    """Databases that the PostgreSQL image makes."""
    text = (DOCKER / "postgresql" / "databases.sh").read_text(encoding="utf-8")
    found = re.search(r"^for service in (.+); do$", text, flags=re.MULTILINE)
    return set(found[1].split()) if found else set()
