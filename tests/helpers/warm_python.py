"""A Python that has already imported what the public commands import.

A server does the imports once and forks each program from itself: they would take most of the time
of a small command. :func:`warm_python` stands in for ``sys.executable``, and is it in the programs:
what they start is forked as well. A program is a child of the server, not of what started it, but
ends with it; tests that look at the processes of a command need a Python of its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
STAND_IN = """#!{python} -SE
import sys
sys.path.insert(0, {tests!r})
from helpers.warm_python import stand_in
stand_in(__file__)
"""


@cache
def warm_python() -> Path:
    """Path of the Python; its server ends with this process."""
    import subprocess
    import tempfile

    folder = Path(tempfile.mkdtemp())
    variables = dict(
        PYTHONPATH=os.pathsep.join([str(TESTS), str(TESTS.parent)]),
        PYTORCH_NVML_BASED_CUDA_CHECK='1',  # CUDA does not survive a fork
    )
    server = subprocess.Popen(
        [sys.executable, '-m', 'helpers.warm_server', folder],
        env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert server.stdout.readline(), 'the server did not start, see above'
    python = folder / 'python'
    python.write_text(STAND_IN.format(python=sys.executable, tests=str(TESTS)))
    python.chmod(0o755)
    return python


def run(
    python: Path,
    words: Sequence[str],
    streams: Sequence[int],
    executable: str | None = None,
    relayed: Sequence[int] = (),
) -> int:
    """Run ``python <words>``.

    Args:
        python: Path of the Python.
        words: Its arguments.
        streams: File descriptors of its standard input, output and error.
        executable: Its ``sys.executable``. Defaults to ``python``.
        relayed: Signals to this process that are relayed to it.

    Returns:
        int: Exit status as of :mod:`subprocess`.
    """
    request = dict(
        words=words,
        environment=dict(os.environ),
        folder=os.getcwd(),
        executable=executable or str(python),
    )
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile('rb') as answers:
        connection.connect(str(python.with_name('socket')))
        socket.send_fds(connection, [b' '], streams)
        connection.sendall(json.dumps(request).encode() + b'\n')
        pid = int(answers.readline())

        def relay(number: int, frame) -> None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

        for number in relayed:
            signal.signal(number, relay)
        return int(answers.readline())


def stand_in(python: str) -> None:
    """Be the Python of this command line: relay signals, and end as the program ends."""
    status = run(Path(python), sys.argv[1:], (0, 1, 2), relayed=(signal.SIGINT, signal.SIGTERM))
    if status < 0:
        with suppress(OSError):  # SIGKILL has no handler
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)
