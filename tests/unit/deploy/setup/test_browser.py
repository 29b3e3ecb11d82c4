import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.setup import browser
from deploy.setup.browser import find_browser, install_browser, install_kcat
from deploy.setup.step import SetupFailed


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser, and without apt-get."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(browser.SETTING, raising=False)
    monkeypatch.setattr(browser, "PLACES", ())
    monkeypatch.setattr(browser, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(browser, "STAMP", tmp_path / "cache" / "browser")
    return tmp_path


def program(path: Path, output: str = "Chromium 140", status: int = 0) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{output}'\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


def test_a_browser_on_the_path_is_found(path: Path) -> None:
    chrome = program(path / "google-chrome")
    assert find_browser() == chrome


def test_one_that_does_not_start_is_passed_over(path: Path) -> None:
    program(path / "chromium", status=1)
    chrome = program(path / "google-chrome")
    assert find_browser() == chrome


def test_the_newest_download_of_playwright_is_the_last_resort(path: Path) -> None:
    downloads = path / ".cache" / "ms-playwright"
    program(downloads / "chromium-1000" / "chrome-linux" / "chrome")
    newest = program(downloads / "chromium-1200" / "chrome-linux" / "chrome")
    assert find_browser() == newest


def test_a_browser_named_by_the_setting_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(path / "chromium")
    monkeypatch.setenv(browser.SETTING, program(path / "mine"))
    assert find_browser() == str(path / "mine")


def test_a_setting_that_names_no_browser_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(browser.SETTING, str(path / "nothing"))
    with pytest.raises(SetupFailed, match="DOSSIER_TEST_BROWSER names"):
        find_browser()


@pytest.mark.usefixtures("path")
def test_without_a_browser_and_without_rights_one_sentence_says_what_to_install() -> None:
    with pytest.raises(SetupFailed, match="apt-get install chromium"):
        install_browser()


def test_root_on_debian_gets_the_package(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_title: str, command: list[str], env: Mapping[str, str] | None = None) -> None:
        if command[1] == "install":
            program(path / "chromium")

    program(path / "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(browser, "run", run)
    install_browser()
    assert (path / "cache" / "browser").read_text() == str(path / "chromium")


def test_root_on_debian_gets_kcat_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(browser, "_may_install", lambda: True)
    monkeypatch.setattr(browser, "run", lambda _title, command, **_: asked.append(command[-1]))

    install_kcat()
    assert asked == ["-q", "kcat"]

    program(path / "kcat")
    install_kcat()
    assert asked == ["-q", "kcat"], "it is there now"


@pytest.mark.usefixtures("path")
def test_a_kcat_that_cannot_be_had_stops_nothing_but_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_title: str, _command: list[str], **_: object) -> None:
        raise SetupFailed("kcat failed: no network.")

    monkeypatch.setattr(browser, "_may_install", lambda: True)
    monkeypatch.setattr(browser, "run", run)

    install_kcat()

    assert "kcat failed: no network. The tests go on without it." in capsys.readouterr().err
