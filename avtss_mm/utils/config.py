"""Reads configs and applies the options of the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from threading import Lock
from typing import Any

from mmengine.config import Config
from mmengine.hub import get_config

from ..errors import UsageError

PARSE_ERRORS = (
    *(AttributeError, KeyError, SyntaxError, TypeError, ValueError),
    *(MemoryError, RecursionError),  # of brackets in brackets in brackets
)


SUFFIXES = ('.py', '.json', '.yaml', '.yml')

PARSER = Lock()
"""CPython 3.11 fails when two threads parse at a time (python/cpython#106905)."""


def read_config(path: str) -> Config:
    """Read a config file, or one shipped with a package: ``'avtss_mm::pretrain/<name>.py'``.

    Threads may call it at the same time.

    Raises:
        FileNotFoundError: If there is no such file.
        UsageError: If it is not a config, or Python cannot read it.
    """
    if '::' not in path and not path.endswith(SUFFIXES):
        raise UsageError(f'{path} is no config: its name must end with .py')
    try:
        with PARSER:
            return get_config(path) if '::' in path else Config.fromfile(path)
    except SyntaxError as error:
        raise UsageError(f'{path}: {error}') from error
    except (AssertionError, ImportError, ValueError) as error:
        if '::' not in path:
            raise
        raise UsageError(f'{path}: {error} (it is written avtss_mm::FOLDER/NAME.py)') from error


def parse_config_text(text: str) -> Config:
    """Parse the text of ``Config.pretty_text`` into a config, without running it.

    Checkpoints store their config as such a text. mmengine would run it as Python, but a checkpoint
    may come from an untrusted source.

    Args:
        text (str): Text with assignments of plain values and ``dict(...)``.

    Raises:
        ValueError: If the text contains anything else.
    """
    values = {}
    try:
        for statement in ast.parse(text).body:
            if not isinstance(statement, ast.Assign):
                raise ValueError(f'line {statement.lineno} is not an assignment')
            (target,) = statement.targets
            values[target.id] = _plain_value(statement.value)
        return Config(values)
    except PARSE_ERRORS as error:
        raise ValueError(f'the config kept in the checkpoint cannot be read: {error}') from error


def _plain_value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and getattr(node.func, 'id', None) == 'dict' and not node.args:
        if any(keyword.arg is None for keyword in node.keywords):
            raise ValueError(f'line {node.lineno} has **')
        return {keyword.arg: _plain_value(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        keys = [_plain_value(key) for key in node.keys]
        for key in keys:
            # mmengine writes keys in quotes without escaping: a quote in a key would become code
            if isinstance(key, str) and repr(key) != f"'{key}'":
                raise ValueError(f'line {node.lineno} has the key {key!r}')
        return dict(zip(keys, [_plain_value(value) for value in node.values]))
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        kind = dict(List=list, Tuple=tuple, Set=set)[type(node).__name__]
        return kind(_plain_value(item) for item in node.elts)
    return ast.literal_eval(node)


def apply_cfg_options(cfg: Config, options: dict[str, Any] | None) -> Config:
    """Merge ``--cfg-options`` into a config.

    A dotted name may give a step of a pipeline by its number, or by its type if that is unique:
    ``train_dataloader.dataset.pipeline.SampleAVClips.speeds``. This also finds nested steps
    (``transforms``).

    ``data_root=DIR`` also moves the data sets. A config copies its ``data_root`` into them while it
    is read, and a later override would only change the variable. Here every ``data_root`` with the
    old value changes, too; others stay.

    Args:
        cfg: Config, changed in place.
        options: Values by dotted name, as mmengine's ``DictAction`` parses them.

    Returns:
        The same config.

    Raises:
        UsageError: If no step of a list, or several, are of the given type, or a name goes on
            after a plain value.
    """
    if options:
        old = cfg.get('data_root')
        cfg.merge_from_dict({_numbered(cfg, name): value for name, value in options.items()})
        if old is not None and 'data_root' in options:
            _move(cfg._cfg_dict, old, options['data_root'])
    return cfg


def _numbered(cfg: Config, name: str) -> str:
    """Replace the types of steps in a dotted name by their numbers."""
    node, parts = cfg, []
    for part in name.split('.'):
        place = [part]
        if isinstance(node, list):
            steps = list(_steps(node))
            chosen = [place for place, kind in steps if part in (kind, '.'.join(place))]
            if len(chosen) != 1:
                found = ', '.join(f'{".".join(place)} {kind}'.rstrip() for place, kind in steps)
                how = 'is several of' if chosen else 'is none of'
                raise UsageError(f'{name}: {part} {how} {found or "an empty list"}')
            (place,) = chosen
        parts += place
        for key in place:
            if isinstance(node, list):
                node = node[int(key)]
            elif isinstance(node, (bool, float, int, str)):
                raise UsageError(f'{name}: {node!r} has no {key}')
            else:
                node = node.get(key) if isinstance(node, (dict, Config)) else None
    return '.'.join(parts)


def _steps(items: list) -> Iterator[tuple[list[str], str]]:
    """Yield position, e.g. ``['4', 'transforms', '0']``, and type of all steps, also nested."""
    for number, item in enumerate(items):
        place, within = [str(number)], item
        if isinstance(item, dict):
            kind = item.get('type', '')
            yield place, str(getattr(kind, '__name__', kind)).rpartition('.')[2]
            place, within = [*place, 'transforms'], item.get('transforms')
        elif not isinstance(item, list):
            yield place, ''
        if isinstance(within, list):
            for below, kind in _steps(within):
                yield place + below, kind


def _move(node: Any, old: str, new: str) -> None:
    if isinstance(node, dict):
        if node.get('data_root') == old:
            node['data_root'] = new
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for item in node:
            _move(item, old, new)
