"""Whether a folder can be written to, asked before hours of work."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from ..errors import UsageError


def check_writable(folder, advice: str) -> None:
    """Make a folder if need be, and stop where nothing can be written to it.

    Args:
        folder: Folder that files are about to be written to.
        advice: What the user may do instead.

    Raises:
        UsageError: If so.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f'{folder} cannot be written to ({error.strerror}): {advice}') from error
