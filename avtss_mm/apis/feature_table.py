"""Turns features of files into the rows and columns of one table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .embedder import ClipFeatures


def to_rows(features: dict[str, ClipFeatures], per_file: bool = False) -> np.ndarray:
    """Make the rows of a file, a structured array with a row per clip.

    The fields are ``start`` and ``end`` (s), ``video_feat`` (C,), ``video_embedding`` (D,) if
    there is one, and the same for ``audio``, which are NaN in clips without sound.

    Args:
        features: Features by modality, as :meth:`Embedder.embed` returns them.
        per_file: Whether to make a single row, the mean over the clips.
    """
    if per_file:
        features = {name: clips.mean() for name, clips in features.items()}
    columns = {}
    for name, clips in features.items():
        for kind in ('feat', 'embedding'):
            values = getattr(clips, kind)
            if values is not None:
                columns[f'{name}_{kind}'] = np.where(clips.has_audio[:, None], values, np.nan)
    times = np.stack([clips.times for clips in features.values()])  # modality, M, 2
    kinds = [(key, np.float32, values.shape[1:]) for key, values in columns.items()]
    rows = np.empty(times.shape[1], [('start', float), ('end', float), *kinds])
    rows['start'], rows['end'] = times[..., 0].min(axis=0), times[..., 1].max(axis=0)
    for key, values in columns.items():
        rows[key] = values
    return rows


def to_columns(
    names: Sequence[str], labels: Sequence[int | None], tables: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Make one table of many files.

    Args:
        names: Name of each file; bytes that are not Unicode are escaped.
        labels: Class of each file, or None, which becomes -1. Without any class there is no column
            ``label``.
        tables: Rows of each file, as :func:`to_rows` makes them.

    Returns:
        dict: Columns ``filename``, ``label``, ``start``, ``end`` and the features.
    """
    lengths = [len(table) for table in tables]
    names = [name.encode('utf-8', 'backslashreplace').decode() for name in names]
    columns = dict(filename=np.repeat(names, lengths))
    if any(label is not None for label in labels):
        labels = [-1 if label is None else label for label in labels]
        columns['label'] = np.repeat(np.array(labels, dtype=np.int64), lengths)
    rows = np.concatenate(tables)
    columns.update((key, np.ascontiguousarray(rows[key])) for key in rows.dtype.names)
    return columns
