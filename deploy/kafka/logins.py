"""Whether a name and a password are good on the brokers."""

from __future__ import annotations

import time
from typing import Final

from deploy.kafka.cluster import Cluster, LoginRefused
from shared.settings import Settings

REFUSALS: Final = 30
SECONDS: Final = 30.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0


def can_log_in(settings: Settings, user: str, password: str) -> bool:
    """Whether Kafka knows this user with this password. Raises `ClusterFailed` when it does not answer."""
    cluster = Cluster(settings, user=(user, password))
    try:
        cluster.brokers()
    except LoginRefused:
        return False
    return True


def wait_for_login(settings: Settings, user: str, password: str) -> bool:
    """Wait until a password that was just set is good on the brokers, which hear of it a moment later; False when it never is.

    Never is: Kafka itself has refused it many times, and for long. Time alone says nothing on a busy machine, where one answer may
    take as long as twenty do elsewhere. Where we do not log in ourselves, nobody can be tried: that counts as good.
    """
    if not settings.kafka_security.startswith("SASL"):
        return True
    begun, refusals = time.monotonic(), 0
    while not can_log_in(settings, user, password):
        refusals += 1
        if refusals >= REFUSALS and time.monotonic() - begun > SECONDS:
            return False
        time.sleep(min(_FIRST_PAUSE * refusals, _LONGEST_PAUSE))
    return True
