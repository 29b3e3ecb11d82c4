"""CloudEvents 1.0 in structured JSON mode: one event, one record.

`data` of every internal event is the aggregate's full public state after the change (`state`), what changed
(`changes`) and who did it (`actor`), so that a consumer needs nothing else and replays are harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from shared.contracts.dates import Instant

ActorKind = Literal["user", "partner", "system", "import"]


class Contract(BaseModel):
    """Base of everything that travels: unknown fields are ignored, since senders may be newer than we are."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_enum_values=False)


class Actor(Contract):
    """Who caused a change. `import` marks history that is loaded, not lived: it alerts nobody."""

    kind: ActorKind
    id: str
    name: str = ""


class Change(Contract):
    """One field that changed, by its dotted path in the state."""

    field: str
    old: JsonValue = None
    new: JsonValue = None


StateT = TypeVar("StateT", bound=BaseModel)


class ChangeData(Contract, Generic[StateT]):
    """What each internal event carries."""

    state: StateT
    changes: tuple[Change, ...] = ()
    actor: Actor


DataT = TypeVar("DataT")


class CloudEvent(Contract, Generic[DataT]):
    """The envelope that services publish. `id` is constant on redelivery, `sequence` is the aggregate's version."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    agencyid: str | None = None
    sequence: Annotated[int, Field(ge=0)] = 0
    traceparent: str | None = None
    data: DataT

    def to_json(self) -> bytes:
        """The bytes that go on the topic."""
        return self.model_dump_json(exclude_none=False).encode()


def written_event(
    *,
    event_id: str,
    source: str,
    event_type: str,
    subject: str,
    time: datetime,
    sequence: int,
    traceparent: str | None,
    data: Mapping[str, Any],
    agency_id: str | None = None,
) -> bytes:
    """The bytes of `CloudEvent.to_json` for what we make ourselves: nothing is checked that we have just put there.

    Parts of `data` may be JSON already (`orjson.Fragment`), so that a state is written once for its row and its event.
    """
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": event_type,
            "subject": subject,
            "time": time,
            "datacontenttype": "application/json",
            "agencyid": agency_id,
            "sequence": sequence,
            "traceparent": traceparent,
            "data": data,
        },
        option=orjson.OPT_UTC_Z,
    )


class PartnerEnvelope(BaseModel):
    """What a partner must send around its data; the data is checked apart, once the sender is known to be well-formed."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=200)]
    source: Annotated[str, Field(min_length=1, max_length=300)]
    type: Annotated[str, Field(min_length=1, max_length=200)]
    time: Instant | None = None
    datacontenttype: str | None = None
    subject: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]


def service_source(service: str) -> str:
    """The CloudEvents `source` of one of our services."""
    return f"urn:dossier:service:{service}"


def partner_source(partner_id: str) -> str:
    """The CloudEvents `source` that a partner must state; it has to agree with the topic."""
    return f"urn:dossier:partner:{partner_id}"


def isoformat(value: datetime) -> str:
    """An instant as JSON writes it."""
    return value.isoformat().replace("+00:00", "Z")
