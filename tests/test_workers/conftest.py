"""Leaves the process of the tests fit to fork after Ray ran in it."""

from __future__ import annotations

import atexit

import pytest

KEPT = []
"""What Ray's nodes would do at the end of the process; freeing it crashes a fork."""


@pytest.fixture(scope='module')
def kept_from_exit():
    """Keeps from ``atexit`` what Ray's nodes register: from Python 3.13 on, a fork frees that."""
    register = atexit.register

    def keeping(call, *args, **kwargs):
        if getattr(call, '__module__', None) == 'ray._private.node':
            KEPT.append(call)
            return call
        return register(call, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atexit, 'register', keeping)
        yield
