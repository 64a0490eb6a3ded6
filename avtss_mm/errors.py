"""Errors for users: they say what is wrong and what to do about it."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pickle import UnpicklingError
from typing import NoReturn

CONTROLS = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
"""Characters that end a line or move the cursor, and bytes of a name that are not Unicode."""


DISK_ERRORS = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG})
"""Numbers of an :class:`OSError` that is not the fault of the code."""


def one_line(text) -> str:
    """Formats a name for a message: control characters are escaped, e.g. as ``\\n``."""
    return CONTROLS.sub(lambda found: found.group().encode('unicode_escape').decode(), str(text))


class UsageError(Exception):
    """The request cannot be fulfilled; the text says what to do."""


class WeightsError(ValueError):
    """The weights do not fit the model; the text says what to do."""


class PrefixError(WeightsError, AssertionError):
    """A checkpoint has nothing under a prefix; mmengine's users catch ``AssertionError``."""


class ManifestError(ValueError):
    """A list of files is invalid; the text says where, and what to do."""


class MediaError(Exception):
    """A file is missing, unreadable or broken, or lacks the requested stream.

    The text is one line, ``<path>: <reason>``, with control characters of the path escaped.
    """

    def __init__(self, path, reason) -> None:
        self.path, self.reason = str(path), one_line(' '.join(str(reason).split()))
        super().__init__(f'{one_line(self.path)}: {self.reason}')

    def __reduce__(self):
        return type(self), (self.path, self.reason)


USER_ERRORS = (
    *(FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError),
    *(ManifestError, MediaError, UnpicklingError, UsageError, WeightsError),
)

NOT_REGISTERED = re.compile(r' is not in the \S+ registry')
"""Pattern of mmengine's KeyError about unregistered types."""


@contextmanager
def user_errors(after_interrupt: str = '') -> Iterator[None]:
    """Turns users' mistakes into ``error: ...`` and exit status 1, without a traceback.

    Ctrl-C ends the process with a line and exit status 130.

    Such mistakes are missing or forbidden files, folders instead of files, unreadable media, lists
    or checkpoints, weights that do not fit, names that are not registered, full or read-only disks,
    and :class:`UsageError`. The first process of each machine prints the message.

    Args:
        after_interrupt: What to do after Ctrl-C, for the line. Defaults to nothing.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(': '.join(filter(None, ('\ninterrupted', after_interrupt))) + '\n')
        sys.exit(130)
    except USER_ERRORS as error:
        _end(error)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        _end(error)
    except KeyError as error:
        if not NOT_REGISTERED.search(str(error)):
            raise
        _end(error.args[0])


def _end(reason: object) -> NoReturn:
    if isinstance(reason, OSError) and reason.filename and reason.strerror:
        reason = f'{reason.filename}: {reason.strerror}'
    sys.exit(f'error: {reason}' if os.environ.get('LOCAL_RANK', '0') == '0' else 1)
