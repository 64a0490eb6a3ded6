"""Checkpoints of tensors and plain values: written completely, read without running code.

mmengine pickles its message hub (the logged curves) as objects. torch >= 2.6 refuses to load them,
and rightly so: a pickle can run any code. Our checkpoints store the curves as tensors, and of other
checkpoints only tensors and plain values are read.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import copy
from functools import wraps
from pathlib import Path
from pickle import UnpicklingError
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.fileio import FileClient, HardDiskBackend, LocalBackend, get_file_backend
from mmengine.logging import HistoryBuffer, print_log

from ..media.remote import read_range
from .safetensors_file import SUFFIX, read_safetensors

NO_CHECKPOINT = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Errors of :func:`torch.load` about other files, cut ones, or a device that is not there."""

_CURVE_KEYS = {'log_history', 'count_history', 'max_length'}


def to_plain(value: Any) -> Any:
    """Convert mappings, numpy values and mmengine's curves to what ``weights_only=True`` reads.

    Args:
        value: Any value of a checkpoint.

    Returns:
        A copy in which mappings are ``dict`` (an ``OrderedDict``, such as a state dict with its
        ``_metadata``, keeps its type), numpy arrays tensors, numpy scalars Python numbers, and
        curves dicts of tensors. Every other value is returned as it is.
    """
    if isinstance(value, HistoryBuffer):
        logs, counts = value.data
        return to_plain(dict(log_history=logs, count_history=counts, max_length=value.max_length))
    if type(value) is OrderedDict:
        plain = copy(value)  # with its attributes
        plain.update((key, to_plain(item)) for key, item in value.items())
        return plain
    if isinstance(value, Mapping):
        return {to_plain(key): to_plain(item) for key, item in value.items()}
    if type(value) in (list, tuple, set):
        return type(value)(to_plain(item) for item in value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biufc':
        return torch.from_numpy(np.ascontiguousarray(value))
    return value


def saves_plainly(stock: Callable) -> Callable:
    """Make mmengine's ``save_checkpoint`` write plain values, and local files atomically."""

    @wraps(stock)
    def save_checkpoint(
        checkpoint: dict,
        filename: str,
        file_client_args: dict | None = None,
        backend_args: dict | None = None,
    ) -> None:
        where = dict(file_client_args=file_client_args, backend_args=backend_args)
        is_local = _is_local(filename, **where)
        where = {key: value for key, value in where.items() if value}  # torch.save takes neither
        if not is_local:
            return stock(to_plain(checkpoint), filename, **where)
        # written under another name, then renamed: a run killed here leaves no broken checkpoint
        partial = f'{filename}.part'
        try:
            stock(to_plain(checkpoint), partial, **where)
            os.replace(partial, filename)
        finally:
            Path(partial).unlink(missing_ok=True)

    return save_checkpoint


def _is_local(filename: str, file_client_args: dict | None, backend_args: dict | None) -> bool:
    """Whether mmengine stores a checkpoint of this name in a local file of the same name."""
    if '://' in filename:
        return False
    if file_client_args:
        backend = FileClient.infer_client(file_client_args, filename).client
    else:
        backend = get_file_backend(filename, backend_args=backend_args)
    return type(backend) in (LocalBackend, HardDiskBackend)


def loads_plainly(stock: Callable) -> Callable:
    """Make ``MessageHub.load_state_dict`` rebuild the curves that :func:`to_plain` converted."""

    @wraps(stock)
    def load_state_dict(self, state: Any) -> None:
        if isinstance(state, dict):
            curves = {key: _to_curve(item) for key, item in state['log_scalars'].items()}
            # only existing keys: upstream warns about each key that a foreign file has lost
            flags = state['resumed_keys'].items()
            there = curves.keys() | state['runtime_info'].keys()
            resumed = {key: flag for key, flag in flags if key in there}
            state = dict(state, log_scalars=curves, resumed_keys=resumed)
        stock(self, state)

    return load_state_dict


def _to_curve(item: Any) -> Any:
    if not isinstance(item, dict) or item.keys() != _CURVE_KEYS:
        return item
    # .cpu(): a resuming runner maps every tensor to its own device
    logs, counts = (item[key].cpu().numpy() for key in ('log_history', 'count_history'))
    return HistoryBuffer(logs, counts, item['max_length'])


def load_from_local(filename: str, map_location: Any = None) -> Any:
    """Read a checkpoint file, as mmengine's loader of ``load_from``, ``resume``, ``Pretrained``.

    Anything but tensors and plain values is dropped and named in one log line; it is never imported
    or called.

    Args:
        filename: Path of the file.
        map_location: As in :func:`torch.load`.

    Returns:
        What the file holds, usually a dict.

    Raises:
        FileNotFoundError: If there is no such file.
        UnpicklingError: If it is no checkpoint, is damaged, or cannot be read without running code
            from it.
    """
    filename = os.path.expanduser(filename)
    if not os.path.isfile(filename):
        raise FileNotFoundError(f'{filename}: no such checkpoint')
    if filename.endswith(SUFFIX):
        return read_safetensors(filename)
    try:
        return torch.load(filename, map_location=map_location, weights_only=True)
    except UnpicklingError as error:
        try:
            return _load_without_objects(filename, map_location)
        except Exception as reason:
            first_line = str(reason).strip().partition('\n')[0]
            raise UnpicklingError(
                f'{filename}: cannot be read without running code from it ({first_line}). If you '
                'trust where it comes from, load it yourself with torch.load(..., '
                'weights_only=False) and save its "state_dict" alone.'
            ) from error
    except NO_CHECKPOINT as error:
        first_line = str(error).strip().partition('\n')[0]
        raise UnpicklingError(
            f'{filename}: cannot be read as a checkpoint of PyTorch '
            f'({type(error).__name__}: {first_line})'
        ) from error


def load_from_url(
    url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True
) -> Any:
    """Download a checkpoint, unless it is cached, and read it like :func:`load_from_local`.

    The functions of torch and mmengine would run code in it.

    Args:
        url: URL of the checkpoint.
        model_dir: Folder of the cache. Defaults to torch's, ``~/.cache/torch/hub/checkpoints``.
        map_location: Device mapping, as in :func:`torch.load`.
        progress: Whether to show a progress bar.

    Returns:
        What the file holds, usually a dict.

    Raises:
        UnpicklingError: If it cannot be read without running code from it.
    """
    folder = Path(model_dir or os.path.join(torch.hub.get_dir(), 'checkpoints'))
    path = folder / os.path.basename(urlparse(url).path)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=progress)
    return load_from_local(str(path), map_location)


def load_from_storage(url: str, map_location: Any = None) -> Any:
    """Read a checkpoint with a URL that only fsspec knows, like :func:`load_from_local`.

    Raises:
        MediaError: If it does not exist, or does not come.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, os.path.basename(url))
        path.write_bytes(read_range(url))
        return load_from_local(str(path), map_location)


class _LeftOut:
    """Inert placeholder of a class or function that a checkpoint may not use."""

    def __new__(cls, *args):
        return super().__new__(cls)

    def __init__(self, *args):
        pass

    def __setstate__(self, state):
        pass


def _load_without_objects(filename: str, map_location: Any) -> Any:
    # torch's restricted unpickler, which replaces unknown names by _LeftOut
    names = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(filename))
    with torch.serialization.safe_globals([(_LeftOut, name) for name in names]):
        loaded = torch.load(filename, map_location=map_location, weights_only=True)
    print_log(
        f'{filename}: only tensors and plain values were read; left out: {", ".join(names)}',
        logger='current',
    )
    _prune(loaded)
    return loaded


def _prune(node: Any) -> None:
    if isinstance(node, dict):
        for key in [key for key, item in node.items() if isinstance(item, _LeftOut)]:
            del node[key]
        for item in node.values():
            _prune(item)
