"""`dossier run`: check what can be checked, then become the supervisor of the embedded stack."""

from __future__ import annotations

import argparse

from deploy.cli import Refused
from deploy.local import launch, preflight
from deploy.serve import settings_class
from shared.settings import SERVICES, Settings, load_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="with demo data and partners (default: DOSSIER_DEMO, which is on)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Start the stack and stay until it is stopped."""
    settings = load_settings(Settings)
    for service in SERVICES:
        load_settings(settings_class(service))  # a mistake is told here, not in the log of a service
    demo = settings.demo if arguments.demo is None else arguments.demo
    print(f"Dossier starts, with its data in {settings.data_dir}", flush=True)
    try:
        preflight.prepare_folder(settings.data_dir)
        preflight.lock_folder(settings.data_dir)
        plan = launch.build_plan(settings, demo=demo)
        preflight.check_ports(launch.listeners(plan))
    except preflight.CannotRun as refusal:
        raise Refused(str(refusal)) from refusal
    launch.become_supervisor(plan)
    return 0
