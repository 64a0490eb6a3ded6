"""Cases of ``fingerprint_short.py``: files that are put together from pieces of clips."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from avtss_mm.media import open_media, write_video
from avtss_mm.preparation.resize import resize_video

FPS, RATE, SHORT_SIDE = 25, 16000, 240
START = 3.3
"""Second of a source at which short queries start: between the chunks of the index."""


class Piece(NamedTuple):
    """Seconds ``start`` to ``end`` of a clip, perhaps as a still picture or without sound."""

    clip: str
    start: float
    end: float
    still: bool = False
    muted: bool = False

    @property
    def seconds(self) -> float:
        return self.end - self.start


Cut = tuple[Piece, ...]
"""Pieces one after the other."""


class Case(NamedTuple):
    """An index and its queries.

    Attributes:
        title: What is tried out; cases of one title are counted together.
        files: Contents of the indexed files, by name.
        queries: Contents of the queries.
        is_alone: Whether nothing else is indexed.
    """

    title: str
    files: dict[str, Cut]
    queries: list[Cut]
    is_alone: bool = False


class Truth(NamedTuple):
    """Seconds ``query`` to ``query + seconds`` of a query are those from ``video`` of a file."""

    query: float
    video: float
    seconds: float


def cases(sources: Sequence[str], seconds: float, draws: dict[int, int]) -> Iterator[Case]:
    """Makes the cases.

    Args:
        sources: Clips of ``seconds`` or more.
        seconds: Length that is used of a source.
        draws: Number of indices to draw, by number of files.
    """

    def cut(start: float, end: float, **options) -> dict[str, Cut]:
        return {name: (Piece(name, start, end, **options),) for name in sources}

    whole, short = cut(0, seconds), cut(START, START + 5)
    for length in (2, 5, 8):
        title = f'reference of {length} s, query of {seconds:g} s'
        yield Case(title, cut(1, 1 + length), [*whole.values()])
    for length in (1, 2, 3, 5):
        yield Case(f'query of {length} s', whole, [*cut(START, START + length).values()])
    rng = np.random.default_rng(0)
    for size, number in draws.items():
        for _ in range(number if size < len(sources) else 0):
            drawn = sorted(rng.choice(list(sources), size, replace=False))
            files = {name: whole[name] for name in drawn}
            title = f'index of {size} file{"s" * (size > 1)}, query of 5 s'
            yield Case(title, files, [*short.values()], is_alone=True)
    twins = {f'copy of {name}': pieces for name, pieces in whole.items()}
    yield Case('each file twice in the index, query of 5 s', whole | twins, [*short.values()])
    for title, options in (
        ('still picture with sound', dict(still=True)),
        ('muted', dict(muted=True)),
        ('still picture, muted', dict(still=True, muted=True)),
    ):
        yield Case(f'query of 5 s, {title}', whole, [*cut(START, START + 5, **options).values()])
    loop = cut(START, START + 2.5)
    loops = {name: piece * 4 for name, piece in loop.items()}
    twice = [piece * 2 for piece in loop.values()]
    yield Case('2.5 s repeated: 4 times in the file, twice in the query', loops, twice)
    known, strangers = sources[:-2], sources[-2:]
    before, after = (Piece(name, 2, 6) for name in strangers)
    inside = [(before, Piece(name, 1, 6), after) for name in known]
    files = {name: (Piece(name, 1, 6),) for name in known}
    yield Case('whole file of 5 s between 4 s and 4 s of others', files, inside)
    three = [
        tuple(Piece(sources[(place + k) % len(sources)], 2, 6) for k in range(3))
        for place in range(len(sources))
    ]
    yield Case('4 s of each of three files in one query', whole, three)


def truths(query: Cut, file: Cut) -> list[Truth]:
    """Places of a file in a query: all pairs of pieces with a second or more in common."""
    found = []
    for (asked, query_start), (known, video_start) in product(_placed(query), _placed(file)):
        start, end = max(asked.start, known.start), min(asked.end, known.end)
        if asked.clip == known.clip and end - start >= 1:
            places = query_start + start - asked.start, video_start + start - known.start
            found.append(Truth(*places, end - start))
    return found


def seconds_of(cut: Cut) -> float:
    return sum(piece.seconds for piece in cut)


def _placed(cut: Cut) -> Iterator[tuple[Piece, float]]:
    start = 0.0
    for piece in cut:
        yield piece, start
        start += piece.seconds


def make_cuts(clips: Path, cuts: Collection[Cut], folder: str) -> dict[Cut, str]:
    """Encodes cuts into a folder, 240 lines high. Returns the names of the files."""
    small = Path(folder, 'small')
    small.mkdir()
    for name in {piece.clip for cut in cuts for piece in cut}:
        resize_video(clips / name, small / f'{name}.mp4', SHORT_SIDE)
    names = {}
    for number, cut in enumerate(sorted(cuts)):
        names[cut] = f'{number:03}.mp4'
        parts = [_decoded(small / f'{piece.clip}.mp4', piece) for piece in cut]
        height, width = parts[0][0][0].shape[:2]
        frames = (cv2.resize(frame, (width, height)) for images, _ in parts for frame in images)
        sound = np.concatenate([sound for _, sound in parts])
        write_video(Path(folder, names[cut]), frames, FPS, sound, RATE)
    return names


def _decoded(path: Path, piece: Piece) -> tuple[list[np.ndarray], np.ndarray]:
    times = piece.start + np.arange(round(piece.seconds * FPS)) / FPS
    if piece.still:
        times[:] = piece.start
    with open_media(path) as reader:
        clips = reader.read([times], [(piece.start, piece.end)], RATE)
    sound = clips.audio[0]
    return clips.frames[0], np.zeros_like(sound) if piece.muted else sound
