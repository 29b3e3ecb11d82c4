"""No process of the stack outlives its supervisor, even one that is killed with -9.

Linux lets the kernel do it (PR_SET_PDEATHSIG). It is bound to the thread that made the child, so children are
made by the main thread alone. Elsewhere a Python process watches its parent's id; `python -m
deploy.local.lifeline program ...` does that on behalf of a program that is not ours.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

PR_SET_NAME = 15
PR_SET_PDEATHSIG = 1
PARENT_VARIABLE = "DOSSIER_PARENT_PID"
POLL_SECONDS = 0.5
KERNEL_DOES_IT = sys.platform == "linux"

_libc = ctypes.CDLL(None, use_errno=True) if KERNEL_DOES_IT else None


def tie_to_parent(parent: int) -> None:
    """Run in the new child: make it die with `parent`. Does nothing where the kernel cannot do it."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def watch_parent() -> None:
    """Where the kernel does not do it: end this process when the parent that is named to it is gone."""
    parent = os.environ.get(PARENT_VARIABLE)
    if KERNEL_DOES_IT or not parent:
        return

    def watch(expected: int) -> None:
        while os.getppid() == expected:
            time.sleep(POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, args=(int(parent),), name="lifeline", daemon=True).start()


def rename_process(name: str, command: str) -> None:
    """Show `command` for this process in `ps` (Linux only; elsewhere it keeps the name of its template).

    The kernel reads a process's arguments from the process's own memory: they are overwritten there, in the
    room that the template's own arguments take (template.py pads them).
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - no pathlib here
            fields = file.read().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])
    except (OSError, ValueError, IndexError):
        return
    room = end - start
    if room > 1:
        ctypes.memmove(start, command.encode()[: room - 1].ljust(room, b"\0"), room)


def main() -> int:
    """Start the program named on the command line, pass signals on, and end it when our parent ends."""
    parent = os.getppid()
    program = subprocess.Popen(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: program.send_signal(received))
    while True:
        try:
            return program.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                program.kill()


if __name__ == "__main__":
    sys.exit(main())
