"""Checks a config for mistyped keys and values of wrong types before anything is built."""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any

from mmaction import registry
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner, TestLoop, ValLoop
from torch.utils.data import DataLoader

from ..errors import UsageError
from .launcher import speaks_for_all

UNTYPED = dict(
    train_dataloader=DataLoader,
    val_dataloader=DataLoader,
    test_dataloader=DataLoader,
    val_cfg=ValLoop,
    test_cfg=TestLoop,
    optim_wrapper=OptimWrapper,
    randomness=Runner.set_randomness,
)
"""What mmengine builds or calls with a dict of the config that has no ``type``."""

ADDED = {'type', '_scope_', 'by_epoch', 'dataset', 'num_batch_per_epoch', 'constructor'}
ADDED |= {'accumulative_counts', 'clip_grad', 'paramwise_cfg'}
"""Keys of these dicts that mmengine takes beside the arguments."""

BUILDING = (
    *(registry.DATASETS, registry.DATA_SAMPLERS, registry.HOOKS, registry.LOOPS, registry.METRICS),
    *(registry.MODELS, registry.OPTIMIZERS, registry.OPTIM_WRAPPERS, registry.PARAM_SCHEDULERS),
    *(registry.TRANSFORMS, registry.VISBACKENDS, registry.VISUALIZERS),
)
"""Registries of what configs name."""

READ = {'feature_pipeline', 'data_root', 'runner_type', 'custom_imports', 'model_wrapper_cfg'}
READ |= {'find_unused_parameters', 'detect_anomalous_params', 'sync_bn', 'compile'}
READ |= {'activation_checkpointing', 'efficient_conv_bn_eval', 'default_scope', 'env_cfg'}
READ |= set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}
"""Settings that code reads; all others are variables of the config file."""

NUMBERS, LISTS = (int, float), (list, tuple)


class _Unknown:
    """Stands for what a module only imports for type checkers."""

    def __class_getitem__(cls, item):
        return cls


OPEN = (Any, _Unknown, object, Callable, os.PathLike, Path)
"""Classes of hints that a word or a number may stand for."""


def nearest(key: str, known: Collection[str], cutoff: float = 0.6) -> str:
    """Say which of the known keys a mistyped one resembles most; empty if none does."""
    found = get_close_matches(str(key), [str(other) for other in known], 1, cutoff)
    return f'; the nearest is {found[0]}' if found else ''


def check_options(cfg: Config, options: dict[str, Any] | None) -> None:
    """Check the names of ``--cfg-options`` that change or add settings of a config.

    Args:
        cfg: Config before the options are applied.
        options: Values by dotted name.

    Raises:
        UsageError: If a key is new and resembles another, or it is a variable that the config file
            has already copied.
    """
    for name, value in (options or {}).items():
        first, *rest = name.split('.')
        if first not in READ and first not in cfg:
            similar = nearest(first, {*cfg, *READ}, cutoff=0.75)
            if similar:
                raise UsageError(f'{name}={value!r}: there is no {first}{similar}')
            warn(f'{name}={value!r}: only code of your own can read {first}')
        elif first not in READ:
            copies = ' and '.join(_copies(cfg, first))
            if copies:
                raise UsageError(
                    f'{name}={value!r} would change nothing: {first} is a variable of the config '
                    f'file, already copied to {copies}; set that'
                )
            warn(f'{first} is a variable of the config file: what was computed of it stays')
        parent = cfg
        for key in name.split('.')[:-1]:
            parent = parent.get(key) if isinstance(parent, (dict, Config)) else None
        if rest and isinstance(parent, dict) and not {'type', rest[-1]} & parent.keys():
            similar = nearest(rest[-1], parent, cutoff=0.8)
            if similar:
                warn(f'{name} is a new key{similar}')


def warn(text: str) -> None:
    """Print a warning, on one of all processes."""
    if speaks_for_all():
        sys.stderr.write(f'warning: {text}\n')


def check_settings(cfg: Config) -> None:
    """Compare all values with the type hints of what will be built of them.

    Raises:
        UsageError: If a value is of another type, or mmengine does not take a key.
    """
    settings = {key: value for key, value in cfg.items() if key in READ}
    for path, node, function in [('', settings, Runner), *_functions(settings)]:
        hints, known = _hints(function), inspect.signature(function).parameters
        for key, value in node.items():
            name = f'{path}{key}'
            if path in (f'{key}.' for key in UNTYPED) and 'type' not in node:
                similar = key not in known and key not in ADDED and nearest(key, known)
                if similar:
                    raise UsageError(f'{name}={value!r}: there is no such setting{similar}')
            if not accepts(hints.get(key, Any), value):
                raise UsageError(f'{name}={value!r}: expected {_text(hints[key])}')


def accepts(hint: Any, value: Any) -> bool:
    """Whether a type hint allows a value of a config: text, number, list or dict.

    It is lenient: None, numbers of any kind, and lists or dicts where hints say a number pass; so
    does all that only the class itself can judge.
    """
    kind, inner = typing.get_origin(hint) or hint, typing.get_args(hint)
    if value is None or not isinstance(value, (str, *NUMBERS, *LISTS, dict)):
        return True
    if kind in (typing.Union, UnionType):
        return any(accepts(option, value) for option in inner)
    if kind in NUMBERS or kind is bool:
        return not isinstance(value, str)
    if kind in (str, dict) or isinstance(kind, type) and issubclass(kind, Mapping):
        return isinstance(value, str if kind is str else dict)
    if kind in LISTS or kind is typing.get_origin(typing.Sequence):
        options = [option for option in inner if option is not ...] or [Any]
        return isinstance(value, LISTS) and all(
            any(accepts(option, item) for option in options) for item in value
        )
    return not inspect.isclass(kind) or kind in OPEN or isinstance(value, (dict, *LISTS))


def registered(kind: Any) -> Iterator[Callable]:
    """Yield everything that is registered under the ``type`` of a dict."""
    if callable(kind):
        yield kind
    elif isinstance(kind, str):
        for kinds in BUILDING:
            if (found := kinds.get(kind)) is not None:
                yield found


def dicts_of(node: Any, path: str = '') -> Iterator[tuple[str, dict]]:
    """Yield all dicts of a config and their paths, each ending with a dot."""
    if isinstance(node, (dict, Config)):
        yield path, node
        items = node.items()
    else:
        items = enumerate(node) if isinstance(node, LISTS) else ()
    for key, value in items:
        yield from dicts_of(value, f'{path}{key}.')


def _functions(settings: dict) -> Iterator[tuple[str, dict, Callable]]:
    """Yield path, dict, and the class or function that gets the dict as arguments."""
    for path, node in dicts_of(settings):
        found = list(registered(node.get('type')))
        if not path or path.split('.')[-2].endswith(('norm_cfg', 'conv_cfg', 'act_cfg')):
            continue
        if len(found) == 1:
            yield path, node, found[0]
        elif 'type' not in node and path[:-1] in UNTYPED:
            yield path, node, UNTYPED[path[:-1]]
        elif 'type' not in node and path == 'train_cfg.':
            yield path, node, EpochBasedTrainLoop if node.get('by_epoch') else IterBasedTrainLoop


def _hints(kind: Callable) -> dict[str, Any]:
    function = kind.__init__ if inspect.isclass(kind) else kind
    unknown: dict[str, Any] = {}
    while True:
        try:
            return typing.get_type_hints(function, localns=unknown)
        except NameError as error:  # what a module only imports for type checkers
            unknown[error.name] = _Unknown


def _text(hint: Any) -> str:
    is_plain = isinstance(hint, type) and typing.get_origin(hint) is None
    return hint.__name__ if is_plain else str(hint).replace('typing.', '')


def _copies(cfg: Config, name: str) -> list[str]:
    """Paths of the settings that have the value of a variable, and its name unless it is a list."""
    value, found = cfg[name], []
    for path, node in dicts_of({key: cfg[key] for key in cfg if key in READ}):
        for key, other in node.items():
            if other == value and (key == name or isinstance(value, (*LISTS, dict))):
                found.append(f'{path}{key}')
    return found
