"""Draws the similarity of all chunks of a query and of a video over their times."""

from __future__ import annotations

import base64

import numpy as np

from .media import colours, png

MAX_ROWS, MAX_COLUMNS = 400, 800
BLANK = 0  # value of a cell without a chunk
LEVELS = 254


def similarity_picture(query, video) -> dict:
    """Draws cosine similarity over regular time grids, the query upwards, the video to the right.

    Args:
        query: Times in seconds (M, 2) and unit vectors (M, D) of the query's chunks.
        video: Times in seconds (N, 2) and unit vectors (N, D) of the video's chunks.

    Returns:
        dict: ``src``, a PNG data URI, transparent where there is no chunk; ``rows`` and
        ``columns`` of the grid; ``bottom``, ``top``, ``left`` and ``right``, its edges in seconds;
        ``low`` and ``high``, the similarities of the darkest and the brightest colour; ``values``,
        one byte per cell in base64, row by row from the top: 0 without a chunk, otherwise 1 to 255
        from ``low`` to ``high``.

    Raises:
        ValueError: If the vectors differ in length, or the number of times differs.
    """
    (rows, query_vectors), (columns, video_vectors) = (_checked(*side) for side in (query, video))
    if query_vectors.shape[1] != video_vectors.shape[1]:
        raise ValueError(
            f'the vectors of the query have {query_vectors.shape[1]} dimensions, those of the '
            f'video {video_vectors.shape[1]}: embed both with the same weights'
        )
    similarity, rows = _pool(query_vectors @ video_vectors.T, rows, MAX_ROWS)
    similarity, columns = _pool(similarity.T, columns, MAX_COLUMNS)  # (N, M)
    row_of, bottom, top = _grid(rows, MAX_ROWS)
    column_of, left, right = _grid(columns, MAX_COLUMNS)
    row_of = row_of[::-1, None]  # the start of the query is at the bottom
    blank = (row_of < 0) | (column_of < 0)
    low, high = np.percentile(similarity, 2), similarity.max()
    level = np.clip((similarity[column_of, row_of] - low) / max(high - low, 1e-6), 0, 1)
    image = np.dstack([colours(level), np.where(blank, 0, 255).astype(np.uint8)])
    values = np.where(blank, BLANK, 1 + np.round(level * LEVELS)).astype(np.uint8)
    return dict(
        src=png(image),
        rows=blank.shape[0],
        columns=blank.shape[1],
        bottom=bottom,
        top=top,
        left=left,
        right=right,
        low=float(low),
        high=float(high),
        values=base64.b64encode(values.tobytes()).decode(),
    )


def _checked(times, vectors) -> tuple[np.ndarray, np.ndarray]:
    """Checks chunks; returns their mid-times (M,) in order and their vectors (M, D)."""
    times, vectors = np.asarray(times, np.float64), np.asarray(vectors, np.float32)
    if vectors.ndim != 2 or times.shape != (len(vectors), 2):
        raise ValueError(
            f'chunks need times (M, 2) and vectors (M, D), but have {times.shape} and '
            f'{vectors.shape}'
        )
    centres = times.mean(axis=1)
    order = np.argsort(centres)
    return centres[order], vectors[order]


def _pool(similarity: np.ndarray, centres: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Max-pools neighbouring rows to at most ``most``; returns them and their mid-times."""
    firsts = np.arange(0, len(centres), -(-len(centres) // most))
    counts = np.diff([*firsts, len(centres)])
    return np.maximum.reduceat(similarity, firsts), np.add.reduceat(centres, firsts) / counts


def _grid(centres: np.ndarray, most: int) -> tuple[np.ndarray, float, float]:
    """Chunk in each cell of a regular grid, -1 if there is none, and the two edges of the grid."""
    reach = centres[-1] - centres[0]
    step = float(np.median(np.diff(centres))) if len(centres) > 1 else 1.0
    step = max(step, reach / most, 1e-3)
    cells = centres[0] + step * np.arange(round(reach / step) + 1)
    nearest = np.abs(cells[:, None] - centres).argmin(axis=1)
    found = np.abs(cells - centres[nearest]) < 0.75 * step
    edges = float(cells[0] - step / 2), float(cells[-1] + step / 2)
    return (np.where(found, nearest, -1), *edges)
