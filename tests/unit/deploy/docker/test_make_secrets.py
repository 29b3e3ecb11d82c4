from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from shared.settings import MINIMUM_SECRET_LENGTH, SERVICES
from tests.unit.deploy.docker.agreement import ENGINES
from tests.unit.deploy.docker.composition import ROOT

MAKE = ROOT / "deploy" / "docker" / "make-secrets"


def make(folder: Path) -> str:
    done = subprocess.run([MAKE, folder], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_every_secret_is_long_random_and_different(secrets: Path) -> None:
    chosen = {"s3-access-key"}  # a name
    values = [
        file.read_text(encoding="utf-8").strip() for file in secrets.iterdir() if file.name not in chosen
    ]
    assert len(values) == len(set(values))
    assert min(map(len, values)) >= 64 > MINIMUM_SECRET_LENGTH


def test_the_folder_is_closed_and_its_files_are_readable_to_the_users_of_containers(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in secrets.iterdir()} == {0o444}


def test_each_service_has_a_database_and_a_role_of_its_own(secrets: Path) -> None:
    found = set()
    for service in SERVICES:
        url = urlsplit((secrets / f"{service}-database-url").read_text(encoding="utf-8").strip())
        assert (url.scheme, url.hostname, url.port) == ("postgresql", "postgresql", ENGINES["postgresql"])
        assert (url.username, url.path) == (f"dossier_{service}", f"/{service}")
        found.add(url.password)
    assert len(found) == len(SERVICES)


def test_a_second_run_changes_nothing_and_a_missing_one_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    told = make(folder)
    before = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert set(told.split()) - {"written:"} == set(before)
    assert not any(value.strip() in told for name, value in before.items() if name != "s3-access-key")
    assert make(folder) == ""
    (folder / "secret").unlink()
    assert make(folder) == "written: secret\n"
    after = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"secret"}


def test_an_empty_file_that_a_full_disk_left_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "secret").touch()
    make(folder)
    assert len((folder / "secret").read_text(encoding="utf-8").strip()) == 64


def test_secrets_are_never_committed() -> None:
    made = "deploy/docker/secrets/secret"
    done = subprocess.run(
        ["git", "check-ignore", made], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == made
