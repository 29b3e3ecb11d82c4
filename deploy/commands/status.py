"""`dossier status`: what of the embedded stack is running."""

from __future__ import annotations

import argparse
import json

from deploy.cli import Refused
from deploy.local.preflight import is_locked
from shared.settings import Settings, load_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print the processes, as the supervisor last wrote them down."""
    folder = load_settings(Settings).data_dir
    if not is_locked(folder):  # what a stack that was killed left behind is no state
        raise Refused(f"No stack is running on {folder}.")
    try:
        text = (folder / "run" / "state.json").read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(f"The stack on {folder} has just begun to start.") from error
    state = json.loads(text)
    if arguments.json:
        print(text)
        return 0
    print(f"{state['url']}  (supervisor: process {state['pid']})")
    if state["broker"] is not None:
        print(f"  {'broker':<14} process {state['broker']['pid']:>7}  port {state['broker']['port']:>5}")
    for name, one in state["services"].items():
        condition = "ready" if one["ready"] else "starting" if one["pid"] else "down"
        restarts = f"  restarted {one['restarts']} times" if one["restarts"] else ""
        print(f"  {name:<14} process {one['pid'] or 0:>7}  port {one['port']:>5}  {condition}{restarts}")
    return 0
