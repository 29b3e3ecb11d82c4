"""`dossier openapi`: the gateway's API, described without starting it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory


def configure(parser: argparse.ArgumentParser) -> None:
    """Take no options."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print the OpenAPI document of the JSON API and the partner on-ramp, as /api/v1/openapi.json serves it."""
    del arguments
    from services.gateway.api.openapi import openapi_document  # noqa: PLC0415 - seconds, so `--help` does without
    from services.gateway.app import create_app  # noqa: PLC0415
    from services.gateway.settings import GatewaySettings  # noqa: PLC0415

    with TemporaryDirectory(prefix="dossier-openapi-") as folder:
        # The document depends on no setting, so it can be had where nothing is set up: nothing is read or opened.
        settings = GatewaySettings(
            _env_file=None,
            env="test",
            data_dir=Path(folder),
            gateway_database_url=f"sqlite:///{folder}/gateway.db",
        )
        document = openapi_document(create_app(settings))
    print(json.dumps(document, indent=2, ensure_ascii=False))
    return 0
