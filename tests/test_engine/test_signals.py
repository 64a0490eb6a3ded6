"""The output of a data worker when its owner ends."""

from __future__ import annotations

import multiprocessing
import os
import socket
from multiprocessing import connection, resource_sharer

import pytest

from avtss_mm.engine.signals import graceful_shutdown

FORK = multiprocessing.get_context('fork')


def lend(pipe):
    """Offers a file as a data worker offers a tensor."""
    resource_sharer.DupFd(0)
    pipe.send(resource_sharer._resource_sharer._address)
    pipe.poll(10)


def ask(address, message):
    """Returns when the worker, which serves messages in order, has reached this one."""
    key = multiprocessing.current_process().authkey
    with connection.Client(address, authkey=key) as owner:
        owner.send(message)
        with pytest.raises(EOFError):
            owner.recv()


def test_a_worker_reports_errors_but_not_that_its_owner_has_ended(capfd):
    ours, theirs = FORK.Pipe()
    with graceful_shutdown('', str):
        worker = FORK.Process(target=lend, args=(theirs,))
        worker.start()
    address = ours.recv()
    with socket.socket(socket.AF_UNIX) as owner:
        owner.connect(address)  # and hangs up before it has said who it is
    ask(address, ('no such key', os.getpid()))
    ask(address, None)  # the end
    ours.send('end')
    worker.join()
    said = capfd.readouterr().err
    assert said.count('Traceback') == 1 and "KeyError: 'no such key'" in said
