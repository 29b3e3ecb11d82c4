"""Which steps `make run` and `make test` need, and how their failures are told."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.setup.browser import install_browser, install_kcat
from deploy.setup.node_packages import install_node_packages
from deploy.setup.packages import create_venv, install_development, install_runtime
from deploy.setup.step import CACHE, ROOT, SetupFailed

INTERRUPTED = 130

STEPS = {
    "run": (create_venv, install_runtime, install_node_packages),
    "check": (create_venv, install_runtime, install_development),
    "test": (
        create_venv,
        install_runtime,
        install_development,
        install_node_packages,
        install_browser,
        install_kcat,
    ),
}


def main(arguments: list[str]) -> int:
    """Do the steps of the purpose named on the command line; the exit code tells."""
    purpose = arguments[0] if arguments else "run"
    try:
        with _alone():
            for step in STEPS[purpose]:
                step()
    except SetupFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except OSError as failure:
        sys.stderr.write(f"Set-up failed: {failure.strerror}: {failure.filename}.\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nSet-up was interrupted; the next run picks it up.\n")
        return INTERRUPTED
    return 0


@contextmanager
def _alone() -> Iterator[None]:
    """Two `make` at once must not install into the same folder: the second waits for the first."""
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        lock = (CACHE / "lock").open("w")
    except OSError as error:
        raise SetupFailed(
            f"The folder {ROOT} may not be written ({error.strerror}); Dossier installs there."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("  Another set-up is running in this folder; waiting for it ...\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
