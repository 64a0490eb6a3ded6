"""Choices of the arguments of ``avtss-fp``, and names. Imports nothing slow."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

MODALITIES = dict(v=('video',), a=('audio',), av=('video', 'audio'))
"""Compared modalities, by letter."""

BACKENDS = ('faiss', 'milvus')
"""Libraries that search the vectors."""

FOUND_BY = dict(v='picture', a='sound', av='both')
"""Names of the modalities that found a match, by letter."""

LETTERS = dict(video='v', audio='a', phash='h', chromaprint='c')
"""Short names of the descriptors: the learned features, and fingerprints without learning."""

SIDES = dict(v='v', a='a', h='v', c='a')
"""Modality of each descriptor, by letter."""

DESCRIPTORS = dict(v='picture', a='sound', h='perceptual hash', c='Chromaprint')
"""Names of the descriptors, by letter."""

NEEDED = dict(phash='the package imagehash', chromaprint='the program fpcalc')
"""What computes the fingerprints without learning."""


def found_by(modality: str, descriptors: str) -> str:
    """Names what found a match: its modalities, and fingerprints without learning."""
    others = [DESCRIPTORS[letter] for letter in descriptors if letter not in SIDES.values()]
    return FOUND_BY[modality] + (f' ({", ".join(others)})' if others else '')


def installed() -> list[str]:
    """Names of the fingerprints without learning that can be computed here."""
    there = dict(phash=find_spec('imagehash'), chromaprint=shutil.which('fpcalc'))
    return [name for name, found in there.items() if found]
