"""Messages about users' mistakes and full disks."""

import errno
import os

import pytest

from avtss_mm.errors import UsageError, user_errors


@pytest.mark.parametrize('code', [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_one_line_names_the_file_and_the_reason(code):
    with pytest.raises(SystemExit) as exit_, user_errors():
        raise OSError(code, os.strerror(code), 'a.json')
    assert str(exit_.value) == f'error: a.json: {os.strerror(code)}'


def test_one_line_of_a_usage_error():
    with pytest.raises(SystemExit, match='^error: say -o$'), user_errors():
        raise UsageError('say -o')


def test_a_fault_of_the_code_keeps_its_traceback():
    with pytest.raises(OSError, match='Bad file descriptor'), user_errors():
        os.close(os.open(os.devnull, os.O_RDONLY)), os.fstat(-1)
