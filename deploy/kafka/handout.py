"""What a partner needs to begin: where, as whom, which topics, and two lines to try it with."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.kafka.acls import group_prefix, partner_user
from deploy.kafka.topics import Partner
from shared.contracts import topics
from shared.contracts.partners import UPDATE_TYPES
from shared.contracts.topics import UPDATE_KINDS_OF, partner_topic, receipts_topic
from shared.settings import Settings

_TRIAL: Final[dict[str, dict[str, Any]]] = {
    topics.REPAIR_UPDATES: {"claim_number": "TRIAL", "sequence": 1, "phase": "arrived"},
    topics.CLAIM_UPDATES: {"claim_number": "TRIAL", "sequence": 1, "note": "trial"},
    topics.APPRAISAL_UPDATES: {"claim_number": "TRIAL", "sequence": 1, "status": "assigned"},
    topics.CONTRACT_UPDATES: {"policy_number": "TRIAL", "sequence": 1, "note": "trial"},
}
"""Well formed, about nothing that exists: answered with a receipt `rejected`, which shows that the way is open both ways."""

_SASL: Final = "SASL"
_OLD_CLIENTS: Final = "  (kcat and other clients on librdkafka need its 2.6.1 or later, see `kcat -V`: Kafka 4 refuses the SCRAM of older ones)"


@dataclass(frozen=True)
class Handout:
    """A partner's papers. Secrets are shown once: nothing keeps them but the partner."""

    partner: Partner
    settings: Settings
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)

    @property
    def security(self) -> str:
        """The security protocol of a partner's connection."""
        return self.settings.kafka_partner_security or self.settings.kafka_security

    @property
    def bootstrap(self) -> str:
        """Where a partner connects to."""
        if self.settings.embedded:
            return self.settings.bootstrap
        return self.settings.kafka_partner_bootstrap or self.settings.bootstrap

    @property
    def url(self) -> str:
        """The on-ramp."""
        base = self.settings.public_url or self.settings.service_url_of("gateway")
        return f"{base.rstrip('/')}/partners/v1"

    def as_data(self) -> dict[str, Any]:
        """Give all of it for programs."""
        kafka: dict[str, Any] = {"bootstrap": self.bootstrap, "security": self.security}
        if self.security.startswith(_SASL):
            kafka |= {
                "mechanism": self.settings.kafka_mechanism,
                "username": partner_user(self.partner.id),
                "password": self.password,
            }
        return {
            "id": self.partner.id,
            "kind": self.partner.kind.value,
            "kafka": {
                **kafka,
                "writes": self._writes(),
                "reads": receipts_topic(self.partner.id),
                "group_prefix": group_prefix(self.partner.id),
            },
            "http": {"url": self.url, "api_key": self.api_key},
            "try": {"kcat": self._produce(), "receipts": self._consume(), "curl": self._curl()},
        }

    def lines(self) -> list[str]:
        """Give all of it for people."""
        data = self.as_data()
        kafka, tries = data["kafka"], data["try"]
        rows = [("bootstrap", kafka["bootstrap"]), ("security", kafka["security"])]
        if "mechanism" in kafka:
            rows += [("mechanism", kafka["mechanism"]), ("user", kafka["username"])]
            rows.append(("password", _once(self.password)))
        rows += [("writes", topic) for topic in kafka["writes"]]
        rows += [("reads", kafka["reads"]), ("groups", f"that begin with {kafka['group_prefix']}")]
        rows += [("url", data["http"]["url"]), ("API key", _once(self.api_key))]
        wide = [f"  {name:<10} {value}" for name, value in rows]
        answer = "  (a receipt `rejected` with the code unknown_... says that the way is open both ways)"
        old = [_OLD_CLIENTS] if "SCRAM" in kafka.get("mechanism", "") else []
        password = ["  export PASSWORD=...  # the password above"] if "mechanism" in kafka else []
        return [
            *wide,
            "To try it:",
            *password,
            f"  {tries['kcat']}",
            f"  {tries['receipts']}",
            "  export KEY=...  # the API key above",
            f"  {tries['curl']}",
            answer,
            *old,
        ]

    def _writes(self) -> list[str]:
        return [partner_topic(self.partner.id, kind) for kind in UPDATE_KINDS_OF[self.partner.kind]]

    def _options(self) -> str:
        """Give kcat its login; the password is the shell's to fill in."""
        if self.security == "PLAINTEXT":
            return f"-b {self.bootstrap}"
        options = f"-b {self.bootstrap} -X security.protocol={self.security}"
        if not self.security.startswith(_SASL):
            return options
        user = partner_user(self.partner.id)
        mechanism = self.settings.kafka_mechanism
        return f'{options} -X sasl.mechanism={mechanism} -X sasl.username={user} -X sasl.password="$PASSWORD"'

    def _trial(self, number: int) -> str:
        kind = UPDATE_KINDS_OF[self.partner.kind][0]
        event = {
            "specversion": "1.0",
            "id": f"trial-{number}",
            "source": f"urn:dossier:partner:{self.partner.id}",
            "type": UPDATE_TYPES[kind],
            "data": _TRIAL[kind],
        }
        return shlex.quote(json.dumps(event))

    def _produce(self) -> str:
        return f"echo {self._trial(1)} | kcat -P {self._options()} -t {self._writes()[0]} -k TRIAL"

    def _consume(self) -> str:
        return f"kcat -C {self._options()} -t {receipts_topic(self.partner.id)} -o beginning -e -q"

    def _curl(self) -> str:
        kind = UPDATE_KINDS_OF[self.partner.kind][0]
        return (
            f'curl -sS -H "Authorization: Bearer $KEY" -H "Content-Type: application/cloudevents+json"'
            f" -d {self._trial(2)} {self.url}/{kind}"
        )


def _once(secret: str | None) -> str:
    return f"{secret}  (shown once)" if secret else "as handed out before (--rotate gives another)"
