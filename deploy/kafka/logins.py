"""Whether a name and a password are good on the brokers."""

from __future__ import annotations

import time

from deploy.kafka.cluster import Cluster, LoginRefused
from shared.settings import Settings


def can_log_in(settings: Settings, user: str, password: str) -> bool:
    """Whether Kafka knows this user with this password. Raises `ClusterFailed` when it does not answer."""
    cluster = Cluster(settings, user=(user, password))
    try:
        cluster.brokers()
    except LoginRefused:
        return False
    return True


def wait_for_login(settings: Settings, user: str, password: str, seconds: float = 30.0) -> bool:
    """Wait until a password that was just set is good on the brokers, which hear of it a moment later; False when it never is.

    Where we do not log in ourselves, nobody can be tried: that counts as good.
    """
    deadline = time.monotonic() + seconds
    while settings.kafka_security.startswith("SASL") and not can_log_in(settings, user, password):
        if time.monotonic() > deadline:
            return False
    return True
