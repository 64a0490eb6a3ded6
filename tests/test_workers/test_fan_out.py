"""Where work is fanned out to, as the arguments of a command say."""

import os
import sys
from argparse import ArgumentParser

import pytest

from avtss_mm.errors import UsageError
from avtss_mm.utils.work import add_work_arguments, workers_of
from avtss_mm.workers.fan_out import fan_out


def workers(*argv: str):
    parser = ArgumentParser()
    add_work_arguments(parser)
    return workers_of(parser.parse_args(argv))


def test_processes_of_this_machine_are_the_default():
    assert workers() == os.cpu_count()
    assert sorted(fan_out(os.path.basename, ['a/b', 'c/d'], workers('--workers', '2'))) == [
        ('a/b', 'b'),
        ('c/d', 'd'),
    ]


def test_an_address_needs_the_engine():
    with pytest.raises(UsageError, match='^--ray-address is for --engine ray$'):
        workers('--ray-address', '10.0.0.1:6379')


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(UsageError, match=r"^--engine ray needs Ray: pip install 'avtss-mm\[ray\]'"):
        workers('--engine', 'ray')
