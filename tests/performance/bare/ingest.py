"""The bare ingest of repair updates: aiokafka, asyncpg and dictionaries, with the same effects in the database.

Each batch of up to 500 records is one transaction: what was taken before is left out, claims are locked, a new state, a row of history,
the partner's position, its message, the inbox and two rows of the outbox (event and receipt) are written, in one statement per table.
It checks what the product checks of a good message (sender, repetition, assignment, sequence), without schemas, dead letters, tracing,
metrics or any other kind of update.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import asyncpg
import orjson
import uuid_utils
from aiokafka import AIOKafkaConsumer

BATCH = 500
EVENT, RECEIPT = "dossier.claims.repair-progressed.v1", "dossier.claims.receipt.v1"
HEADERS = orjson.dumps({"content-type": "application/cloudevents+json", "traceparent": None}).decode()


def columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


class Batch:
    """What one transaction reads and writes."""

    def __init__(self, partner: str, records: list[Any]) -> None:
        self.partner = partner
        self.now = datetime.now(UTC)
        self.records = {f"{one.topic}/{one.partition}/{one.offset}/{one.timestamp}": one for one in records}
        self.messages = {identity: orjson.loads(one.value) for identity, one in self.records.items()}
        self.history: list[tuple[Any, ...]] = []
        self.accepted: list[tuple[Any, ...]] = []
        self.outbox: list[tuple[Any, ...]] = []

    async def apply(self, connection: asyncpg.Connection[Any]) -> None:
        """Do all of it."""
        async with connection.transaction():
            await self.load(connection)
            for identity, record in self.records.items():
                if identity not in self.taken:
                    self.take(record, self.messages[identity])
            await self.write(connection)

    async def load(self, connection: asyncpg.Connection[Any]) -> None:
        """Read what decides, in four statements; keys are joined, as ours are: `= ANY` reads the whole of a young table."""
        bodies = self.messages.values()
        self.taken = {
            row[0]
            for row in await connection.fetch(
                "SELECT record_id FROM inbox WHERE record_id IN (SELECT unnest($1::text[]))",
                list(self.records),
            )
        }
        self.known = {
            row[0]
            for row in await connection.fetch(
                "SELECT message_id FROM partner_message WHERE (partner_id, message_id) IN (SELECT $1::text, unnest($2::text[]))",
                self.partner,
                [body["id"] for body in bodies],
            )
        }
        rows = await connection.fetch(
            "SELECT state FROM claim WHERE claim_number IN (SELECT unnest($1::text[])) ORDER BY agency_id, id FOR UPDATE",
            list({body["data"]["claim_number"] for body in bodies}),
        )
        self.claims = {state["claim_number"]: state for state in (orjson.loads(row[0]) for row in rows)}
        self.positions: dict[str, int] = dict(
            await connection.fetch(
                "SELECT claim_id, sequence FROM partner_position WHERE partner_id = $1 AND kind = 'repair-updates'"
                " AND (agency_id, claim_id) IN (SELECT unnest($2::text[]), unnest($3::text[]))",
                self.partner,
                [state["agency_id"] for state in self.claims.values()],
                [state["id"] for state in self.claims.values()],
            )
        )
        self.changed: dict[str, dict[str, Any]] = {}

    def take(self, record: Any, body: dict[str, Any]) -> None:
        """Apply one update; what is refused gets its receipt and nothing else."""
        data = body["data"]
        claim = self.claims.get(data["claim_number"])
        if (
            body["source"] != f"urn:dossier:partner:{self.partner}"
            or claim is None
            or claim["garage"] is None
        ):
            outcome, sequence = "rejected", None
        elif body["id"] in self.known:
            outcome, sequence = "duplicate", claim["sequence"]
        elif claim["garage"]["partner_id"] != self.partner:
            outcome, sequence = "rejected", None
        elif data["sequence"] <= self.positions.get(claim["id"], -1):
            outcome, sequence = "stale", claim["sequence"]
        else:
            self.progress(claim, data)
            outcome, sequence = "accepted", claim["sequence"]
            self.known.add(body["id"])
            received = datetime.fromtimestamp(record.timestamp / 1000, UTC)
            self.accepted.append(
                (self.partner, body["id"], outcome, data["claim_number"], sequence, received)
            )
        self.publish(
            f"partners.{self.partner}.receipts.v1", body["id"], RECEIPT, body["id"], None, sequence or 0,
            {"message_id": body["id"], "outcome": outcome, "reason": None, "sequence": sequence,
             "claim_number": data["claim_number"], "policy_number": None},
        )  # fmt: skip

    def progress(self, claim: dict[str, Any], data: dict[str, Any]) -> None:
        """Change the state; its event carries all of it."""
        at, repair = self.now.isoformat(), claim["repair"]
        changes = [
            {"field": f"repair.{name}", "old": repair[name], "new": data[name]}
            for name in ("phase", "percent", "eta", "note")
            if data[name] != repair[name]
        ]
        if data["phase"] != repair["phase"]:
            repair["steps"] = [*repair["steps"], {"phase": data["phase"], "at": at, "note": data["note"]}][
                -50:
            ]
        if data["eta"] != repair["eta"]:
            promise = {"eta": data["eta"], "given_at": at, "delay_reason": None}
            repair["promises"] = [*repair["promises"], promise][-50:]
        repair.update({name: data[name] for name in ("phase", "percent", "eta", "note")}, updated_at=at)
        claim["sequence"] += 1
        claim["updated_at"] = at
        self.positions[claim["id"]] = data["sequence"]
        self.changed[claim["id"]] = claim
        actor = {"kind": "partner", "id": self.partner, "name": claim["garage"]["name"]}
        self.history.append(
            (claim["agency_id"], claim["id"], claim["sequence"], self.now,
             orjson.dumps(actor).decode(), orjson.dumps(changes).decode())
        )  # fmt: skip
        self.publish(
            "claims.events.v1", claim["id"], EVENT, claim["id"], claim["agency_id"], claim["sequence"],
            {"state": claim, "changes": changes, "actor": actor},
        )  # fmt: skip

    def publish(
        self, topic: str, key: str, kind: str, subject: str, agency: str | None, sequence: int, data: Any
    ) -> None:
        """Put an event into the outbox."""
        event_id = str(uuid_utils.uuid7())
        event = {
            "specversion": "1.0", "id": event_id, "source": "urn:dossier:service:claims", "type": kind,
            "subject": subject, "time": self.now, "datacontenttype": "application/json", "agencyid": agency,
            "sequence": sequence, "traceparent": None, "data": data,
        }  # fmt: skip
        self.outbox.append((event_id, topic, key, orjson.dumps(event), HEADERS, self.now))

    async def write(self, connection: asyncpg.Connection[Any]) -> None:
        """Write everything, one statement per table."""
        if self.changed:
            rows = [
                (one["agency_id"], one["id"], one["sequence"], self.now, orjson.dumps(one).decode(),
                 self.partner, self.positions[one["id"]])
                for one in self.changed.values()
            ]  # fmt: skip
            agencies, ids, sequences, times, states, partners, positions = columns(rows)
            await connection.execute(
                "UPDATE claim SET sequence = n.sequence, updated_at = n.at, state = n.state"
                " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::jsonb[])"
                " AS n (agency_id, id, sequence, at, state) WHERE claim.agency_id = n.agency_id AND claim.id = n.id",
                agencies, ids, sequences, times, states,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO partner_position (agency_id, claim_id, partner_id, kind, sequence)"
                " SELECT a, c, p, 'repair-updates', s FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS n (a, c, p, s)"
                " ON CONFLICT (agency_id, claim_id, partner_id, kind) DO UPDATE SET sequence = excluded.sequence",
                agencies, ids, partners, positions,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO claim_history (agency_id, claim_id, sequence, happening, at, actor, changes)"
                " SELECT a, c, s, 'repair-progressed', t, w, h FROM"
                " unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::jsonb[], $6::jsonb[]) AS n (a, c, s, t, w, h)",
                *columns(self.history),
            )
            await connection.execute(
                "INSERT INTO partner_message (partner_id, message_id, kind, outcome, claim_number, sequence, received_at)"
                " SELECT p, m, 'repair-updates', o, c, s, t FROM"
                " unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[]) AS n (p, m, o, c, s, t)",
                *columns(self.accepted),
            )
        fresh = [identity for identity in self.records if identity not in self.taken]
        await connection.execute(
            "INSERT INTO inbox (record_id, received_at) SELECT r, $2 FROM unnest($1::text[]) AS r",
            fresh,
            self.now,
        )
        await connection.execute(
            "INSERT INTO outbox (event_id, topic, key, body, headers, created_at) SELECT * FROM"
            " unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::jsonb[], $6::timestamptz[])",
            *columns(self.outbox),
        )


async def main(partner: str, topic: str) -> None:
    """Take batches until the process ends."""
    options: dict[str, Any] = json.loads(os.environ["BARE_KAFKA"])
    connection = await asyncpg.connect(
        os.environ["BARE_DATABASE"], server_settings={"dossier.agencies": "*", "jit": "off"}
    )
    consumer = AIOKafkaConsumer(
        topic, **options, group_id="bare.ingest", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    while True:
        found = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
        records = list(chain.from_iterable(found.values()))
        if records:
            await Batch(partner, records).apply(connection)
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
