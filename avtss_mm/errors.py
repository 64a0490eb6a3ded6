"""Errors for users: they say what is wrong and what to do about it."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pickle import UnpicklingError

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
    *(FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError),
    *(ManifestError, MediaError, UnpicklingError, UsageError, WeightsError),
)


@contextmanager
def user_errors() -> Iterator[None]:
    """Turns users' mistakes into ``error: ...`` and exit status 1, without a traceback.

    Such mistakes are missing or forbidden files, folders instead of files, unreadable media, lists
    or checkpoints, weights that do not fit, full or read-only disks, and :class:`UsageError`.
    """
    try:
        yield
    except USER_ERRORS as error:
        sys.exit(f'error: {error}')
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        sys.exit(f'error: {error}')
