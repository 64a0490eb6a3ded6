"""Reports how much of a model a checkpoint has filled, and stops at empty encoders.

If no name of a checkpoint fits, mmengine warns with a list of hundreds of keys and continues with
random weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

import torch.nn as nn
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner.checkpoint import _load_checkpoint, get_state_dict

from ..errors import PrefixError, WeightsError

ENCODERS = ('backbone', 'audio_backbone')
ADVICE = (
    "Is the encoder under one of these names? init_cfg=dict(type='Pretrained', checkpoint=..., "
    "prefix='NAME.') of the encoder loads it. Weights of torchvision and AVID-CMA are converted by "
    'tools/import_weights.py.'
)
_NUM_SHOWN = 6


def reports_loading(stock: Callable) -> Callable:
    """Make mmengine's ``load_state_dict`` report what it loads and stop at an empty encoder.

    Otherwise it works as before, and still raises ``RuntimeError`` if ``strict``.
    """

    @wraps(stock)
    def load_state_dict(
        module: nn.Module, state_dict: Mapping, strict: bool = False, logger: Any = None
    ) -> None:
        while is_model_wrapper(module) or isinstance(module, BaseTTAModel):
            module = module.module
        seen = {}
        # register_load_state_dict_post_hook does not accept a plain dict of hooks
        hooks = module._load_state_dict_post_hooks
        hooks[reports_loading] = lambda _, keys: seen.update(missing=keys[0], unused=keys[1])
        try:
            stock(module, state_dict, strict, logger if strict else 'silent')
        finally:
            del hooks[reports_loading]
        report = LoadReport(module, state_dict, seen['missing'], seen['unused'])
        report.check()
        if is_main_process():
            print_log(str(report), logger='current')  # a warning would appear only once

    return load_state_dict


def finds_prefix(stock: Callable) -> Callable:
    """Make loading a part (``prefix=...``) ignore ``module.`` and name the existing prefixes."""

    @wraps(stock)
    def _load_checkpoint_with_prefix(prefix: str, filename: str, map_location: Any = None) -> dict:
        try:
            return stock(prefix, filename, map_location)
        except AssertionError:  # nothing under this prefix
            checkpoint = _load_checkpoint(filename, map_location='cpu')
        names = names_of(checkpoint.get('state_dict', checkpoint))
        if any(name.startswith(f'module.{prefix}') for name in names):
            return stock(f'module.{prefix}', filename, map_location)
        raise PrefixError(
            f'{filename} has nothing under prefix={prefix!r}, it has {count_prefixes(names)}. '
            f'{ADVICE}'
        )

    return _load_checkpoint_with_prefix


class LoadReport:
    """What a load has filled. Its ``str()`` is the log entry.

    Names are those of the model's parameters and buffers, without the step counters of BatchNorm
    (``num_batches_tracked``).

    Args:
        module (nn.Module): Model after the load.
        state_dict (Mapping[str, Tensor]): Contents of the file.
        missing (list[str]): Names of the model that the file lacks.
        unused (list[str]): Names of the file that the model lacks.
    """

    def __init__(
        self, module: nn.Module, state_dict: Mapping, missing: list[str], unused: list[str]
    ) -> None:
        tensors = get_state_dict(module)
        self.module = module
        self.file_names = names_of(state_dict)
        self.names = names_of(tensors)
        self.unused = names_of(unused)
        shapes = {name: tuple(getattr(value, 'shape', ())) for name, value in state_dict.items()}
        self.wrong_shapes = {
            name: (shapes[name], tuple(tensors[name].shape))
            for name in self.names
            if shapes.get(name, tensors[name].shape) != tensors[name].shape
        }
        empty = {*missing, *self.wrong_shapes}
        self.missing = [name for name in self.names if name in set(missing)]
        self.loaded = [name for name in self.names if name not in empty]

    @property
    def complete(self) -> bool:
        """Whether every tensor of the model was loaded."""
        return len(self.loaded) == len(self.names)

    def __str__(self) -> str:
        text = (
            f'loaded {len(self.loaded)} of {len(self.names)} tensors of '
            f'{type(self.module).__name__}'
        )
        if not self.complete:
            loaded, names = _by_prefix(self.loaded), _by_prefix(self.names)
            counts = [f'{k} {len(loaded.get(k, ()))} of {len(v)}' for k, v in names.items()]
            text += f': {", ".join(counts)}'
        if self.missing:
            text += f'\n  not in the file: {_shorten(self.missing)}'
        if self.wrong_shapes:
            text += f'\n  wrong shape: {self._describe_shapes(self.names)}'
        if self.unused:
            text += f'\n  not used of the file: {count_prefixes(self.unused)}'
        return text

    def check(self) -> None:
        """Stop if an encoder or the whole model has tensors but none were loaded.

        Raises:
            WeightsError: If so; the text says what the file has and what to do.
        """
        parts = {'': self.names}
        parts.update({p: names for p, names in _by_prefix(self.names).items() if p in ENCODERS})
        for part, names in parts.items():
            if names and not set(names) & set(self.loaded):
                why = f'The file has {count_prefixes(self.file_names)}. {ADVICE}'
                if set(names) & set(self.wrong_shapes):
                    why = f'It is a network of another size: {self._describe_shapes(names)}.'
                of = f'{part} of ' if part else ''
                model = f'{of}{type(self.module).__name__}'
                raise WeightsError(f'{model}: no tensor was loaded (0 of {len(names)}). {why}')

    def _describe_shapes(self, names: list[str]) -> str:
        texts = [
            '{} is {} in the file, {} in the model'.format(name, *self.wrong_shapes[name])
            for name in names
            if name in self.wrong_shapes
        ]
        return _enumerate(texts, 2)


def names_of(names: Iterable[str]) -> list[str]:
    """Drop the step counters of BatchNorm, which inference does not use."""
    return [name for name in names if not name.endswith('num_batches_tracked')]


def count_prefixes(names: Iterable[str]) -> str:
    """Count names by the part before their first dot: ``'backbone (150), neck (6)'``."""
    counts = Counter(name.partition('.')[0] for name in names)
    texts = [f'{prefix} ({count})' for prefix, count in counts.items()]
    return _enumerate(texts) or 'no names'


def _by_prefix(names: list[str]) -> dict[str, list[str]]:
    groups = {}
    for name in names:
        groups.setdefault(name.partition('.')[0], []).append(name)
    return groups


def _shorten(names: list[str]) -> str:
    if len(names) > _NUM_SHOWN:
        groups = _by_prefix(names).items()
        names = [f'{len(group)} of {prefix} ({group[0]}, ...)' for prefix, group in groups]
    return _enumerate(names)


def _enumerate(texts: list[str], num_shown: int = _NUM_SHOWN) -> str:
    rest = len(texts) - num_shown
    return ', '.join(texts[:num_shown] + [f'{rest} more'] * (rest > 0))
