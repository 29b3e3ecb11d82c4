"""The play keeps to the rate, to the truth of the receipts, and to what it is owed."""

import asyncio
import time
from random import Random
from typing import Any, cast

import pytest

from deploy.simulate.known import KnownClaim
from deploy.simulate.play import AGAIN_SECONDS, FEWEST_REPAIRS, OVERTAKEN_SECONDS, Play
from shared.contracts.codes import ClaimStatus
from shared.contracts.partners import UPDATE_MODELS, Receipt
from tests.unit.deploy.simulate.stage import DEMO, Clock, Counter, Wire, answer, claim


class Stage:
    """A play, prepared, with everything around it in the test's hands."""

    def __init__(self, *claims: KnownClaim) -> None:
        self.desk, self.wire, self.lines = Counter(*claims), Wire(), list[str]()
        self.play = Play(
            DEMO, cast("Any", self.desk), cast("Any", self.wire), Clock(), Random(5), self.lines.append
        )


@pytest.fixture
async def stage() -> Stage:
    found = Stage(*(claim(number) for number in range(1, 9)))
    await found.play.prepare()
    return found


async def test_messages_are_what_partners_promise_with_the_key_and_topic_of_their_kind(stage: Stage) -> None:
    for _ in range(200):
        assert await stage.play.speak()
        answer(stage.play)
    kinds = set()
    for topic, key, message in stage.wire.sent:
        _, partner, kind, _ = topic.split(".")
        kinds.add(kind)
        data = UPDATE_MODELS[kind].model_validate(message["data"])
        assert message["source"] == f"urn:dossier:partner:{partner}"
        assert key in {getattr(data, "claim_number", None), getattr(data, "policy_number", None)}
        assert partner in DEMO.partners
    assert kinds == set(UPDATE_MODELS)


async def test_sequences_grow_though_the_clock_stands_still(stage: Stage) -> None:
    for _ in range(50):
        await stage.play.speak()
    sequences = [message["data"]["sequence"] for _, _, message in stage.wire.sent]
    assert sequences == sorted(set(sequences))
    assert sequences[0] >= Clock().now().timestamp() * 1_000_000


async def test_a_refused_claim_is_read_again_before_anybody_speaks_of_it() -> None:
    stage = Stage(claim(1))
    stage.play.claims = {"CL-2026-000001": claim(1)}
    assert await stage.play.speak()
    answer(stage.play, "rejected", reason={"code": "illegal_transition", "detail": "no"})
    assert not await stage.play.speak()
    await stage.play._read_again()
    assert stage.desk.read == ["CL-2026-000001"]
    assert await stage.play.speak()
    assert "rejected 1  (illegal_transition 1)" in stage.play.score.line(1)


async def test_a_refused_claim_is_not_read_while_other_messages_of_it_are_on_their_way() -> None:
    stage = Stage(claim(1))
    stage.play.claims = {"CL-2026-000001": claim(1)}
    await stage.play.speak()
    await stage.play.speak()
    first = next(iter(stage.play.waiting))
    reason = {"code": "plate_mismatch", "detail": "no"}
    stage.play.take(Receipt.model_validate({"message_id": first, "outcome": "rejected", "reason": reason}))
    await stage.play._read_again()
    assert stage.desk.read == []


async def test_a_claim_that_is_closed_is_left() -> None:
    stage = Stage()
    stage.play.claims = {"CL-2026-000001": claim(1, status=ClaimStatus.CLOSED)}
    await stage.play._read_again()
    assert stage.play.claims == {}
    assert stage.play.score.closed == 1


async def test_receipts_of_other_senders_are_not_counted(stage: Stage) -> None:
    stage.play.take(Receipt(message_id="of somebody else", outcome="rejected"))
    assert stage.play.score.outcomes.total() == 0


async def test_in_silence_everything_is_sent_again_over_a_new_connection(stage: Stage) -> None:
    await stage.play.speak()
    await _age(stage, AGAIN_SECONDS + 1)
    await stage.play._mend()
    assert stage.wire.connections == 1
    assert [one[2]["id"] for one in stage.wire.sent] == [stage.wire.sent[0][2]["id"]] * 2
    answer(stage.play, "duplicate")
    assert stage.play.score.outcomes == {"accepted": 1}


async def test_a_demo_that_is_merely_slow_is_not_given_more_to_do(stage: Stage) -> None:
    for _ in range(3):
        await stage.play.speak()
    await _age(stage, AGAIN_SECONDS + 1)
    stage.play.take(Receipt(message_id=next(iter(stage.play.waiting)), outcome="accepted"))
    await stage.play._mend()
    assert len(stage.wire.sent) == 3


async def test_a_message_that_later_ones_overtook_is_lost_and_sent_again(stage: Stage) -> None:
    await stage.play.speak()
    await _age(stage, AGAIN_SECONDS + OVERTAKEN_SECONDS)
    await stage.play.speak()
    *_, later = stage.play.waiting
    stage.play.take(Receipt(message_id=later, outcome="accepted"))
    await stage.play._mend()
    assert [one[2]["id"] for one in stage.wire.sent].count(stage.wire.sent[0][2]["id"]) == 2


async def test_a_lost_connection_is_made_again(stage: Stage) -> None:
    stage.wire.lost = True
    await stage.play._mend()
    assert not stage.wire.lost


async def test_garages_without_work_get_new_claims() -> None:
    stage = Stage(claim(1))
    await stage.play.prepare()
    for _ in range(FEWEST_REPAIRS + 3):
        await stage.play._fill_garages()
    assert stage.desk.reported == FEWEST_REPAIRS - 1


async def test_a_run_ends_after_its_seconds_with_a_summary(stage: Stage) -> None:
    speaking = asyncio.create_task(stage.play.run(100, 0.3, asyncio.Event()))
    while not speaking.done():
        answer(stage.play)
        await asyncio.sleep(0)
    await speaking
    assert 1 <= len(stage.wire.sent) <= 32
    assert stage.lines[0].startswith(f"sent {len(stage.wire.sent)} (")
    assert stage.lines[1].startswith(f"accepted {len(stage.wire.sent)}  stale 0  rejected 0")


async def test_a_stop_ends_a_run_at_once_and_says_what_was_not_answered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.simulate.play.LAST_SECONDS", 0.01)
    stop = asyncio.Event()
    speaking = asyncio.create_task(stage.play.run(1, None, stop))
    async with asyncio.timeout(2):
        await stage.wire.spoken.wait()
        stop.set()
        await speaking
    assert "without a receipt: 1 (a partner would send them again)" in stage.lines


async def _age(stage: Stage, seconds: float) -> None:
    """Let what waits, and the last receipt, be so much older."""
    stage.play._heard_at = min(stage.play._heard_at, time.monotonic() - seconds)
    for one in stage.play.waiting.values():
        one.last_sent -= seconds
        one.first_sent -= seconds
