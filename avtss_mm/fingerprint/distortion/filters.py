"""Applies chains of FFmpeg filters to arrays: frames one by one, a sound as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph

SAMPLE_RATE = 48000
"""Sample rate of all sound here in Hz, as Opus requires."""


class PictureFilter:
    """A chain of filters that returns one frame per frame.

    Args:
        chain: Filters with their arguments, separated by ``', '``.
        width: Width of the input frames in pixels.
        height: Height of the input frames in pixels.
    """

    def __init__(self, chain: str, width: int, height: int) -> None:
        self._graph = _new_graph()
        source = self._graph.add_buffer(
            width=width, height=height, format='rgb24', time_base=Fraction(1, 25)
        )
        even = 'scale=trunc(iw/2)*2:trunc(ih/2)*2, setsar=1, format=rgb24'
        _build(self._graph, source, f'{chain}, {even}' if chain else even, 'buffersink')
        self._count = 0

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Filters a frame, uint8 RGB (H, W, 3); the output has an even size."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format='rgb24')
        frame.pts, frame.time_base = self._count, Fraction(1, 25)
        self._count += 1
        self._graph.vpush(frame)
        return self._graph.vpull().to_ndarray()


def filter_sound(sound: np.ndarray, chain: str) -> np.ndarray:
    """Filters a sound.

    Args:
        sound: Mono sound (n,) at :data:`SAMPLE_RATE`, float32.
        chain: Filters with their arguments, separated by ``', '``.

    Returns:
        np.ndarray: float32 mono; the filters determine its length.
    """
    if not chain or not len(sound):
        return sound
    graph = _new_graph()
    tick = Fraction(1, SAMPLE_RATE)
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE, format='flt', layout='mono', time_base=tick)
    last = f'aformat=sample_fmts=flt:sample_rates={SAMPLE_RATE}:channel_layouts=mono'
    _build(graph, source, f'{chain}, {last}', 'abuffersink')
    graph.push(sound_frame(sound))
    graph.push(None)
    return np.concatenate([np.empty(0, np.float32), *_pulled(graph)])


def sound_frame(sound: np.ndarray) -> av.AudioFrame:
    """Wraps a mono sound (n,) at :data:`SAMPLE_RATE` in one frame that starts at 0."""
    samples = np.ascontiguousarray(sound[None], np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format='flt', layout='mono')
    frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), 0
    return frame


def _new_graph() -> Graph:
    graph = Graph()
    graph.threads = 1
    return graph


def _build(graph: Graph, source, chain: str, sink: str) -> None:
    nodes = [source]
    for part in chain.split(', '):
        name, _, arguments = part.partition('=')
        nodes.append(graph.add(name, arguments or None))
    graph.link_nodes(*nodes, graph.add(sink)).configure()


def _pulled(graph: Graph) -> Iterator[np.ndarray]:
    while True:
        try:
            yield graph.pull().to_ndarray()[0]
        except EOFError:  # PyAV's EOFError is also one
            return
