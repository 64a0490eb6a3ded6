"""Says in one line which part of a config cannot be built, and why."""

from __future__ import annotations

import os
import re
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import getmro, isclass, signature
from typing import Any

from mmengine.config import Config

from ..errors import NOT_REGISTERED, USER_ERRORS, UsageError, one_line
from .config_checks import dicts_of, nearest, registered

REFUSALS = (
    *(AssertionError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError),
    *(ImportError, ZeroDivisionError),
)
"""What constructors raise about their arguments or what is not installed. Others, such as
AttributeError, mean a bug."""

BUILDERS = dict(from_cfg='cfg', build_from_cfg='cfg', build_dataloader='dataloader')
"""mmengine's functions that build a config or a part of it, and their name for that."""

UNEXPECTED = re.compile(r"got an unexpected keyword argument '(\w+)'")


@contextmanager
def building_errors(cfg: Config) -> Iterator[None]:
    """Turns errors of building a part of a config into :class:`UsageError`; others stay.

    The message names the part, its settings, and the line of code that refused them.
    """
    try:
        yield
    except REFUSALS as error:
        found = [] if isinstance(error, USER_ERRORS) else _builders(error)
        if not found or isinstance(error, RuntimeError) and isinstance(found[-1][0], Config):
            raise
        raise UsageError(_describe(error, cfg, *found[-1])) from error


def _builders(error: Exception) -> list[tuple[Any, Any]]:
    """Parts of the config that were being built, outermost first, each with its registry."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [
        (frame.f_locals[BUILDERS[frame.f_code.co_name]], frame.f_locals.get('registry'))
        for frame in frames
        if frame.f_code.co_name in BUILDERS
    ]


def _describe(error: Exception, cfg: Config, part: Any, registry) -> str:
    reason = one_line(' '.join(str(error.args[0] if error.args else error).split()))
    where = traceback.extract_tb(error.__traceback__)[-1]
    reason = textwrap.shorten(reason, 300)
    place = f'({type(error).__name__}, {os.path.basename(where.filename)}:{where.lineno})'
    if not isinstance(part, dict):
        return f'{"the config" if isinstance(part, Config) else repr(part)}: {reason} {place}'
    kind, path = part.get('type'), _path(cfg, part)
    if NOT_REGISTERED.search(reason):
        names = {*registry.module_dict, *getattr(registry.parent, 'module_dict', {})}
        return f'{path}type={kind!r}: {reason.partition(". ")[0]}{nearest(kind, names)}'
    if 'must contain the key "type"' in reason:
        name = path.split('.')[-2] if path else ''
        beside = next((node for _, node in dicts_of(cfg) if node.get(name) == part), {})
        return f'{path[:-1]} has no type{nearest(name, beside.keys() - {name})}'
    if unexpected := UNEXPECTED.search(reason):
        known = nearest(unexpected.group(1), _arguments(kind))
        reason = reason[: unexpected.end()] + known  # without Python 3.13's suggestion
    settings = {key: value for key, value in part.items() if not isinstance(value, (dict, list))}
    settings = textwrap.shorten(', '.join(f'{k}={v!r}' for k, v in settings.items()), 200)
    return f'{path[:-1] or "the config"} ({settings}): {reason} {place}'


def _path(cfg: Config, part: dict) -> str:
    """Path of a part, or of another one of its type if the part was changed meanwhile."""
    kind, found = part.get('type'), list(dicts_of(cfg))
    same = [path for path, node in found if node == part]
    alike = [path for path, node in found if kind and node.get('type') == kind]
    return next(iter([*same, *alike]), '')


def _arguments(kind) -> set[str]:
    """Names of the arguments of a registered class and of those that it inherits from."""
    found = list(registered(kind))
    parts = [part for each in found for part in (getmro(each)[:-1] if isclass(each) else [each])]
    return {name for part in parts for name in signature(part).parameters}
