"""A Chromium and a kcat for the end-to-end tests: the machine's, else from its packages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.setup.step import CACHE, SetupFailed, run

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
SETTING = "DOSSIER_TEST_BROWSER"
STAMP = CACHE / "browser"


def find_browser() -> str | None:
    """Path of a Chromium or Chrome that starts; `DOSSIER_TEST_BROWSER` names one explicitly."""
    named = os.environ.get(SETTING)
    if named:
        if not _starts(named):
            raise SetupFailed(f"{SETTING} names {named}, which is no browser that starts.")
        return named
    found = [shutil.which(name) for name in NAMES]
    downloads = Path.home() / ".cache" / "ms-playwright"
    played = (
        sorted(downloads.glob("chromium-*/chrome-linux*/chrome"), reverse=True) if downloads.is_dir() else []
    )
    candidates = [*filter(None, found), *PLACES, *map(str, played)]
    return next((path for path in candidates if Path(path).is_file() and _starts(path)), None)


def install_browser() -> None:
    """Have a browser for the tests, installing the system's package when we may.

    Raises SetupFailed naming what to install when we may not.
    """
    if STAMP.is_file() and Path(STAMP.read_text()).is_file() and SETTING not in os.environ:
        return
    browser = find_browser()
    if browser is None and _may_install():
        _install("Chromium", "chromium")
        browser = find_browser()
    if browser is None:
        how = (
            "brew install --cask chromium"
            if sys.platform == "darwin"
            else "as root: apt-get install chromium"
        )
        raise SetupFailed(
            f"The end-to-end tests need Chromium or Chrome, and none was found: install one ({how}), "
            f"or name one with {SETTING}=/path/to/chromium."
        )
    CACHE.mkdir(parents=True, exist_ok=True)
    STAMP.write_text(browser)


def install_kcat() -> None:
    """Have the Kafka client that partners copy and paste; without it its few tests are skipped and say so."""
    if shutil.which("kcat") or shutil.which("kafkacat") or not _may_install():
        return
    try:
        _install("kcat", "kcat")
    except SetupFailed as failure:
        sys.stderr.write(f"  {failure} The tests go on without it.\n")


def _may_install() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(title: str, package: str) -> None:
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run("Package lists", ["apt-get", "update", "-q"], env=env)
    run(title, ["apt-get", "install", "-q", "-y", "--no-install-recommends", package], env=env)


def _starts(path: str) -> bool:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and bool(answer.stdout.strip())
