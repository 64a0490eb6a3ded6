"""Finds the media files below a folder, each under one name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from ..workers.progress import late_bar

SUFFIXES = frozenset(
    '.3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogg .ogv .ts .webm .wmv'.split()
)
"""Suffixes of video files; ``.ogg`` is also one of audio files, its streams decide."""

AUDIO_SUFFIXES = frozenset('.aac .aif .aiff .flac .m4a .mp3 .oga .ogg .opus .wav .wma'.split())
"""Suffixes of audio files."""

NO_MEDIA = frozenset(
    '.cls .csv .json .jsonl .md .npz .partial .py .tsv .txt .xml .yaml .yml'.split()
)
"""Suffixes of lists and notes, which are ignored among media."""


def find_media(
    root,
    suffixes: Collection[str] = SUFFIXES,
    every_link: bool = False,
    left_out: Counter | None = None,
) -> list[str]:
    """Finds the media files below a folder: relative paths with ``/``, sorted.

    Follows links; skips hidden files and folders. A file that can be reached in several ways is
    found once, under its own path rather than through a link, whatever the order of folders on
    disk.

    Args:
        root: Folder to search.
        suffixes: Lower-case suffixes of the files to find. Defaults to those of videos.
        every_link: Whether to find links to files in addition to the files themselves.
        left_out: Counter of files with other suffixes, by suffix, without lists and notes.
    """
    found = {}  # by real path
    for real, name in late_bar(_walk(os.fspath(root)), 'listing'):
        suffix = os.path.splitext(name)[1].lower()
        if suffix in suffixes:
            found.setdefault(name if every_link else real, name)
        elif left_out is not None and suffix not in NO_MEDIA:
            left_out[suffix] += 1
    return sorted(found.values())


def _walk(root: str) -> Iterator[tuple[str, str]]:
    """Yields real path and name of each file, sorted: first the files, then those behind links."""
    seen, todo, links = set(), [root], []
    while todo:
        linked = []
        for folder, folders, names in os.walk(todo.pop(0)):
            real = os.path.realpath(folder)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if not name.startswith('.'))
            paths = [os.path.join(folder, name) for name in folders]
            linked += filter(os.path.islink, paths)
            for name in sorted(name for name in names if not name.startswith('.')):
                path = os.path.join(folder, name)
                file = os.path.realpath(path), Path(path).relative_to(root).as_posix()
                if os.path.islink(path):
                    links.append(file)
                else:
                    yield file
        todo += linked
    yield from links


def suffix_advice(left_out: Counter) -> str:
    """Says which suffixes were skipped and how to include them; '' if none were."""
    if not left_out:
        return ''
    parts = [f'{count:,} {suffix or "without"}' for suffix, count in left_out.most_common()]
    words = ' '.join(suffix or 'none' for suffix, _ in left_out.most_common())
    total = sum(left_out.values())
    files = f'{total:,} file' + 's' * (total > 1)
    return (
        f'not looked into: {files} of other suffixes ({", ".join(parts)}); '
        f'add --suffixes {words} to include them'
    )
