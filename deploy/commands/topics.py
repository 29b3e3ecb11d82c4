"""`dossier topics`: create the topics that are missing, on any Kafka."""

from __future__ import annotations

import argparse
import asyncio

from deploy.cli import Refused
from deploy.kafka import topics
from deploy.local.launch import PARTNERS_FILE
from shared.settings import Settings, load_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--partitions", type=int, help="per event topic (default: 4 embedded, 24 elsewhere)")
    parser.add_argument("--list", action="store_true", help="print what would be created, and create nothing")


def run(arguments: argparse.Namespace) -> int:
    """Create what is missing for our services and the partners that are known."""
    settings = load_settings(Settings)
    specs = wanted(settings, arguments.partitions)
    if arguments.list:
        for spec in specs:
            print(f"{spec.name:<60} {spec.partitions:>3}")
        return 0
    try:
        created = asyncio.run(topics.create_topics(settings.bootstrap, specs, settings))
    except topics.TopicsFailed as failure:
        raise Refused(str(failure)) from failure
    print(f"{len(created)} created, {len(specs) - len(created)} were there")
    return 0


def wanted(settings: Settings, partitions: int | None) -> list[topics.TopicSpec]:
    """All topics of this installation."""
    default = topics.EMBEDDED_PARTITIONS if settings.embedded else topics.PRODUCTION_PARTITIONS
    partners = topics.read_partners(settings.data_dir / PARTNERS_FILE)
    if settings.demo and settings.env != "production":
        partners += topics.DEMO_PARTNERS
    return topics.topics_for(partners, partitions or default)
