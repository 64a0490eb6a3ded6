"""Checks before hours of work whether a folder is writable."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryFile

from ..errors import UsageError


def check_writable(folder, advice: str) -> None:
    """Create a folder if needed, and stop if it is not writable.

    Args:
        folder: Folder to write files to.
        advice: Advice to the user.

    Raises:
        UsageError: If nothing can be written to the folder.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f'{folder} cannot be written to ({error.strerror}): {advice}') from error


def may_write(path) -> bool:
    """Whether this process may change a file or folder, if it exists."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
