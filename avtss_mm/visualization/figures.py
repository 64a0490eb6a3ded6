"""Writes figures of matplotlib to files."""

from __future__ import annotations

from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..files.whole_file import written_whole


def save_figure(figure: Figure, path: str | Path, **options) -> None:
    """Write a figure, completely or not at all, and close it.

    Args:
        figure (Figure): Figure of pyplot.
        path (str | Path): Path of the file; its suffix decides the format.
        **options: Arguments of ``figure.savefig``.
    """
    try:
        with written_whole(path) as draft:
            figure.savefig(draft, **options)
    finally:
        plt.close(figure)
