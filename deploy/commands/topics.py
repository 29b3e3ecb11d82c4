"""`dossier topics`: bring topics, permissions and our own users on Kafka to what they should be."""

from __future__ import annotations

import argparse
import asyncio

from deploy.cli import Refused
from deploy.kafka.topics import Partner
from shared.settings import Settings, load_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--dry-run", action="store_true", help="show the differences, and change nothing")
    parser.add_argument(
        "--prune", action="store_true", help="also revoke permissions of our users that they should not have"
    )
    parser.add_argument(
        "--configs", action="store_true", help="also set options of topics that differ, such as retention"
    )
    parser.add_argument(
        "--topics-only", action="store_true", help="leave users and permissions to somebody else"
    )
    parser.add_argument(
        "--partitions",
        type=int,
        help="per event topic that is created (default: DOSSIER_KAFKA_PARTITIONS, else 4 embedded, 24 elsewhere)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Show the differences, then create what is missing."""
    from deploy.kafka.cluster import ClusterFailed  # noqa: PLC0415 - so `--help` does without the client
    from deploy.kafka.registered import NotKnown, partners_of  # noqa: PLC0415

    settings = load_settings(Settings)
    try:
        partners, all_known = asyncio.run(partners_of(settings))
        if arguments.prune and not all_known:
            raise Refused(
                "--prune needs the gateway's database (DOSSIER_GATEWAY_DATABASE_URL), to know all partners."
            )
        reconcile(settings, partners, arguments)
    except (ClusterFailed, NotKnown, ValueError) as failure:
        raise Refused(str(failure)) from failure
    return 0


def reconcile(settings: Settings, partners: list[Partner], arguments: argparse.Namespace) -> None:
    """Compare, tell, and do what was asked for. Raises `ClusterFailed`."""
    from deploy.kafka import installation as bus  # noqa: PLC0415
    from deploy.kafka.cluster import Cluster  # noqa: PLC0415

    cluster = Cluster(settings)
    wanted = bus.installation(settings, partners, cluster.brokers(), arguments.partitions)
    found, notes = bus.compare_what_can_be(cluster, settings, wanted, permissions=not arguments.topics_only)
    lines = [*notes, *found.lines()]
    print("\n".join(lines) or "no differences")
    if arguments.dry_run:
        print("nothing was changed")
        return
    for done in bus.apply(cluster, settings, found, wanted, prune=arguments.prune, configs=arguments.configs):
        print(done)
    if found.surplus_acls and not arguments.prune:
        print("--prune revokes the permissions marked with -")
    if found.other_configs and not arguments.configs:
        print("--configs sets the options marked with ~")
