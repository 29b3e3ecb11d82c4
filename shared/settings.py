"""Every setting of the product in one class, so that `dossier settings` can document all of them.

Values come from (first wins) arguments, the environment (`DOSSIER_...`), files named by
`DOSSIER_..._FILE` (container secrets), and a `.env` file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.db.limits import Limits

PREFIX = "DOSSIER_"
SERVICES = ("policy", "claims", "documents", "notifications", "gateway")
DEVELOPMENT_SECRET = "development-only-secret-never-for-production"  # noqa: S105 - production refuses it
MINIMUM_SECRET_LENGTH = 32

S = TypeVar("S", bound="Settings")
Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(Exception):
    """The settings do not allow a start; the message is one sentence per setting at fault, naming it."""


class SecretFiles(PydanticBaseSettingsSource):
    """Read `<NAME>_FILE`: orchestrators hand secrets over as files rather than as environment variables."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Give the content of the file named for this field, without its trailing newline."""
        del field
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            message = f"{variable} names a file that cannot be read: {error.strerror}."
            raise SettingsError(message) from error

    def __call__(self) -> dict[str, Any]:
        """Collect the fields that have such a file."""
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """What all services share. A service adds its own fields in a subclass, with the same prefix."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    env: Literal["development", "test", "production"] = Field(
        "development", description="Where this runs; production refuses insecure defaults."
    )
    secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        description=f"Signs tokens and cookies; at least {MINIMUM_SECRET_LENGTH} characters; required in production.",
    )
    data_dir: Path = Field(
        Path(".data"), description="Folder of SQLite files, uploads and the demo's accounts."
    )
    demo: bool = Field(default=True, description="Whether the embedded stack seeds demo data.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe level logged."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="Log lines for people or for machines."
    )

    host: str = Field("127.0.0.1", description="Address that the services listen on; 0.0.0.0 in containers.")
    port: Port = Field(8000, description="Port of the gateway.")
    policy_port: Port = Field(8001, description="Port of the policy service.")
    claims_port: Port = Field(8002, description="Port of the claims service.")
    documents_port: Port = Field(8003, description="Port of the documents service.")
    notifications_port: Port = Field(8004, description="Port of the notifications service.")

    policy_url: str | None = Field(None, description="Base URL of the policy service; unset: this machine.")
    claims_url: str | None = Field(None, description="Base URL of the claims service; unset: this machine.")
    documents_url: str | None = Field(
        None, description="Base URL of the documents service; unset: this machine."
    )
    notifications_url: str | None = Field(
        None, description="Base URL of the notifications service; unset: this machine."
    )
    gateway_url: str | None = Field(None, description="Base URL of the gateway; unset: this machine.")
    public_url: str | None = Field(
        None, description="URL at which users and partners reach the gateway; unset: DOSSIER_GATEWAY_URL."
    )

    policy_database_url: str | None = Field(
        None, description="Database of policy; unset: SQLite in the data folder."
    )
    claims_database_url: str | None = Field(
        None, description="Database of claims; unset: SQLite in the data folder."
    )
    documents_database_url: str | None = Field(
        None, description="Database of documents; unset: SQLite in the data folder."
    )
    notifications_database_url: str | None = Field(
        None, description="Database of notifications; unset: SQLite in the data folder."
    )
    gateway_database_url: str | None = Field(
        None, description="Database of the gateway; unset: SQLite in the data folder."
    )

    database_pool_size: int = Field(
        10,
        ge=2,
        le=200,
        description="PostgreSQL connections per process; the relay keeps one. All processes together stay below the"
        " server's max_connections.",
    )
    database_pool_timeout: float = Field(
        3.0,
        gt=0,
        description="Seconds that a request waits for a free PostgreSQL connection before it is told to come back.",
    )
    database_connect_timeout: float = Field(
        5.0, gt=0, description="Seconds that connecting to PostgreSQL may take."
    )
    database_statement_timeout: float = Field(
        15.0, ge=0, description="Seconds after which PostgreSQL ends a statement; 0: never."
    )
    database_lock_timeout: float = Field(
        5.0,
        ge=0,
        description="Seconds that a statement waits for a lock on PostgreSQL, a step of a migration too; 0: for ever.",
    )
    database_idle_in_transaction_timeout: float = Field(
        60.0,
        ge=0,
        description="Seconds after which PostgreSQL ends a transaction that does nothing; 0: never.",
    )

    kafka_bootstrap: str | None = Field(
        None,
        description="Kafka bootstrap servers (host:port,...); unset: the embedded broker. Required in production.",
    )
    kafka_port: Port = Field(19092, description="Port of the embedded broker.")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Security protocol towards Kafka."
    )
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism, with a SASL protocol."
    )
    kafka_username: str | None = Field(None, description="SASL user, with a SASL protocol.")
    kafka_password: SecretStr | None = Field(None, description="SASL password, with a SASL protocol.")
    kafka_group_instance_id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="Name of this replica, the same after a restart (a pod's name): its partitions then wait for it.",
    )
    kafka_fetch_max_wait_ms: int | None = Field(
        None,
        ge=1,
        description="Longest wait of a fetch in milliseconds; unset: 100 embedded, 500 on Apache Kafka.",
    )
    kafka_partitions: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Partitions of event topics, when they are created; unset: 4 embedded, 24 on Apache Kafka.",
    )
    kafka_replication: int | None = Field(
        None, ge=1, le=10, description="Brokers that keep each topic; unset: as many as there are, up to 3."
    )
    kafka_service_passwords: Path | None = Field(
        None,
        description="Folder with kafka-<service>-password and kafka-admin-password: `dossier topics` makes these users,"
        " `dossier run` gives each service its own.",
    )
    kafka_partner_bootstrap: str | None = Field(
        None, description="Bootstrap servers that partners are told; unset: DOSSIER_KAFKA_BOOTSTRAP."
    )
    kafka_partner_security: Literal["SASL_PLAINTEXT", "SASL_SSL"] | None = Field(
        None, description="Security protocol that partners are told; unset: DOSSIER_KAFKA_SECURITY."
    )
    broker_epoch: str | None = Field(
        None, description="Set by the embedded launcher: a new value after each start of the broker."
    )

    s3_endpoint: str | None = Field(
        None, description="S3 endpoint, host:port or URL (http:// turns TLS off); unset: local disk."
    )
    s3_access_key: str | None = Field(None, description="S3 access key.")
    s3_secret_key: SecretStr | None = Field(None, description="S3 secret key.")
    s3_bucket: str | None = Field(None, description="S3 bucket; unset: one named after the service.")
    s3_region: str | None = Field(None, description="S3 region, where the server asks for one.")

    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server, smtp://user:password@host:port (smtps for TLS); unset: no mail is sent.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put `<NAME>_FILE` between the environment and `.env`."""
        return init_settings, env_settings, SecretFiles(settings_cls), dotenv_settings, file_secret_settings

    @model_validator(mode="after")
    def _check(self) -> Self:  # noqa: N805, RUF100
        if self.kafka_security.startswith("SASL") and not (self.kafka_username and self.kafka_password):
            message = (
                f"{PREFIX}KAFKA_USERNAME and {PREFIX}KAFKA_PASSWORD must be set with {self.kafka_security}."
            )
            raise ValueError(message)
        if self.s3_endpoint and not (self.s3_access_key and self.s3_secret_key):
            message = f"{PREFIX}S3_ACCESS_KEY and {PREFIX}S3_SECRET_KEY must be set with {PREFIX}S3_ENDPOINT."
            raise ValueError(message)
        if self.env == "production":
            self._check_production()
        return self

    def _check_production(self) -> None:
        secret = self.secret.get_secret_value()
        if secret == DEVELOPMENT_SECRET or len(secret) < MINIMUM_SECRET_LENGTH:
            message = (
                f"{PREFIX}SECRET must be set in production to a random value of at least"
                f" {MINIMUM_SECRET_LENGTH} characters."
            )
            raise ValueError(message)
        if self.kafka_bootstrap is None:
            message = f"{PREFIX}KAFKA_BOOTSTRAP must be set in production: the embedded broker keeps nothing."
            raise ValueError(message)

    @property
    def embedded(self) -> bool:
        """Whether the bus is the embedded broker."""
        return self.kafka_bootstrap is None

    @property
    def bootstrap(self) -> str:
        """Where Kafka clients connect to."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.kafka_port}"

    def port_of(self, service: str) -> int:
        """Give the port on which a service listens."""
        known(service)
        return int(self.port if service == "gateway" else getattr(self, f"{service}_port"))

    def database_url_of(self, service: str) -> str:
        """Give the database of a service: its own setting, else a SQLite file in the data folder."""
        known(service)
        url: str | None = getattr(self, f"{service}_database_url")
        return url or f"sqlite+aiosqlite:///{self.data_dir.absolute() / service}.db"

    @property
    def database_limits(self) -> Limits:
        """Give what a process takes of PostgreSQL."""
        return Limits(
            pool_size=self.database_pool_size,
            pool_timeout=self.database_pool_timeout,
            connect_timeout=self.database_connect_timeout,
            statement_timeout=self.database_statement_timeout,
            lock_timeout=self.database_lock_timeout,
            idle_in_transaction_timeout=self.database_idle_in_transaction_timeout,
        )

    def service_url_of(self, service: str) -> str:
        """Give the base URL of a service, without a trailing slash."""
        known(service)
        url: str | None = getattr(self, f"{service}_url")
        return (url or f"http://127.0.0.1:{self.port_of(service)}").rstrip("/")


def known(service: str) -> None:
    """Refuse the name of a service that does not exist: a typing error, found at the start."""
    if service not in SERVICES:
        message = f"unknown service {service!r}; the services are {', '.join(SERVICES)}"
        raise ValueError(message)


def load_settings(kind: type[S], **values: Any) -> S:
    """Read the settings, or raise `SettingsError` whose message a person can act on."""
    try:
        return kind(**values)
    except ValidationError as error:
        raise SettingsError(" ".join(_sentence(dict(one)) for one in error.errors())) from error


def _sentence(error: dict[str, Any]) -> str:
    """Say what is wrong without repeating the value, which may be a secret."""
    if not error["loc"]:
        return str(error["msg"]).removeprefix("Value error, ")
    name = PREFIX + "_".join(str(part) for part in error["loc"]).upper()
    return f"{name} is not valid: {error['msg']}."


def describe_settings(*kinds: type[Settings]) -> list[tuple[str, str, str]]:
    """List (environment variable, default, description) of the settings, those of the given subclasses too."""
    rows: dict[str, tuple[str, str, str]] = {}
    documented: list[type[Settings]] = [Settings, *kinds]
    for kind in documented:
        for name, field in kind.model_fields.items():
            variable = PREFIX + name.upper()
            rows.setdefault(variable, (variable, _shown(field.default), field.description or ""))
    return list(rows.values())


def _shown(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, SecretStr):
        return "(development only)"
    return str(default)
