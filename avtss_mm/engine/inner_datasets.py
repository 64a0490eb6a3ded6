"""Finds the data sets of a loader inside their wrappers."""

from __future__ import annotations

from collections.abc import Iterator


def inner_datasets(dataset) -> Iterator:
    """Yield the data sets inside wrappers such as ConcatDataset and RepeatDataset."""
    children = getattr(dataset, 'datasets', None) or getattr(dataset, 'dataset', None)
    if children is None:
        yield dataset
        return
    for child in children if isinstance(children, (list, tuple)) else [children]:
        yield from inner_datasets(child)
