from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.deploy.docker.composition import ROOT


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that make-secrets has written."""
    folder = tmp_path_factory.mktemp("made") / "secrets"
    subprocess.run([ROOT / "deploy" / "docker" / "make-secrets", folder], check=True, capture_output=True)
    return folder
