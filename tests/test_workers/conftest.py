"""Leaves the process of the tests as it was before Ray ran in it."""

from __future__ import annotations

import atexit

import pytest


@pytest.fixture(scope='module')
def forgotten_at_exit():
    """Takes back what Ray's nodes leave for the end of the process.

    From Python 3.13 on, a fork frees it at its start, and Ray's client crashes there.
    """
    left, register = [], atexit.register

    def noting(call, *args, **kwargs):
        left.append(call)
        return register(call, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atexit, 'register', noting)
        yield
    for call in left:
        if call.__module__ == 'ray._private.node':
            atexit.unregister(call)
