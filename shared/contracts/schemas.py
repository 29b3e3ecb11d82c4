"""The contracts as JSON schemas and as one AsyncAPI document, for partners, tests and reviews.

They are committed; CI compares them with what the code says, so that a change of a contract is seen in the diff and can only grow.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, create_model

from shared.contracts import topics
from shared.contracts.codes import PartnerKind
from shared.contracts.envelope import ChangeData, CloudEvent, PartnerEnvelope
from shared.contracts.events import AGGREGATES
from shared.contracts.partners import RECEIPT_TYPE, UPDATE_MODELS, UPDATE_TYPES, Receipt

SCHEMA_FOLDER: Final = Path(__file__).parent / "schemas"
ASYNCAPI_FILE: Final = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"


@cache
def messages() -> dict[str, type[BaseModel]]:
    """Every message by its name: partner messages and receipts by type, internal events by aggregate."""
    found: dict[str, type[BaseModel]] = {
        UPDATE_TYPES[kind]: create_model(
            f"{model.__name__}Event", __base__=PartnerEnvelope, data=(model, ...)
        )
        for kind, model in UPDATE_MODELS.items()
    }
    found[RECEIPT_TYPE] = CloudEvent[Receipt]
    for aggregate in AGGREGATES:
        found[f"dossier.{aggregate.service}.{aggregate.name}.v1"] = CloudEvent[ChangeData[aggregate.state]]  # type: ignore[name-defined]
    return found


def schema_files() -> dict[Path, str]:
    """File -> content, one JSON schema a message."""
    return {
        SCHEMA_FOLDER / f"{name}.json": _json(model.model_json_schema(mode="serialization"))
        for name, model in messages().items()
    }


def asyncapi() -> dict[str, Any]:
    """The bus as an AsyncAPI 3.0 document. Partner topics have the partner's id as a parameter."""
    schemas: dict[str, Any] = {}
    documented: dict[str, Any] = {}
    for name, model in messages().items():
        schema = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        documented[name] = {
            "name": name,
            "title": name,
            "contentType": "application/cloudevents+json",
            "payload": schema,
        }
    channels, operations = _channels()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Dossier",
            "version": "1",
            "description": "Topics of Dossier. Partners write updates to their own topics and read receipts on them.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": documented, "schemas": schemas},
    }


def asyncapi_yaml() -> str:
    """The document as it stands in docs/asyncapi.yaml."""
    import yaml  # noqa: PLC0415 - for this command alone

    return str(yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=110))


def outdated() -> list[Path]:
    """Committed files that differ from what the code says, and those that should not be there."""
    wanted = {**schema_files(), ASYNCAPI_FILE: asyncapi_yaml()}
    stale = [
        path for path, content in wanted.items() if not path.exists() or path.read_text("utf-8") != content
    ]
    return stale + [path for path in SCHEMA_FOLDER.glob("*.json") if path not in wanted]


def write() -> None:
    """Bring the committed files up to date."""
    SCHEMA_FOLDER.mkdir(exist_ok=True)
    for path in outdated():
        path.unlink(missing_ok=True)
    for path, content in {**schema_files(), ASYNCAPI_FILE: asyncapi_yaml()}.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")


def _channels() -> tuple[dict[str, Any], dict[str, Any]]:
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic in topics.INTERNAL_TOPICS:
        names = [f"dossier.{one.service}.{one.name}.v1" for one in AGGREGATES if one.topic == topic]
        channels[topic] = {"address": topic, "messages": _references(names)}
        operations[f"publish.{topic}"] = {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}
    kinds = {kind: partner for partner, offered in topics.UPDATE_KINDS_OF.items() for kind in offered}
    for kind, partner in kinds.items():
        _partner_channel(
            channels, operations, kind, "receive", [UPDATE_TYPES[kind]], f"{partner.value}s write here."
        )
    any_partner = ", ".join(kind.value for kind in PartnerKind)
    _partner_channel(
        channels, operations, topics.RECEIPTS, "send", [RECEIPT_TYPE], f"Each {any_partner} reads here."
    )
    return channels, operations


def _partner_channel(
    channels: dict[str, Any],
    operations: dict[str, Any],
    kind: str,
    action: str,
    names: list[str],
    description: str,
) -> None:
    name = f"partners.{kind}"
    channels[name] = {
        "address": topics.partner_topic("{partner}", kind),
        "description": description,
        "parameters": {"partner": {"description": f"The partner's id: {topics.PARTNER_ID_PATTERN}"}},
        "messages": _references(names),
    }
    operations[f"{action}.{name}"] = {"action": action, "channel": {"$ref": f"#/channels/{name}"}}


def _references(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
