"""A password that Kafka took is waited for until it is good; only Kafka itself can refuse it, and not at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, KafkaException
from pydantic import SecretStr

from deploy.kafka import logins
from deploy.kafka.cluster import Cluster, LoginRefused
from shared.settings import Settings

SETTINGS = Settings(
    kafka_security="SASL_PLAINTEXT",
    kafka_mechanism="SCRAM-SHA-512",
    kafka_username="admin",
    kafka_password=SecretStr("only-for-this-test"),
    kafka_port=1,
)
REFUSED = "SASL authentication error: Authentication failed during authentication due to invalid credentials"
UNFINISHED = "SASL authentication error: SaslAuthenticateRequest failed: Local: Timed out"


class Clock:
    """Time that passes when somebody waits, and with each answer of Kafka."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, good_after: int, seconds_of_an_answer: float) -> None:
        self.now, self.asked = 0.0, 0
        monkeypatch.setattr("deploy.kafka.logins.time", self)

        def answer(_settings: Settings, _user: str, _password: str) -> bool:
            self.asked += 1
            self.sleep(seconds_of_an_answer)
            return self.asked > good_after

        monkeypatch.setattr(logins, "can_log_in", answer)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("seconds_of_an_answer", [0.05, 20.0])
def test_a_password_is_waited_for_however_slow_the_machine_is(
    monkeypatch: pytest.MonkeyPatch, seconds_of_an_answer: float
) -> None:
    clock = Clock(monkeypatch, logins.REFUSALS - 1, seconds_of_an_answer)
    assert logins.wait_for_login(SETTINGS, "u", "p")
    assert clock.asked == logins.REFUSALS


def test_a_password_that_is_never_good_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 10_000, 0.05)
    assert not logins.wait_for_login(SETTINGS, "u", "p")
    assert clock.now > logins.SECONDS
    assert clock.asked >= logins.REFUSALS


def test_where_nobody_logs_in_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 10_000, 0.05)
    assert logins.wait_for_login(Settings(), "u", "p")
    assert clock.asked == 0


@pytest.mark.parametrize(("said", "is_refusal"), [(REFUSED, True), (UNFINISHED, False)])
def test_a_handshake_that_was_not_finished_is_no_refusal(said: str, is_refusal: bool) -> None:
    cluster = Cluster(SETTINGS, seconds=0.1)
    tell: Callable[[KafkaError], None] = cluster._heed
    tell(KafkaError(KafkaError._AUTHENTICATION, said))
    failure = cluster._failed(KafkaException(KafkaError(KafkaError._TIMED_OUT, "")), "")
    assert isinstance(failure, LoginRefused) is is_refusal
