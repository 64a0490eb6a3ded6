"""Background clips: small clips that come with the package and are unrelated to a user's files.

In an index of few files they are searched for, to see what score unrelated files reach. They are
not part of the index: never compared with a query, never found.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..apis.embedder import Embedder
from ..errors import one_line
from ..workers.progress import bar
from .embed_media import embed_media
from .embedding import usable_chunks
from .index.background import BACKGROUND, store_background
from .index.calibration import MANY
from .index.catalog import Catalog

CLIPS = Path(__file__).with_name('background_clips')


def add_background(catalog: Catalog, embedder: Embedder, timeout: float) -> None:
    """Stores the chunks of the background clips in the catalog of an index of few files.

    Args:
        catalog: Catalog of an index, open for writing.
        embedder: Embedder of :func:`.chunk_embedder` with the weights of the index.
        timeout: Time limit in seconds, see :func:`.embed_files`.
    """
    if BACKGROUND in catalog.metadata or not 0 < len(catalog.files) < MANY:
        return
    paths = sorted(map(str, CLIPS.glob('*.mp4')))
    clips = []
    found = embed_media(embedder, paths, embedder.modalities, timeout=timeout)
    for path, features in bar(found, 'background clips', len(paths), unit='clip', leave=False):
        if isinstance(features, Exception):
            reason = getattr(features, 'reason', features)
            print(one_line(f'left out {path}: {reason}'), file=sys.stderr)
        else:
            chunks = {name: usable_chunks(clip, name) for name, clip in features.items()}
            clips.append({name: track for name, track in chunks.items() if len(track[0])})
    store_background(catalog, clips)
