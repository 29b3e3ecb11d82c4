"""What holds for every test: no settings of the machine, known hypothesis profiles, time by suite."""

import os
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis.configuration import set_hypothesis_home_dir

from shared.settings import PREFIX, Settings

HERE = Path(__file__).parent
KEPT = {f"{PREFIX}TEST_BROWSER"}

for _name in [name for name in os.environ if name.startswith(PREFIX) and name not in KEPT]:
    del os.environ[_name]  # a developer's or CI's settings must not decide what a test sees
Settings.model_config["env_file"] = None

set_hypothesis_home_dir(HERE.parent / ".cache" / "hypothesis")
hypothesis_settings.register_profile("default", deadline=None)  # a busy machine is no failing rule
hypothesis_settings.register_profile("thorough", deadline=None, max_examples=2_000)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def suite_of(path: Path) -> str:
    """Name of the suite a test file belongs to: the folder below tests/."""
    return path.relative_to(HERE).parts[0] if path.is_relative_to(HERE) else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in tests/e2e, so that `-m 'not e2e'` leaves it out."""
    for item in items:
        if suite_of(item.path) == "e2e":
            item.add_marker(pytest.mark.e2e)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how long each suite took."""
    seconds: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.split("/")[1]] += report.duration
    if seconds:
        terminalreporter.line("")
        for suite, duration in seconds.items():
            terminalreporter.line(f"{suite:<13} {duration:5.1f} s")
