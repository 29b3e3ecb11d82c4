"""The template: a process that has imported the libraries, and is copied (fork) for each Python process.

Importing FastAPI, SQLAlchemy, FastStream and the rest costs two seconds of processor time and 80 MB; five
services on two cores would take six seconds and 400 MB for the same thing. Copies share the pages, start in
milliseconds, and a service that died is back before anyone notices. docs/decisions has the measurements.

The template does nothing but import: no threads, no event loop, no randomness and no files, so that a copy
starts as a fresh process would. It talks to the supervisor in JSON lines over the socket that is its standard
input: `{"start": n, ...}` in, `{"loaded": true}`, `{"started": n, "pid": p}` and `{"ended": n, "code": c}` out.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from deploy.local.lifeline import rename_process, tie_to_parent

PADDING = "-" * 120
"""An argument without meaning: it makes room for the name that a copy shows in `ps`."""


def main(arguments: list[str]) -> None:
    """Import what is asked for, then serve copies until the supervisor is gone."""
    # Ctrl-C and the like are the supervisor's business; a copy gets the defaults back.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    modules = [name for name in arguments if name != PADDING]
    link = socket.socket(fileno=0)
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:  # the process that needs it will say so, in its own log
            continue
    gc.collect()
    gc.freeze()  # the collector must not touch, and so copy, pages that all share
    _send(link, {"loaded": True})
    _serve(link)


def _serve(link: socket.socket) -> None:
    wake, alarm = os.pipe()
    os.set_blocking(alarm, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    running: dict[int, int] = {}
    pending = b""
    while True:
        sources: list[socket.socket | int] = [link, wake]
        readable, _, _ = select.select(sources, [], [])
        if wake in readable:
            os.read(wake, 4096)
            _reap(link, running)
        if link in readable:
            received = link.recv(65536)
            if not received:
                return  # the supervisor is gone; the kernel ends our copies with us
            pending += received
            *lines, pending = pending.split(b"\n")
            for line in lines:
                order = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    os.close(wake)
                    os.close(alarm)
                    _become(link, order)
                running[pid] = order["start"]
                _send(link, {"started": order["start"], "pid": pid})


def _reap(link: socket.socket, running: dict[int, int]) -> None:
    while running:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        number = running.pop(pid, None)
        if number is not None:
            _send(link, {"ended": number, "code": os.waitstatus_to_exitcode(status)})


def _send(link: socket.socket, message: dict[str, Any]) -> None:
    try:
        link.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        sys.exit(0)  # nobody listens any more


def _become(link: socket.socket, order: dict[str, Any]) -> NoReturn:
    """Be `python -m module arguments...` in this copy, with its own session, environment and log."""
    code = 1
    try:
        tie_to_parent(order["parent"])
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        link.detach()
        _redirect(order["log"])
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = [order["module"], *order["arguments"]]
        rename_process(order["name"], " ".join(["python -m", order["module"], *order["arguments"]]))
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end of a program
        traceback.print_exc()
    finally:
        _end(code)


def _redirect(log: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def _end(code: int) -> NoReturn:
    """End without the template's own clean-up, which is not this copy's to do."""
    try:
        import atexit  # noqa: PLC0415

        atexit._run_exitfuncs()  # noqa: SLF001 - handlers of this copy's program are to run
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
