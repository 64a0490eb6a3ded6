"""Shared by the benchmarks of fingerprints: chunks of files, kinds of descriptors, searches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from avtss_mm.fingerprint.choices import LETTERS, installed

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from avtss_mm.fingerprint.index.index import FingerprintIndex
    from avtss_mm.fingerprint.search import Match

KINDS = {'learned': 'va', 'perceptual hash': 'h', 'Chromaprint': 'c', 'all': 'vahc'}
"""Descriptors that are indexed together, by letter."""


def installed_kinds() -> dict[str, str]:
    """The :data:`KINDS` that can be computed here."""
    there = {'v', 'a', *(LETTERS[name] for name in installed())}
    return {kind: letters for kind, letters in KINDS.items() if there.issuperset(letters)}


def features(model: dict, folder, names: Sequence[str], stride: float) -> dict:
    """Chunks of the files of a folder, by name; unreadable files are left out."""
    from avtss_mm.fingerprint.embed_media import embed_media
    from avtss_mm.fingerprint.embedding import chunk_embedder
    from avtss_mm.fingerprint.search import chunks_of

    embedder = chunk_embedder(**model, stride=stride)
    paths = {str(Path(folder, name)): name for name in names}
    found = tqdm(embed_media(embedder, list(paths), embedder.modalities), total=len(paths))
    return {
        paths[path]: chunks_of(clips) for path, clips in found if not isinstance(clips, Exception)
    }


def chosen(chunks: dict, letters: Collection[str]) -> dict:
    """Chunks of some of the descriptors."""
    return {name: track for name, track in chunks.items() if LETTERS[name] in letters}


def filled(folder, references: dict, letters: Collection[str], background: Sequence[dict] = ()):
    """Indexes chunks of files in a new folder, as ``avtss-fp index`` does.

    Args:
        folder: Folder of the index.
        references: Chunks of each file, by name.
        letters: Descriptors to index.
        background: Chunks of the background clips.

    Returns:
        FingerprintIndex: The index, open for writing.
    """
    from avtss_mm.fingerprint.index.background import store_background
    from avtss_mm.fingerprint.index.index import FingerprintIndex
    from avtss_mm.fingerprint.indexing import finish

    index = FingerprintIndex(folder, write=True)
    index.catalog.set_metadata(chunk=2.0)
    for name, chunks in references.items():
        tracks = chosen(chunks, letters)
        index.catalog.replace(name, '0', {key: (*track, 0) for key, track in tracks.items()})
    store_background(index.catalog, [chosen(clip, letters) for clip in background])
    finish(index)
    return index


def searched(index: FingerprintIndex, chunks: dict) -> list[Match] | None:
    """Matches of a query; None if it has no chunk."""
    from avtss_mm.fingerprint.search import match_chunks

    if any(len(times) for times, _ in chunks.values()):
        return match_chunks(index, 'query', chunks)
    return None
