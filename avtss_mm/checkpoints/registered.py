"""Makes sure that untrusted configs use only registered components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mmaction.registry  # noqa: F401  (becomes a child of mmengine's)
from mmengine import registry as mmengine

ROOTS = (mmengine.MODELS, mmengine.TRANSFORMS, mmengine.WEIGHT_INITIALIZERS)
"""Root registries of networks and pipelines; those of other packages are their children."""


def check_registered(node: Any) -> None:
    """Refuse a config with a ``type`` that is not registered.

    mmengine would import and call whatever the name says: ``dict(type='os.system', command=...)``
    runs a command.

    Args:
        node: Config, or a part of one.

    Raises:
        ValueError: If there is such a name.
    """
    registered = registered_names()
    for name in _types(node):
        if name not in registered:
            raise ValueError(f'its config has type={name!r}, which is not a registered component')


def registered_names() -> set[str]:
    """Names of all components below :data:`ROOTS`, with and without their scope."""
    names, pending = set(), list(ROOTS)
    while pending:
        registry = pending.pop()
        registry.import_from_location()
        names.update(registry.module_dict)
        names.update(f'{registry.scope}.{name}' for name in registry.module_dict)
        pending.extend(registry.children.values())
    return names


def _types(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if 'type' in node:
            yield node['type'] if isinstance(node['type'], str) else repr(node['type'])
        node = list(node.values())
    if isinstance(node, (list, tuple, set)):
        for item in node:
            yield from _types(item)
