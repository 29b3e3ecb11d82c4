"""What is there after the campaign, read where it is kept: the broker's log and the services' databases."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import AdminClient

from shared.messaging.records import EVENT_ID_HEADER
from tests.faults.garages import name_in, topic_of
from tests.faults.ledger import Alert, Change, Logged, Place, Receipt
from tests.stack.engines import PostgreSQL

NOTE: Final = "repair.note"
TOLD: Final = "repair-progressed"
_HISTORY: Final = (
    "SELECT c.claim_number, h.sequence, h.changes FROM claim_history h JOIN claim c ON c.id = h.claim_id"
    " AND c.agency_id = h.agency_id WHERE c.claim_number = ANY($1) ORDER BY h.sequence"
)
_ACTIVITY: Final = (
    "SELECT claim_number, sequence, changes FROM activity WHERE aggregate = 'claim' AND claim_number = ANY($1)"
    " ORDER BY sequence"
)
_ALERTS: Final = "SELECT position, agency_id, state FROM {table} WHERE position > $1 ORDER BY position"


class Evidence:
    """Reads with clients of its own, past the doors."""

    def __init__(self, bootstrap: str, postgresql: PostgreSQL, garages: Sequence[str]) -> None:
        """Take where to look."""
        self._bootstrap = bootstrap
        self._postgresql = postgresql
        self._garages = garages

    async def ends(self) -> dict[TopicPartition, int]:
        """Where the garages' topics end now."""
        async with self._consumer() as consumer:
            return dict(await consumer.end_offsets(await self._partitions(self._topics)))

    @property
    def _topics(self) -> list[str]:
        return [topic_of(one) for one in self._garages]

    async def log(self, starts: Mapping[TopicPartition, int]) -> list[Logged]:
        """All records of the garages after `starts`, in the order of their partitions."""
        found = [
            Logged(Place(one.topic, one.partition, one.offset), name_in(one.value))
            async for one in self._records(self._topics)
            if one.offset >= starts.get(TopicPartition(one.topic, one.partition), 0)
        ]
        return sorted(found)

    async def receipts(self) -> list[Receipt]:
        """All answers to the garages."""
        found = []
        async for one in self._records([f"partners.{garage}.receipts.v1" for garage in self._garages]):
            event = json.loads(one.value)
            data = event["data"]
            garage = one.topic.split(".")[1]
            found.append(Receipt(garage, event["id"], data["message_id"], data["outcome"], one.value))
        return found

    async def dead_letters(self) -> list[tuple[str, Place]]:
        """What was put aside, by whom; the same letter delivered again is one letter."""
        found: dict[str, tuple[str, Place]] = {}
        async for one in self._records([one for one in await self._listed() if one.endswith(".dlq")]):
            headers = {name: value.decode() for name, value in one.headers}
            place = Place(
                headers["dossier-topic"], int(headers["dossier-partition"]), int(headers["dossier-offset"])
            )
            found[headers[EVENT_ID_HEADER]] = (headers["dossier-service"], place)
        return list(found.values())

    async def histories(self, service: str, claims: Sequence[str]) -> dict[str, list[Change]]:
        """What each claim went through, as claims (its history) or the gateway (the activity on its pages) has it."""
        found: dict[str, list[Change]] = defaultdict(list)
        query = _HISTORY if service == "claims" else _ACTIVITY
        for row in await self._rows(service, query, list(claims)):
            changes = json.loads(row["changes"])
            note = next((str(one["new"]) for one in changes if one["field"] == NOTE), "")
            found[row["claim_number"]].append(Change(row["sequence"], note))
        return found

    async def alerts(self, service: str, after: int) -> list[Alert]:
        """Alerts about repairs, as notifications or the gateway has them."""
        table = "alert" if service == "notifications" else "alert_view"
        found = []
        for row in await self._rows(service, _ALERTS.format(table=table), after):
            state = json.loads(row["state"])
            if state["kind"] == TOLD:
                found.append(
                    Alert(row["position"], row["agency_id"], state["claim_number"], state["subject_sequence"])
                )
        return found

    async def newest_alert(self) -> int:
        """The position of the newest alert."""
        (row,) = await self._rows("notifications", "SELECT COALESCE(MAX(position), 0) AS position FROM alert")
        return int(row["position"])

    async def _rows(self, service: str, query: str, *arguments: Any) -> list[Any]:
        # As the superuser: the services' own role sees the rows of one agency at a time.
        url = self._postgresql.superuser_url.rpartition("/")[0] + f"/{service}"
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def _listed(self) -> dict[str, list[int]]:
        """All topics and their partitions."""
        admin = AdminClient({"bootstrap.servers": self._bootstrap})
        found = (await asyncio.to_thread(admin.list_topics, timeout=20)).topics
        return {name: sorted(topic.partitions) for name, topic in found.items()}

    async def _partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        listed = await self._listed()
        return [TopicPartition(topic, number) for topic in topics for number in listed[topic]]

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def _records(self, topics: Sequence[str]) -> AsyncIterator[Any]:
        """Every record of these topics up to where they end now."""
        async with self._consumer() as consumer:
            ends = await consumer.end_offsets(await self._partitions(topics))
            consumer.assign(list(ends))
            await consumer.seek_to_beginning()
            while any([await consumer.position(one) < end for one, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        yield record
