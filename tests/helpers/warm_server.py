"""The server of :mod:`helpers.warm_python`: forks programs from a process with all imports."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import runpy
import shutil
import signal
import socket
import sys
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from socketserver import ForkingMixIn, StreamRequestHandler, UnixStreamServer

FORK = multiprocessing.get_context('fork')


class Server(ForkingMixIn, UnixStreamServer):
    """Answers each client in a fork, until the process that started the server has ended."""

    parent = os.getppid()

    def service_actions(self) -> None:
        super().service_actions()
        if os.getppid() != self.parent:
            raise SystemExit


class Program(StreamRequestHandler):
    """Runs a client's program; tells its process id, later its exit status."""

    def handle(self) -> None:
        streams = socket.recv_fds(self.connection, 1, 3)[1]
        request = json.loads(self.rfile.readline())
        process = FORK.Process(target=run, args=(self, streams), kwargs=request)
        process.start()
        self.wfile.write(f'{process.pid}\n'.encode())
        if process.sentinel not in wait([self.connection, process.sentinel]):
            process.kill()  # as its client was
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and what it has started
        process.join()
        with suppress(BrokenPipeError):
            self.wfile.write(f'{process.exitcode}\n'.encode())


def run(program: Program, streams, words, environment, folder, executable) -> None:
    """Become ``python <words>``."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    for file in (program.server.socket, program.rfile, program.wfile, program.connection):
        file.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    multiprocessing.set_start_method(None, force=True)  # as in a process that a shell started
    sys.stdin = open(0, closefd=False)
    sys.executable = executable
    sys.path[:0] = filter(None, environment.get('PYTHONPATH', '').split(os.pathsep))
    kind, *rest = [word for word in words[:1] if word != '-u'] + words[1:]
    if kind == '-c':
        sys.argv = [kind, *rest[1:]]
        exec(rest[0], dict(__name__='__main__'))
    elif kind == '-m':
        sys.path.insert(0, folder)
        sys.argv = rest
        runpy.run_module(rest[0], run_name='__main__', alter_sys=True)
    else:
        sys.path.insert(0, str(Path(kind).resolve().parent))
        sys.argv = [kind, *rest]
        runpy.run_path(kind, run_name='__main__')


def main(folder: Path) -> None:
    import helpers.preload  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    try:
        with Server(str(folder / 'socket'), Program) as server:
            gc.freeze()  # what all programs share is not copied by their collectors
            print('ready', flush=True)
            server.serve_forever()
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    main(Path(sys.argv[1]))
