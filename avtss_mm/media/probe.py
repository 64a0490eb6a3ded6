"""Metadata of a file for a manifest, verified by decoding instead of trusting the header."""

from __future__ import annotations

import numpy as np

from ..errors import MediaError
from .base import FAR
from .reader import open_media

SILENCE = 1e-3
"""Amplitude (-60 dBFS) below which a sample counts as silence."""

NUM_WINDOWS = 4
WINDOW = 1.0
"""Number of parts of a long sound to check for silence, and their length in seconds."""

NUM_LOOKS = 8
"""Number of moments, spread over the video, at which a frame must decode, besides its end."""

OLD = 0.5
"""Seconds by which a frame may be older than the right one and still count as decoded."""

MIN_DECODED = 0.5
"""Minimum share of the video that must decode."""

SHORT = 6.0
"""Length in seconds up to which the whole sound is checked, which costs little more than parts."""


def probe(
    path, backend: str = 'pyav', require_video: bool = True, min_decoded: float = MIN_DECODED
) -> dict:
    """Read the metadata of a media file as a row of a manifest.

    The last frame that decodes gives the duration: headers can be missing, absurd, or promise more
    than decodes. Sound is silent if no sample reaches -60 dBFS. In a file longer than 6 s only four
    parts of 1 s, spread over it, are checked: this is fast, but a single sound between them goes
    unnoticed.

    Args:
        path: Path of the file.
        backend: Back-end, see :func:`open_media`.
        require_video: Whether a file without video is an error.
        min_decoded: Minimum share of the video that must decode, tested at 8 moments.

    Returns:
        dict: ``filename`` (as given), ``duration`` (s), ``num_frames`` (from the header if it fits
        the duration), ``fps``, ``width``, ``height``, ``rotation``, ``has_audio``,
        ``audio_sample_rate``, ``silent`` (True without audio track). Only if needed: ``decoded``,
        the share of the video that decodes, and ``antiphase``: the channels would cancel each other
        in a plain mix, so that only one of them is read.

    Raises:
        MediaError: If the file does not open, too little of it decodes, or it lacks a required
            video.
    """
    with open_media(path, backend) as reader:
        info = reader.info
        if require_video and not info.has_video:
            raise MediaError(path, 'no video stream')
        duration, num_frames, odd = info.duration, info.num_frames, {}
        if info.has_video:
            end = reader.read([[FAR]])
            last, age = float(end.frame_pts[0][0]), end.frame_ages[0][0]
            duration = info.duration_to(last)
            decoded = _share_that_decodes(reader, last, age)
            if decoded < min_decoded:
                raise MediaError(path, f'only {decoded:.0%} of the video decodes')
            odd = dict(decoded=round(decoded, 3)) if decoded < 1 else {}
            estimate = round(duration * info.fps)
            if abs(num_frames - estimate) > 0.1 * estimate:
                num_frames = estimate
        silent = _is_silent(reader, duration)
        if reader.antiphase:
            odd['antiphase'] = True
    return dict(
        filename=str(path),
        duration=round(duration, 3),
        num_frames=num_frames,
        fps=round(info.fps, 3),
        width=info.width,
        height=info.height,
        rotation=info.rotation,
        has_audio=info.has_audio,
        audio_sample_rate=info.sample_rate,
        silent=silent,
        **odd,
    )


def _share_that_decodes(reader, last: float, age: float) -> float:
    """Share of the tested moments at which the right frame decodes.

    ``last`` is the time of the last frame that decodes, ``age`` is its age at the end.
    """
    times = reader.moments(NUM_LOOKS, last + age)
    ages = np.append(reader.read([times]).frame_ages[0], age)
    return float((ages <= OLD).mean())


def _is_silent(reader, duration: float) -> bool:
    windows = [(0, duration)]
    if duration > SHORT:
        starts = np.linspace(0, duration - WINDOW, NUM_WINDOWS)
        windows = [(start, start + WINDOW) for start in starts]
    sound = reader.read(audio_windows=windows).audio if reader.info.has_audio else []
    return not any(np.abs(waveform).max(initial=0) > SILENCE for waveform in sound)
