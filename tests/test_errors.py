"""Messages about users' mistakes and full disks."""

import errno
import os

import pytest

from avtss_mm.errors import UsageError, user_errors


@pytest.mark.parametrize(
    'error',
    [UsageError('say -o'), PermissionError(errno.EACCES, 'Permission denied', 'a.json')]
    + [OSError(code, os.strerror(code), 'a.json') for code in (errno.EROFS, errno.ENOSPC)],
)
def test_one_line(error):
    with pytest.raises(SystemExit) as exit_, user_errors():
        raise error
    assert str(exit_.value) == f'error: {error}'


def test_a_fault_of_the_code_keeps_its_traceback():
    with pytest.raises(OSError, match='Bad file descriptor'), user_errors():
        os.close(os.open(os.devnull, os.O_RDONLY)), os.fstat(-1)
