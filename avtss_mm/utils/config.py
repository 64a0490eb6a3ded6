"""Configs as the command line changes them."""

from __future__ import annotations

from typing import Any

from mmengine.config import Config
from mmengine.hub import get_config


def read_config(path: str) -> Config:
    """Read a config file, or one shipped with a package: ``'avtss_mm::pretrain/<name>.py'``.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    return get_config(path) if '::' in path else Config.fromfile(path)


def apply_cfg_options(cfg: Config, options: dict[str, Any] | None) -> Config:
    """Merge ``--cfg-options`` into a config, so that ``data_root=DIR`` moves its data sets too.

    A config copies its ``data_root`` into its data sets while it is read; an override that comes
    later reaches only the variable. Here every ``data_root`` that had the old value follows it;
    one with another value stays.

    Args:
        cfg: The config, changed in place.
        options: Dotted names and values, as mmengine's ``DictAction`` parses them.

    Returns:
        The same config.
    """
    if options:
        old = cfg.get('data_root')
        cfg.merge_from_dict(options)
        if old is not None and 'data_root' in options:
            _move(cfg._cfg_dict, old, options['data_root'])
    return cfg


def _move(node: Any, old: str, new: str) -> None:
    if isinstance(node, dict):
        if node.get('data_root') == old:
            node['data_root'] = new
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for item in node:
            _move(item, old, new)
