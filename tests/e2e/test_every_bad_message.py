"""Whatever a partner sends is answered with its reason, and disturbs nobody."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from tests.fixtures.desk import Desk
from tests.fixtures.partners import Message, Partner, PartnerLine, onramp, partner
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon

REPAIRS = "repair-updates"
WELL_AHEAD = {"body", "paint", "reassembly", "quality_control", "ready"}
"""Phases from which no car goes back to `booked`."""


@dataclass(frozen=True)
class Repair:
    """A claim that a garage repairs, and its next report."""

    garage: Partner
    number: str
    phase: str

    def data(self, **more: Any) -> dict[str, Any]:
        return {"claim_number": self.number, "phase": self.phase, "note": uuid.uuid4().hex, **more}

    def good(self) -> Message:
        return self.garage.message(REPAIRS, self.data())

    def message(self, **more: Any) -> Message:
        return self.garage.message(REPAIRS, self.data(**more))


@pytest_asyncio.fixture(loop_scope="session")
async def repair(stack: Stack, broker_fr: Desk) -> Repair:
    garage = partner(stack, "garage-lyon")
    for one in await broker_fr.claims(state="open", garage=garage.id):
        if one["claim_number"] in garage.claim_numbers and one["repair"]["phase"] in WELL_AHEAD:
            return Repair(garage, one["claim_number"], one["repair"]["phase"])
    raise AssertionError("the demo has no car in the middle of its repair")


def _foreign_claim(stack: Stack, repair: Repair) -> str:
    return next(
        one for one in partner(stack, "garage-haifa").claim_numbers if one not in repair.garage.claim_numbers
    )


def _broken_json(_: Stack, repair: Repair) -> Message:
    message = repair.good()
    return replace(message, body=message.body[:-1], id="")


def _without_data(_: Stack, repair: Repair) -> Message:
    message = repair.good()
    event = json.loads(message.body)
    del event["data"]
    return replace(message, body=json.dumps(event).encode())


BAD: dict[str, tuple[Callable[[Stack, Repair], Message], str, str | None]] = {
    "a list instead of an object": (lambda _s, r: r.garage.raw(REPAIRS, b"[1, 2]"), "malformed", None),
    "no json": (lambda _s, r: r.garage.raw(REPAIRS, b"phase: paint"), "malformed", None),
    "empty": (lambda _s, r: r.garage.raw(REPAIRS, b""), "malformed", None),
    "not utf-8": (lambda _s, r: r.garage.raw(REPAIRS, b'{"id": "\xff\xfe"}'), "malformed", None),
    "cut off": (_broken_json, "malformed", None),
    "no data": (_without_data, "malformed", "data"),
    "another version of the envelope": (
        lambda _s, r: r.garage.message(REPAIRS, r.data(), specversion="0.3"),
        "malformed",
        "specversion",
    ),
    "a null character": (lambda _s, r: r.message(note="a\0b"), "malformed", None),
    "a phase that does not exist": (lambda _s, r: r.message(phase="polished"), "schema", "phase"),
    "a percentage above 100": (lambda _s, r: r.message(percent=101), "schema", "percent"),
    "a sequence that is no number": (lambda _s, r: r.message(sequence="7"), "schema", "sequence"),
    "an instant without an offset": (
        lambda _s, r: r.message(occurred_at="2026-11-23T08:00:00"),
        "schema",
        "occurred_at",
    ),
    "an amount without its currency": (
        lambda _s, r: r.message(quote={"status": "quoted", "amount": "10.00"}),
        "schema",
        "quote",
    ),
    "the name of another partner as source": (
        lambda _s, r: r.garage.message(REPAIRS, r.data(), source="urn:dossier:partner:garage-haifa"),
        "schema",
        "source",
    ),
    "the type of another kind of update": (
        lambda _s, r: r.garage.message(REPAIRS, r.data(), type="dossier.partner.claim-update.v1"),
        "schema",
        "type",
    ),
    "a claim that nobody knows": (
        lambda _s, r: r.message(claim_number="CL-1999-999999"),
        "unknown_claim",
        "claim_number",
    ),
    "a claim of another garage": (
        lambda s, r: r.message(claim_number=_foreign_claim(s, r)),
        "not_assigned",
        None,
    ),
    "the plate of another car": (lambda _s, r: r.message(plate="ZZ-999-ZZ"), "plate_mismatch", "plate"),
    "a step that no repair takes": (lambda _s, r: r.message(phase="booked"), "illegal_transition", "phase"),
    "300 KiB": (lambda _s, r: r.message(extra="x" * 300 * 1024), "too_large", None),
    "300 KiB that are no json": (
        lambda _s, r: r.garage.raw(REPAIRS, b"x" * 300 * 1024),
        "too_large",
        None,
    ),
}


@pytest.mark.parametrize("what", BAD)
async def test_is_refused_with_its_reason_between_neighbours_that_are_accepted(
    what: str, stack: Stack, repair: Repair, line: PartnerLine, broker_fr: Desk
) -> None:
    build, code, field = BAD[what]
    before = await broker_fr.claim(repair.number)
    first = repair.good()
    bad = replace(build(stack, repair), key=repair.number)  # one partition, so in this order
    last = repair.good()
    await line.push(first)
    stands = await line.push(bad)
    await line.push(last)

    bad_id = bad.id or f"record:{bad.topic}:{stands.partition}:{stands.offset}"
    answers = await line.answers([first.id, bad_id, last.id])
    if any(one["outcome"] == "accepted" for one in answers[bad_id]):
        raise AssertionError(f"{what} was accepted")
    (refusal,) = answers[bad_id]
    assert (refusal["outcome"], refusal["reason"]["code"]) == ("rejected", code)
    assert refusal["reason"]["detail"]
    if field is not None:
        assert refusal["reason"]["field"] == field
    assert [one["outcome"] for one in answers[first.id] + answers[last.id]] == ["accepted", "accepted"]
    assert answers[last.id][0]["sequence"] == before["sequence"] + 2

    async def shown() -> bool:
        claim = await broker_fr.claim(repair.number)
        return (claim["sequence"], claim["repair"]["note"]) == (before["sequence"] + 2, _note(last))

    await soon(shown, what="the neighbours' changes, and no other, on the claim")


def _note(message: Message) -> str:
    return str(json.loads(message.body)["data"]["note"])


async def test_a_repetition_is_answered_as_duplicate_and_an_older_report_as_stale(
    repair: Repair, line: PartnerLine, broker_fr: Desk
) -> None:
    before = await broker_fr.claim(repair.number)
    message = repair.good()
    old = repair.message(sequence=1)
    for one in (message, message, old, message):
        await line.push(one)

    async def all_answered() -> bool:
        return len(line.data(message.id)) == 3 and len(line.data(old.id)) == 1

    await soon(all_answered)
    assert [one["outcome"] for one in line.data(message.id)] == ["accepted", "duplicate", "duplicate"]
    assert {one["sequence"] for one in line.data(message.id)} == {before["sequence"] + 1}
    (stale,) = line.data(old.id)
    assert (stale["outcome"], stale["claim_number"]) == ("stale", repair.number)
    assert stale.get("reason") is None


async def test_fields_that_we_do_not_know_are_ignored(repair: Repair, line: PartnerLine) -> None:
    message = repair.message(colour="red")
    await line.push(message)
    assert (await line.answer(message.id))["outcome"] == "accepted"


async def test_what_a_refusal_used_up_may_be_sent_again_corrected(repair: Repair, line: PartnerLine) -> None:
    wrong = repair.message(percent=300)
    sequence = json.loads(wrong.body)["data"]["sequence"]
    right = repair.garage.message(REPAIRS, repair.data(sequence=sequence), id=wrong.id)
    await line.push(wrong)
    await line.push(right)

    async def both() -> bool:
        return len(line.data(wrong.id)) == 2

    await soon(both)
    assert [one["outcome"] for one in line.data(wrong.id)] == ["rejected", "accepted"]


async def test_an_unknown_policy_and_a_policy_of_another_insurer_are_refused(
    stack: Stack, line: PartnerLine
) -> None:
    alpha, beta = partner(stack, "insurer-alpha"), partner(stack, "insurer-beta")
    unknown = alpha.message("contract-updates", {"policy_number": "0000-000000", "note": "x"})
    foreign = alpha.message(
        "contract-updates",
        {
            "policy_number": next(one for one in beta.policy_numbers if one not in alpha.policy_numbers),
            "note": "x",
        },
    )
    await line.push_all([unknown, foreign])
    answers = await line.answers([unknown.id, foreign.id])
    assert answers[unknown.id][0]["reason"]["code"] == "unknown_policy"
    assert answers[foreign.id][0]["reason"]["code"] in {"not_assigned", "unknown_policy"}


async def test_what_names_no_message_lies_in_the_dead_letters_with_its_bytes(
    stack: Stack, repair: Repair, line: PartnerLine
) -> None:
    body = b"who am I? " + uuid.uuid4().hex.encode()
    await line.push(repair.garage.raw(REPAIRS, body))
    consumer = AIOKafkaConsumer(
        f"partners.garage-lyon.{REPAIRS}.v1.dlq",
        bootstrap_servers=stack.bootstrap,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    found: list[Any] = []

    async def put_aside() -> bool:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            found.extend(one for one in records if one.value == body)
        return bool(found)

    try:
        await soon(put_aside)
    finally:
        await consumer.stop()
    assert len(found) == 1
    assert found[0].headers, "the reason stands in the headers"


REFUSED_BY_HTTP: dict[str, tuple[Callable[[Repair], Any], int, str, str | None]] = {
    "no json": (lambda _r: b"phase: paint", 400, "malformed", None),
    "a phase that does not exist": (
        lambda r: r.garage.event(REPAIRS, r.data(phase="polished")),
        422,
        "schema",
        "data.phase",
    ),
    "the name of another partner": (
        lambda r: r.garage.event(REPAIRS, r.data(), source="urn:dossier:partner:garage-haifa"),
        422,
        "schema",
        "source",
    ),
    "300 KiB": (lambda r: r.garage.event(REPAIRS, r.data(extra="x" * 300 * 1024)), 413, "too_large", None),
}


@pytest.mark.parametrize("what", REFUSED_BY_HTTP)
async def test_the_onramp_answers_a_bad_message_with_a_problem(
    what: str, stack: Stack, repair: Repair
) -> None:
    build, status, code, field = REFUSED_BY_HTTP[what]
    body = build(repair)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with onramp(stack, repair.garage) as http:
        answer = await http.post("/repair-updates", content=content)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert problem["type"] == f"urn:dossier:problem:{code}"
    assert problem["detail"]
    if field is not None:
        assert field in json.dumps(problem)


async def test_the_onramp_knows_its_partners_and_what_they_may_send(stack: Stack, repair: Repair) -> None:
    event = repair.garage.event(REPAIRS, repair.data())
    async with onramp(stack, repair.garage) as http:
        wrong_kind = await http.post("/claim-updates", json=event)
        unknown = await http.get("/receipts/never-sent")
        for authorization in ("", "Bearer wrong", "Basic wrong"):
            stranger = await http.post(
                "/repair-updates", json=event, headers={"Authorization": authorization}
            )
            assert stranger.status_code == 401
            assert stranger.headers["www-authenticate"] == "Bearer"
    assert (wrong_kind.status_code, unknown.status_code) == (403, 404)


async def test_the_onramp_takes_a_message_once_and_keeps_its_receipt_to_its_sender(
    stack: Stack, repair: Repair
) -> None:
    event = repair.garage.event(REPAIRS, repair.data(claim_number="CL-1999-999999"))
    async with onramp(stack, repair.garage) as http:
        taken = await http.post("/repair-updates", json=event)
        again = await http.post("/repair-updates", json=event)
        other = await http.post("/repair-updates", json={**event, "data": repair.data(sequence=5)})
        assert (taken.status_code, again.status_code, other.status_code) == (202, 202, 409)
        assert taken.json() == {"message_id": event["id"]}

        async def receipt() -> dict[str, Any] | None:
            answer = await http.get(f"/receipts/{event['id']}")
            return answer.json() if answer.status_code == 200 else None

        found = await soon(receipt, what="the receipt over HTTP")
        assert found is not None
        assert (found["outcome"], found["reason"]["code"]) == ("rejected", "unknown_claim")
    async with onramp(stack, partner(stack, "garage-haifa")) as http:
        assert (await http.get(f"/receipts/{event['id']}")).status_code == 404
