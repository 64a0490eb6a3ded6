"""The match page: one HTML file that shows the sources of a query, with scores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...errors import MediaError
from ...files.whole_file import write_whole
from ...media.remote import absolute
from ...workers.progress import late_bar
from ..choices import DESCRIPTORS, found_by
from ..chunks import ComparedChunks
from ..clock import clock
from ..time_map import TimeMap
from .matrix import similarity_picture
from .media import PageMedia, frequency_ticks
from .timeline import Axis, axis_around, lanes

TEMPLATES = Path(__file__).parent / 'templates'
MAX_PANELS = 8
"""Number of matches to show in full; of others the page has only times and score."""

LONGEST_COPY = 600.0
"""Maximum seconds of a file that a page contains."""


class MatchLike(Protocol):
    """A segment of the query that was found in a video; times in seconds."""

    query_start: float
    query_end: float
    video: str
    video_start: float
    video_end: float
    speed: float  # seconds of the video per second of the query
    score: float
    modality: str  # 'v', 'a' or 'av'
    descriptors: str  # letters of DESCRIPTORS


def write_match_page(
    path,
    query,
    matches: Sequence[MatchLike],
    query_chunks: ComparedChunks | None = None,
    video_chunks: Mapping[str, ComparedChunks] | None = None,
    embed: bool = False,
) -> None:
    """Write the matches as one HTML file, which loads only the media of its players.

    Query and match are shown side by side, with frames and spectrograms over a common time axis,
    and the similarity of all chunks. Of unreadable videos, times and score are shown.

    Args:
        path: Path of the HTML file to write.
        query: Path of the query.
        matches: Matches, best first; may be empty. The first 8 are shown in full.
        query_chunks: Chunks of the query. Defaults to None: no similarity is shown.
        video_chunks: Chunks of the videos by their paths in ``matches``. Defaults to None.
        embed: Whether to put small copies of the media into the page, so that it can be sent to
            others: 20 kB and 0.1 s of work per second shown, at most 10 minutes per file. Defaults
            to False: the players play the original files.

    Raises:
        MediaError: If the query cannot be read.
        ValueError: If chunks lack times, or the length of their vectors differs from the query's.
    """
    with ExitStack() as stack:

        @cache
        def medium(file: str) -> PageMedia:
            return stack.enter_context(PageMedia(file))

        query_media = medium(os.fspath(query))
        if query_media.error:
            raise MediaError(query, query_media.error)

        @cache
        def similarity(video: str, descriptor: str) -> dict | None:
            sides = query_chunks or {}, (video_chunks or {}).get(video, {})
            if any(descriptor not in side or not len(side[descriptor][1]) for side in sides):
                return None
            return similarity_picture(*(side[descriptor] for side in sides))

        shown = [(match, medium(match.video)) for match in matches[:MAX_PANELS]]
        drawn = late_bar(shown, 'page: pictures', unit='match')
        panels = [_panel(query_media, *pair, matches, similarity) for pair in drawn]
        axes = [axis_around(match, query_media.duration) for match, _ in shown]
        whole = Axis(0, query_media.duration) if not axes else _hull(axes)
        players = [_player(query_media, whole, Path(path).parent, embed)]
        played = late_bar(zip(shown, axes), 'page: players', len(shown), 'match')
        for (match, video), axis in played:
            line = TimeMap.of(match)
            stretch = Axis(line.reference(axis.start), line.reference(axis.end))
            players.append(_player(video, stretch, Path(path).parent, embed))
        panels = panels or [_empty_panel(query_media)]
        page = dict(
            query=_names(query_media.path),
            query_facts=query_media.facts(),
            matches=[dict(_names(match.video), **_row(match, matches)) for match in matches],
            covered=min(_covered(matches) / query_media.duration, 1.0),
            panels=panels,
            embed=embed,
            frequencies=frequency_ticks(),
            data=dict(players=players, panels=[panel.pop('facts') for panel in panels]),
        )
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters['clock'] = clock
    html = environment.get_template('match_page.html.j2').render(page)
    write_whole(path, html)


def _panel(query_media: PageMedia, match, video: PageMedia, matches, similarity) -> dict:
    """Contents of the panel of a match."""
    line, axis = TimeMap.of(match), axis_around(match, query_media.duration)
    video_axis = Axis(line.reference(axis.start), line.reference(axis.end))
    whole = Axis(0, query_media.duration), Axis(0, _length(video, matches))
    same = [other for other in matches if other.video == match.video]
    return dict(
        video=_names(video.path),
        video_facts=video.facts(),
        error=video.error,
        modality=found_by(match.modality, match.descriptors),
        lanes=lanes(axis, query_media, video, line),
        ticks=dict(query=axis.ticks(), video=video_axis.ticks(whole[1].end)),
        segment=axis.span(match.query_start, match.query_end),
        overview=[dict(_ends(other, *whole), current=other is match) for other in same],
        lengths=[axis.end for axis in whole],
        matrices=[
            dict(
                picture,
                modality=DESCRIPTORS[descriptor],
                place=_place(picture, *whole),
                ticks=[axis.ticks() for axis in whole],
                aspect=float(np.clip(whole[1].end / whole[0].end, 1.0, 3.5)),
                lines=[
                    dict(_ends(other, *whole), current=other is match)
                    for other in same
                    if descriptor in other.descriptors
                ],
            )
            for descriptor in sorted(
                DESCRIPTORS, key=lambda letter: letter not in match.descriptors
            )
            if (picture := similarity(match.video, descriptor)) is not None
        ],
        facts=dict(
            start=axis.start,
            end=axis.end,
            query_start=match.query_start,
            query_length=whole[0].end,
            video_length=whole[1].end,
            speed=line.speed,
            offset=line.offset,
        ),
    )


def _empty_panel(query_media: PageMedia) -> dict:
    """Contents of the panel without matches: the query alone."""
    axis, line = Axis(0, query_media.duration), TimeMap()
    return dict(
        video=None,
        lanes=lanes(axis, query_media, None, line),
        ticks=dict(query=axis.ticks(), video=[]),
        matrices=[],
        facts=dict(start=0, end=axis.end, query_start=0, query_length=axis.end, speed=1, offset=0),
    )


def _row(match, matches) -> dict:
    """Contents of a line of the table."""
    best = max(other.score for other in matches)
    return dict(
        query_times=[match.query_start, match.query_end],
        video_times=[match.video_start, match.video_end],
        speed=f'{match.speed:.3g}×',
        modality=found_by(match.modality, match.descriptors),
        score=f'{match.score:.3f}' if abs(match.score) < 10 else f'{match.score:.4g}',
        share=float(np.clip(100 * match.score / best, 0, 100)) if best > 0 else 0.0,
    )


def _names(path: str) -> dict:
    """Formats a path as text, with marks for bytes that are not UTF-8."""
    folder, name = os.path.split(os.fsencode(absolute(path)).decode('utf-8', 'replace'))
    return dict(name=name, folder=folder)


def _player(file: PageMedia, stretch: Axis, folder: Path, embed: bool) -> dict:
    """Media of a player: ``urls`` to try in turn; their time zero is ``start`` of the file."""
    facts = dict(urls=[], start=0.0, picture=file.has_video, sound=file.has_audio)
    if file.error:
        return facts
    if not embed:
        return dict(facts, urls=file.links(folder))
    start, end = max(stretch.start, 0.0), min(stretch.end, file.duration)
    end = min(end, start + LONGEST_COPY)
    return dict(facts, urls=[file.small_copy(start, end)], start=start) if start < end else facts


def _length(video: PageMedia, matches) -> float:
    """Length of a video in seconds; of an unreadable one, as far as it is known."""
    return max([video.duration, *(m.video_end for m in matches if m.video == video.path)])


def _ends(match, query_axis: Axis, video_axis: Axis) -> dict:
    """Start and end of the voted line on both axes, in percent."""
    return dict(
        query=[query_axis.percent(t) for t in (match.query_start, match.query_end)],
        video=[video_axis.percent(t) for t in (match.video_start, match.video_end)],
    )


def _place(picture: dict, query_axis: Axis, video_axis: Axis) -> dict:
    """Position of the similarity picture on both axes, in percent."""
    top, right = query_axis.percent(picture['top']), video_axis.percent(picture['right'])
    bottom, left = query_axis.percent(picture['bottom']), video_axis.percent(picture['left'])
    return dict(left=left, width=right - left, bottom=bottom, height=top - bottom)


def _hull(axes: Sequence[Axis]) -> Axis:
    return Axis(min(axis.start for axis in axes), max(axis.end for axis in axes))


def _covered(matches) -> float:
    """Total seconds of the query covered by matches."""
    total, reached = 0.0, 0.0
    for start, end in sorted((match.query_start, match.query_end) for match in matches):
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total
