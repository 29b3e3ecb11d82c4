from __future__ import annotations

from deploy.kafka.acls import Acl
from deploy.kafka.cluster import FoundTopic
from deploy.kafka.differences import Differences, compare_acls, compare_topics
from deploy.kafka.topics import TopicSpec, replicated

CLAIMS = TopicSpec("claims.events.v1", 24, {"retention.ms": "5"}, 3)
WANTED = Acl("User:dossier-claims", "topic", "claims.events.v1", "write")


def test_what_is_as_it_should_be_is_no_difference() -> None:
    found = Differences()
    compare_topics([CLAIMS], {CLAIMS.name: FoundTopic(24, 3)}, {CLAIMS.name: {"retention.ms": "5"}}, found)
    compare_acls([WANTED], [WANTED], found)
    assert found == Differences()
    assert list(found.lines()) == []


def test_a_missing_topic_is_to_be_created() -> None:
    found = Differences()
    compare_topics([CLAIMS], {}, {}, found)
    assert found.missing_topics == [CLAIMS]
    assert list(found.lines()) == ["+ topic claims.events.v1 (24 partitions)"]


def test_other_partitions_and_replicas_are_told_and_options_are_to_be_set() -> None:
    found = Differences()
    compare_topics([CLAIMS], {CLAIMS.name: FoundTopic(4, 1)}, {CLAIMS.name: {}}, found)
    assert list(found.lines()) == [
        "~ topic claims.events.v1: retention.ms is not set, should be 5",
        "! topic claims.events.v1 has 4 partitions, should have 24",
        "! topic claims.events.v1 is on 1 brokers, should be on 3",
    ]


def test_a_topic_whose_options_nobody_told_is_not_compared_by_them() -> None:
    found = Differences()
    compare_topics([CLAIMS], {CLAIMS.name: FoundTopic(24, 3)}, {}, found)
    assert found.other_configs == []


def test_surplus_topics_are_told_when_they_are_named_as_ours() -> None:
    found = Differences()
    topics = {
        name: FoundTopic(1, 1) for name in ("partners.gone.receipts.v1", "theirs", "__consumer_offsets")
    }
    compare_topics([], topics, {}, found)
    assert found.surplus_topics == ["partners.gone.receipts.v1"]


def test_surplus_permissions_are_those_of_our_own_users() -> None:
    ours = WANTED._replace(operation="read")
    denied = WANTED._replace(permission="deny")
    foreign = WANTED._replace(principal="User:somebody")
    found = Differences()
    compare_acls([WANTED], [WANTED, ours, denied, foreign], found)
    assert found.surplus_acls == [ours, denied]
    assert found.missing_acls == found.open_acls == []


def test_what_everybody_may_is_told() -> None:
    found = Differences()
    compare_acls([], [WANTED._replace(principal="User:*")], found)
    assert list(found.lines()) == ["! User:* may write topic claims.events.v1: so may every partner"]


def test_one_of_several_brokers_may_be_away() -> None:
    def least(factor: int) -> str:
        return replicated([CLAIMS], factor)[0].config["min.insync.replicas"]

    assert [least(1), least(2), least(3)] == ["1", "1", "2"]
    assert replicated([CLAIMS], 2)[0].replication == 2
