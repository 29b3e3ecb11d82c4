import json
import shutil
from pathlib import Path

import pytest

from deploy.checks import dependencies
from deploy.checks.dependencies import EXPLANATIONS, LOCKS, REQUIREMENTS, ROOT, complaints


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (*REQUIREMENTS, *LOCKS, str(EXPLANATIONS), "package.json", "package-lock.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def test_the_files_of_the_project_are_in_order(root: Path) -> None:
    assert complaints(root) == []


def test_a_package_without_its_line_is_named(root: Path) -> None:
    append(root / "requirements.in", "left-pad\n")
    assert complaints(root) == ["docs/dependencies.md has no line for left-pad."]


def test_a_line_without_its_package_is_named(root: Path) -> None:
    append(root / EXPLANATIONS, "| `left-pad` | pads | none |\n")
    assert complaints(root) == ["docs/dependencies.md explains left-pad, which nothing asks for."]


def test_a_lock_file_with_an_address_is_refused(root: Path) -> None:
    append(root / "requirements.lock", "--index-url https://mirror.example/simple\n")
    assert complaints(root) == ["requirements.lock names an address; run make lock."]


def test_a_pin_without_a_hash_is_refused(root: Path) -> None:
    (root / dependencies.LOCKS[0]).write_text("a==1\n")
    assert complaints(root) == ["requirements.lock pins a package without its hash; run make lock."]


@pytest.mark.parametrize(
    ("change", "fault"),
    [({"resolved": "https://mirror.example/x.tgz"}, "an address"), ({"integrity": None}, "no hash")],
)
def test_an_npm_package_with_an_address_or_without_a_hash_is_refused(
    root: Path, change: dict[str, str | None], fault: str
) -> None:
    lock = json.loads((root / "package-lock.json").read_text())
    package = lock["packages"]["node_modules/htmx.org"]
    package.update(change)
    if package["integrity"] is None:
        del package["integrity"]
    (root / "package-lock.json").write_text(json.dumps(lock))
    (complaint,) = complaints(root)
    assert fault in complaint
    assert "htmx.org" in complaint
