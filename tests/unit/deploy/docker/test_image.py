from __future__ import annotations

import os
import re
import site
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from shared.settings import SERVICES, Settings
from tests.unit.deploy.docker import composition, image

TEXT = image.FILE.read_text(encoding="utf-8")
ARGUMENTS, STAGES = image.parse(TEXT)
FINAL = STAGES[-1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's root, as far as it comes from this repository."""
    folder = tmp_path_factory.mktemp("image")
    image.assemble(folder)
    return folder


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python as the image does: its own files and the packages, without this repository on the path."""
    environment: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{tree / 'app'}:{site.getsitepackages()[0]}",
    }
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=tree / "app",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_packages_are_installed_by_hash_without_building_any() -> None:
    packages = next(stage for stage in STAGES if stage.name == "packages")
    install = next(one.words for one in packages.all("RUN") if "install" in one.words)
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(install)
    assert install[-2:] == ["-r", "requirements.lock"]
    browser = next(stage for stage in STAGES if stage.name == "browser")
    assert [one.text for one in browser.all("RUN")] == ["npm ci --omit=dev"]


def test_base_images_are_named_by_version_and_carry_a_supported_python() -> None:
    assert {stage.base for stage in STAGES} == {"${PYTHON_IMAGE}", "${NODE_IMAGE}"}
    version = re.fullmatch(r"python:(\d+)\.(\d+)-slim-\w+", ARGUMENTS["PYTHON_IMAGE"])
    assert version is not None
    assert (int(version[1]), int(version[2])) >= (3, 11)
    assert re.fullmatch(r"node:\d\d-\w+-slim", ARGUMENTS["NODE_IMAGE"])


def test_the_image_runs_as_the_user_that_compose_names_and_never_as_root() -> None:
    users = [one.text for one in FINAL.all("USER")]
    assert users == ["10001:10001"]
    assert FINAL.instructions.index(FINAL.all("USER")[0]) > max(
        index for index, one in enumerate(FINAL.instructions) if one.name in {"RUN", "COPY"}
    )
    for one in composition.containers(composition.load()).values():
        assert not one.ours or one.raw["user"] == users[0]


def test_exposed_ports_are_those_of_the_settings() -> None:
    settings = Settings(_env_file=None)
    assert set(FINAL.all("EXPOSE")[0].words) == {str(settings.port_of(service)) for service in SERVICES}


def test_no_secret_test_or_local_file_travels_to_the_builder(tree: Path) -> None:
    patterns = image.patterns()
    kept_back = (
        "deploy/docker/secrets/secret",
        ".env",
        ".git/config",
        ".data/demo.json",
        ".venv/bin/python",
        "tests/unit/deploy/test_cli.py",
        "node_modules/htmx.org/package.json",
        "shared/__pycache__/settings.cpython-311.pyc",
    )
    assert [path for path in kept_back if not image.ignored(path, patterns)] == []
    sent = (
        "requirements.lock",
        "shared/settings.py",
        "deploy/cli.py",
        "services/gateway/static/desk.js",
        ".npmrc",
    )
    assert [path for path in sent if image.ignored(path, patterns)] == []
    inside = [path.relative_to(tree).as_posix() for path in tree.rglob("*")]
    assert not [path for path in inside if "secrets" in Path(path).parts or "__pycache__" in path]


def test_a_copy_of_what_the_builder_never_gets_is_refused(tmp_path: Path) -> None:
    words = image.Instruction("COPY", "docs/asyncapi.yaml docs/").words
    with pytest.raises(ValueError, match=r"docs/asyncapi\.yaml is copied, and \.dockerignore keeps it"):
        image._copy(words, PurePosixPath("/app"), tmp_path)


def test_the_tree_has_all_that_each_service_imports(tree: Path) -> None:
    code = "import deploy.serve, importlib\n" + "\n".join(
        f"importlib.import_module('services.{service}.app')" for service in SERVICES
    )
    done = run(tree, "-c", code)
    assert done.returncode == 0, done.stderr


def test_the_tree_has_every_browser_file_that_the_gateway_serves_and_no_other(tree: Path) -> None:
    code = (
        "from services.gateway.pages import assets, icons\n"
        "print(*(assets._file_of(name, path) for name, (_, _, files) in assets._PACKAGES.items() for path in files))\n"
        "print(len(icons._bodies()), *sorted(assets.versions()))\n"
    )
    done = run(tree, "-c", code)
    assert done.returncode == 0, done.stderr
    files, names = (line.split() for line in done.stdout.splitlines())
    assert [file for file in files if not Path(file).is_file()] == []
    assert names[1:] == ["desk", "heebo", "htmx", "tabler"]
    there = {path for path in (tree / "app" / "node_modules").rglob("*") if path.is_file()}
    assert {path.name for path in there - {Path(file) for file in files}} == {"package.json", "icons.json"}


def test_the_operators_command_works_in_the_tree(tree: Path) -> None:
    script = (tree / "usr" / "local" / "bin" / "dossier").read_text(encoding="utf-8")
    assert 'exec python -m deploy.cli "$@"' in script
    done = run(tree, "-m", "deploy.cli", "--help")
    assert done.returncode == 0, done.stderr
    assert "migrate" in done.stdout


def test_the_partners_document_is_made_by_the_line_of_the_dockerfile(tree: Path) -> None:
    line = next(one for one in FINAL.all("RUN") if "asyncapi" in one.text)
    code = line.words[line.words.index("-c") + 1]
    (tree / "app" / "docs").mkdir(exist_ok=True)
    done = run(tree, "-c", code)
    assert done.returncode == 0, done.stderr
    assert '"asyncapi"' in (tree / "app" / "docs" / "asyncapi.json").read_text(encoding="utf-8")


def test_a_word_that_is_no_instruction_is_refused() -> None:
    with pytest.raises(ValueError, match="COPPY is not an instruction"):
        image.parse("FROM scratch\nCOPPY a b\n")


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("shared/settings.py", "*", True),
        ("shared/settings.py", "shared", True),
        ("shared_too/settings.py", "shared", False),
        ("a/b/__pycache__/c.pyc", "**/__pycache__", True),
        ("__pycache__/c.pyc", "**/__pycache__", True),
        ("a/b/c.pyc", "**/*.pyc", True),
        ("a/b/c.py", "**/*.pyc", False),
        ("deploy/docker/secrets/x", "deploy/docker/secrets", True),
    ],
)
def test_patterns_of_dockerignore_fit_as_the_builder_reads_them(
    path: str, pattern: str, *, fits: bool
) -> None:
    assert image._fits(path, pattern) is fits
