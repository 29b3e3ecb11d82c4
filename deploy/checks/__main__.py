"""`python -m deploy.checks [--tests]`: all static checks side by side, then (with --tests) every test.

A check that passes is one line with its duration; one that fails shows what it said. The tests run even
after a failed check, so that one run tells everything; the exit code is that of the whole.
"""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
BIN = Path(PYTHON).parent

CHECKS: dict[str, tuple[str, ...]] = {  # the longest first: the others fit beside it
    "types": (PYTHON, "-m", "mypy", "--no-error-summary"),
    "catalogs": (PYTHON, "-m", "deploy.checks.catalogs"),
    "schemas": (str(BIN / "dossier"), "schemas", "--check"),
    "imports": (str(BIN / "lint-imports"), "--cache-dir", ".cache/import-linter"),
    "lint": (str(BIN / "ruff"), "check", "--quiet", "."),
    "format": (str(BIN / "ruff"), "format", "--quiet", "--check", "."),
    "dependencies": (PYTHON, "-m", "deploy.checks.dependencies"),
}
SUITES = ("tests/unit", "tests/integration", "tests/contract", "tests/e2e")


@dataclass(frozen=True)
class Outcome:
    """What a check said and how long it took, in seconds."""

    passed: bool
    output: str
    seconds: float


def run_check(command: tuple[str, ...]) -> Outcome:
    """Run one check to its end."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    except OSError as error:
        return Outcome(passed=False, output=f"{command[0]}: {error.strerror}", seconds=0.0)
    return Outcome(done.returncode == 0, done.stdout.strip(), time.monotonic() - started)


def run_checks(checks: dict[str, tuple[str, ...]]) -> list[str]:
    """Run all checks, as many at once as there are cores; print one line each, return those that failed."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        running = {name: pool.submit(run_check, command) for name, command in checks.items()}
        failed = []
        for name, future in running.items():
            outcome = future.result()
            print(
                f"{'ok    ' if outcome.passed else 'FAILED'} {name:<13} {outcome.seconds:5.1f} s", flush=True
            )
            if not outcome.passed:
                failed.append(name)
                print(outcome.output, flush=True)
    return failed


def run_tests() -> int:
    """Run every suite that is there in one pytest, whose summary then is the last thing printed."""
    suites = [suite for suite in SUITES if (ROOT / suite).is_dir()]
    tests = subprocess.Popen([PYTHON, "-m", "pytest", "--quiet", *suites], cwd=ROOT)
    signal.signal(signal.SIGTERM, lambda number, _frame: tests.send_signal(number))
    while True:
        try:
            return tests.wait()
        except KeyboardInterrupt:
            continue  # pytest had the same Ctrl-C and is stopping what it started


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; zero only when everything passed."""
    failed = run_checks(CHECKS)
    status = run_tests() if "--tests" in arguments else 0
    if failed:
        print(f"Failed checks: {', '.join(failed)} (shown above).", file=sys.stderr)
    return status or int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
