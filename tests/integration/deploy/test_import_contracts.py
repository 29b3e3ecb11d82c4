"""The import contracts of the architecture hold because breaking one is caught: each is broken here once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
VIOLATIONS = {
    "no service imports another": {
        "services/claims/api.py": "import services.policy",
    },
    "deploy -> services -> shared": {
        "shared/planted.py": "import services.claims",
    },
    "domain rules know no framework, no database and no bus": {
        "services/claims/domain/__init__.py": "",
        "services/claims/domain/planted.py": "import sqlalchemy",
    },
    "inside a service, each file imports only from those below it": {
        "services/claims/repository.py": "import services.claims.handlers",
        "services/claims/handlers.py": "",
    },
    "the gateway's edges share commands and queries, and never each other": {
        "services/gateway/pages/planted.py": "import services.gateway.onramp",
        "services/gateway/pages/__init__.py": "",
        "services/gateway/onramp/__init__.py": "",
    },
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the importable rooms, without what they bring along."""
    for room in ("shared", "services", "deploy"):
        for source in (ROOT / room).rglob("*.py"):
            copy = tmp_path / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint_imports(house: Path) -> tuple[int, str]:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=house, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_house_as_it_is_keeps_every_contract(house: Path) -> None:
    status, said = lint_imports(house)
    assert status == 0, said
    for contract in VIOLATIONS:
        assert f"{contract} KEPT" in said


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_planted_violation_is_caught(house: Path, contract: str) -> None:
    for name, content in VIOLATIONS[contract].items():
        file = house / name
        if file.with_suffix("").is_dir():
            file = file.with_suffix("") / "__init__.py"  # the file has grown into a folder since
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as source:
            source.write(f"{content}\n")
    status, said = lint_imports(house)
    assert status == 1
    assert f"{contract} BROKEN" in said
