"""A small physical world, filmed and recorded: videos on which the pretext tasks make sense."""

from .motions import MOTIONS
from .render import render_frames
from .sound import TIMBRES, synthesise
from .world import CLASSES, FPS, SAMPLE_RATE, ToyWorld, make_world

__all__ = [
    'CLASSES',
    'FPS',
    'MOTIONS',
    'SAMPLE_RATE',
    'TIMBRES',
    'ToyWorld',
    'make_world',
    'render_frames',
    'synthesise',
]
