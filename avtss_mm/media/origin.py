"""Records which command made a list, so that no other one overwrites it unless asked."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import ArgumentParser
from pathlib import Path

from ..errors import UsageError


def running_command() -> str:
    """Running command as it was typed, quoted for the shell."""
    python = ['python'] * sys.argv[0].endswith('.py')
    return shlex.join([*python, *sys.argv])


def add_overwrite_argument(parser: ArgumentParser) -> None:
    """Add the argument that lets a command replace the lists of another one."""
    parser.add_argument(
        '--overwrite', action='store_true', help='replace lists that another command made'
    )


def check_replaceable(
    path, overwrite: bool = False, keeps_classes: bool = True, tool: str | None = None
) -> None:
    """Stop before a list is lost that another command has made.

    Args:
        path: Path of the file to write.
        overwrite: Whether the user asked to overwrite it.
        keeps_classes: Whether the new list will have classes if the old one has.
        tool: File name of the writing command. Defaults to that of the running one.

    Raises:
        UsageError: If there is such a list.
    """
    path = Path(path)
    if overwrite or not path.exists():
        return
    metainfo, tool = _metainfo(path), tool or Path(sys.argv[0]).name
    maker = metainfo.get('made_by')
    if not isinstance(maker, str):
        reason = f'does not say that {tool} made it'
    elif tool not in (Path(word).name for word in shlex.split(maker)[:2]):
        reason = f'was made by: {maker}'
    elif metainfo.get('classes') and not keeps_classes:
        reason = f'has labels, which would be lost; it was made by: {maker}'
    else:
        return
    raise UsageError(
        f'{path} {reason}. Nothing was written: choose another place, or give --overwrite'
    )


def _metainfo(path: Path) -> dict:
    try:
        metainfo = json.loads(path.read_bytes())['metainfo']
        return metainfo if isinstance(metainfo, dict) else {}
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return {}
