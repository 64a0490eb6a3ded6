"""Configs as the command line changes them."""

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


PARSER = Lock()
"""CPython 3.11 fails when two threads parse at a time (python/cpython#106905)."""


def read_config(path: str) -> Config:
    """Read a config file, or one shipped with a package: ``'avtss_mm::pretrain/<name>.py'``.

    Threads may call it at the same time.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    with PARSER:
        return get_config(path) if '::' in path else Config.fromfile(path)


def parse_config_text(text: str) -> Config:
    """Turn what ``Config.pretty_text`` wrote back into a config, without running it.

    Checkpoints carry their config so. Reading it as mmengine does would run it as Python; a
    checkpoint may come from a stranger.

    Args:
        text (str): Assignments of plain values and ``dict(...)``.

    Raises:
        ValueError: If there is anything else in it.
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
            # mmengine dumps keys between quotes as they are: a quote in one would end up as code
            if isinstance(key, str) and repr(key) != f"'{key}'":
                raise ValueError(f'line {node.lineno} has the key {key!r}')
        return dict(zip(keys, [_plain_value(value) for value in node.values]))
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        kind = dict(List=list, Tuple=tuple, Set=set)[type(node).__name__]
        return kind(_plain_value(item) for item in node.elts)
    return ast.literal_eval(node)


def apply_cfg_options(cfg: Config, options: dict[str, Any] | None) -> Config:
    """Merge ``--cfg-options`` into a config.

    A dotted name may name a step of a pipeline by its number or by its type, if no other step is of
    that type: ``train_dataloader.dataset.pipeline.SampleAVClips.speeds``. It finds the steps of
    steps (``transforms``) too.

    ``data_root=DIR`` moves the data sets too: a config copies its ``data_root`` into its data sets
    while it is read, and an override that comes later reaches only the variable. Here every
    ``data_root`` that had the old value follows it; one with another value stays.

    Args:
        cfg: The config, changed in place.
        options: Dotted names and values, as mmengine's ``DictAction`` parses them.

    Returns:
        The same config.

    Raises:
        UsageError: If a type is of no step of a list, or of several.
    """
    if options:
        old = cfg.get('data_root')
        cfg.merge_from_dict({_numbered(cfg, name): value for name, value in options.items()})
        if old is not None and 'data_root' in options:
            _move(cfg._cfg_dict, old, options['data_root'])
    return cfg


def _numbered(cfg: Config, name: str) -> str:
    """A dotted name, with the numbers of a step of a list where its type was."""
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
            else:
                node = node.get(key) if isinstance(node, (dict, Config)) else None
    return '.'.join(parts)


def _steps(items: list) -> Iterator[tuple[list[str], str]]:
    """Place, such as ``['4', 'transforms', '0']``, and type of steps, and of steps within these."""
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
